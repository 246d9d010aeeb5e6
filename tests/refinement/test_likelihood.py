"""What fit learns by: its gradient against autograd of a naive likelihood."""

import pytest
import torch

from lightning_latent.callbacks import ResidualBlending
from lightning_latent.data.example import Example
from lightning_latent.reasoner import LatentReasoner
from lightning_latent.refinement.likelihood import answer_loss, linear_decay, said_steps
from lightning_latent.refinement.loop import refine_stepwise, refine_trajectory
from tests.refinement import naive
from tests.refinement.models import EXAMPLES, LATENTS, QUESTIONS, make_map

ANSWERS = [example.answer for example in EXAMPLES]


@pytest.mark.parametrize(
    ("refine", "rank", "alpha"),
    [(refine_stepwise, 2, 0.0), (refine_stepwise, 2, 0.3), (refine_stepwise, 0, 0.0), (refine_trajectory, 2, 0.0)],
)
def test_gradient_is_autograds_of_the_naive_likelihood(refine, rank: int, alpha: float, base: LatentReasoner) -> None:
    learned = make_map(rank)
    callbacks = [ResidualBlending(memory_rate=alpha)] if alpha else []
    thoughts = refine(base, base.encode(QUESTIONS), callbacks, learned=learned)
    loss, tokens = answer_loss(base, thoughts.context, ANSWERS)
    loss.backward()

    names = {"A": learned.down, "B": learned.up, "b": learned.offset}
    maps = [{name: value[t].detach().clone().requires_grad_() for name, value in names.items()} for t in range(LATENTS)]
    losses = [naive.likelihood_loss(base, q, a, maps, alpha=alpha) for q, a in zip(QUESTIONS, ANSWERS, strict=True)]
    sum(losses).backward()
    torch.testing.assert_close(loss, sum(losses), rtol=1e-10, atol=0)
    assert tokens == sum(len(ids) + 1 for ids in base.tokenizer(["### " + answer for answer in ANSWERS])["input_ids"])
    for name, value in names.items():
        for t in range(LATENTS):
            torch.testing.assert_close(value.grad[t], maps[t][name].grad, rtol=1e-8, atol=1e-9)
    assert all(parameter.grad is None for parameter in base.parameters())


def test_steps_that_the_latents_do_not_replace_are_said() -> None:
    batch = [Example("q/0", "?", ("one", "two", "three"), "!"), Example("q/1", "?", ("one",), "!")]
    assert said_steps(batch, 2) == [("three",), ()]
    assert said_steps(batch, 0) == [("one", "two", "three"), ("one",)]
    assert said_steps(batch, None) is None


@pytest.mark.parametrize(
    ("done", "total", "factor"),
    [(0, 10, 1), (5, 10, 0.5), (10, 10, 0), (12, 10, 0), (3, float("inf"), 1), (3, -1, 1), (0, float("nan"), 1)],
)
def test_decay_is_linear_and_stays_where_the_end_is_unknown(done: float, total: float, factor: float) -> None:
    assert linear_decay(done, total) == factor
