"""The learned schedule against its equations, and its gradient against autograd of a naive forward."""

import pytest
import torch

from lightning_latent.callbacks import ResidualBlending
from lightning_latent.reasoner import LatentReasoner
from lightning_latent.refinement import Schedule
from lightning_latent.refinement.hooks import session
from lightning_latent.refinement.likelihood import answer_loss
from lightning_latent.refinement.loop import refine_stepwise, refine_trajectory
from tests.refinement import naive
from tests.refinement.models import EXAMPLES, LATENTS, QUESTIONS, make_feedback, make_learned
from tests.refinement.naive import Models, Options

ANSWERS = [example.answer for example in EXAMPLES]


@pytest.mark.parametrize("same_slot", [True, False])
def test_gradient_is_autograds_of_the_naive_likelihood(
    same_slot: bool, base: LatentReasoner, strong: LatentReasoner, weak: LatentReasoner
) -> None:
    learned = Schedule()
    make_learned(learned, base, std=0.2)
    feedback = make_feedback(strong, weak, search_step=1.0, slot="same" if same_slot else "next")
    with session([feedback], QUESTIONS):
        thoughts = refine_stepwise(base, base.encode(QUESTIONS), [feedback], learned=learned)
    loss, _ = answer_loss(base, thoughts.context, ANSWERS)
    loss.backward()

    models, options = Models(base, strong, weak), Options(eta=1.0, same_slot=same_slot)
    alpha = learned.memory_rate.detach().flatten().requires_grad_()
    eta = learned.search_step.detach().flatten().requires_grad_()
    expected = sum(
        naive.scheduled_loss(models, q, a, alpha, eta, options) for q, a in zip(QUESTIONS, ANSWERS, strict=True)
    )
    expected.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=0)
    torch.testing.assert_close(learned.search_step.grad.flatten(), eta.grad, rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(learned.memory_rate.grad.flatten(), alpha.grad, rtol=1e-7, atol=1e-9)
    assert not learned.memory_rate.grad[0].abs() > 1e-9  # the first latent has none before it
    assert eta.grad.all()


@torch.no_grad()
@pytest.mark.parametrize("refine", [refine_stepwise, refine_trajectory])
def test_one_number_for_all_steps_is_what_callbacks_do(
    refine, base: LatentReasoner, strong: LatentReasoner, weak: LatentReasoner
) -> None:
    learned = Schedule().build(base)
    learned.memory_rate.fill_(0.3)
    learned.search_step.fill_(0.2)

    def run(callbacks, learned) -> torch.Tensor:
        with session(callbacks, QUESTIONS):
            return refine(base, base.encode(QUESTIONS), callbacks, iterations=2, learned=learned).latents

    scheduled = run([make_feedback(strong, weak, search_step=1.0)], learned)
    if refine is refine_stepwise:
        by_hand = run([make_feedback(strong, weak, search_step=0.2), ResidualBlending(memory_rate=0.3)], None)
    else:  # blended as it is thought, where the callback blends afterwards
        alone = Schedule().build(base)
        alone.memory_rate.fill_(0.3)
        by_hand = run([make_feedback(strong, weak, search_step=0.2)], _Blended(alone))
    torch.testing.assert_close(scheduled, by_hand, rtol=0, atol=1e-12)


class _Blended(Schedule):
    """The blending of a schedule alone."""

    def __init__(self, whole: Schedule) -> None:
        super().__init__()
        self.memory_rate, self.search_step = whole.memory_rate, whole.search_step

    def pace(self, steps, update):
        return update


def test_it_is_two_numbers_a_step(base: LatentReasoner) -> None:
    learned = Schedule().build(base)
    assert sum(parameter.numel() for parameter in learned.parameters()) == 2 * LATENTS
