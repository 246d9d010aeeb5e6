"""The loops against a naive reimplementation in float64, and what must be exactly plain Coconut."""

import pytest
import torch

from lightning_latent.callbacks import ResidualBlending
from lightning_latent.reasoner import LatentReasoner
from lightning_latent.reasoner.thoughts import Thoughts
from lightning_latent.refinement.hooks import LatentCallback, session
from lightning_latent.refinement.latent_map import LatentMap
from lightning_latent.refinement.learned import Learned
from lightning_latent.refinement.loop import refine_stepwise, refine_trajectory
from lightning_latent.refinement.low_rank_weights import LowRankWeights
from lightning_latent.refinement.schedule import Schedule
from tests.refinement import naive
from tests.refinement.models import LATENTS, QUESTIONS, make_feedback, make_map, make_reasoner
from tests.refinement.naive import Models, Options

LOOPS = {"stepwise": refine_stepwise, "trajectory": refine_trajectory}

CONTRAST = [
    Options(eta=0.3),
    Options(eta=2.0, relative=False),
    Options(eta=0.3, same_slot=True),
    Options(eta=2.0, relative=False, same_slot=True, ascend=True),
    Options(eta=0.3, through=True),
    Options(eta=2.0, relative=False, through=True, iterations=2),
    Options(eta=0.2, iterations=3),
    Options(eta=0.2, same_slot=True, iterations=2),
    Options(eta=0.2, alpha=0.3),
    Options(eta=0.2, alpha=0.3, beta=0.6, iterations=2),
    Options(alpha=0.3),
]


@pytest.fixture
def models(base: LatentReasoner, strong: LatentReasoner, weak: LatentReasoner) -> Models:
    return Models(base, strong, weak)


def make_callbacks(models: Models, options: Options) -> list[LatentCallback]:
    callbacks: list[LatentCallback] = []
    if options.eta:
        callbacks.append(
            make_feedback(
                models.strong,
                models.weak,
                search_step=options.eta,
                scale="relative" if options.relative else "raw",
                sign="ascent" if options.ascend else "descent",
                gradient="through" if options.through else "closed_form",
                slot="same" if options.same_slot else "next",
            )
        )
    if options.alpha or options.beta:
        callbacks.append(ResidualBlending(memory_rate=options.alpha, gradient_history=options.beta))
    return callbacks


@torch.no_grad()
def refine(
    base: LatentReasoner,
    callbacks: list[LatentCallback],
    loop: str,
    *,
    iterations: int = 1,
    learned: Learned | None = None,
) -> Thoughts:
    context = base.encode(QUESTIONS)
    with session(callbacks, QUESTIONS):
        return LOOPS[loop](base, context, callbacks, iterations=iterations, learned=learned)


def check_against_naive(loop: str, models: Models, options: Options, learned: LatentMap | None = None) -> None:
    thoughts = refine(
        models.base, make_callbacks(models, options), loop, iterations=options.iterations, learned=learned
    )
    assert thoughts.finite.all()
    maps = None
    if learned is not None:
        parts = {"A": learned.down, "B": learned.up, "b": learned.offset}
        maps = [{name: value[t].detach() for name, value in parts.items()} for t in range(LATENTS)]
    method = naive.stepwise if loop == "stepwise" else naive.trajectory
    for row, question in enumerate(QUESTIONS):
        expected = method(models, question, options, LATENTS, maps)
        torch.testing.assert_close(thoughts.latents[row], expected, rtol=0, atol=1e-9)
        # The answer is read from the refined latents.
        hidden = naive.at_end_marker(models.base, question, expected)
        torch.testing.assert_close(thoughts.context.hidden[row], hidden, rtol=0, atol=1e-9)


@pytest.mark.parametrize("options", CONTRAST, ids=str)
@pytest.mark.parametrize("loop", LOOPS)
def test_equals_the_naive_method(loop: str, options: Options, models: Models) -> None:
    check_against_naive(loop, models, options)


PROJECTED = [
    Options(eta=0.3),
    Options(eta=0.3, same_slot=True),
    Options(eta=0.3, through=True, alpha=0.2, iterations=2),
]


@pytest.mark.parametrize("options", PROJECTED, ids=str)
@pytest.mark.parametrize("loop", LOOPS)
def test_projected_latents_are_refined_alike(loop: str, options: Options) -> None:
    """Base and references each have a projection of their own."""
    projected = Models(*(make_reasoner(seed, projection=True) for seed in (0, 1, 2)))
    check_against_naive(loop, projected, options)
    check_against_naive(loop, projected, options, learned=make_map())


@pytest.mark.parametrize("alone", ["strong", "weak"])
@pytest.mark.parametrize("loop", LOOPS)
def test_one_reference_alone_is_its_term_alone(loop: str, alone: str, models: Models) -> None:
    """Against autograd of the single term, with references held constant and differentiated."""
    one = models._replace(**{"weak" if alone == "strong" else "strong": None})
    check_against_naive(loop, one, Options(eta=2.0, relative=False))
    check_against_naive(loop, one, Options(eta=0.3, through=True))


@pytest.mark.parametrize("options", [Options(), Options(eta=0.2, alpha=0.3, beta=0.5)], ids=str)
@pytest.mark.parametrize("loop", LOOPS)
def test_what_is_learned_corrects_latents_before_callbacks_do(loop: str, options: Options, models: Models) -> None:
    check_against_naive(loop, models, options, learned=make_map())


@pytest.mark.parametrize("loop", LOOPS)
def test_the_order_of_callbacks_does_not_matter(loop: str, models: Models) -> None:
    callbacks = make_callbacks(models, Options(eta=0.2, alpha=0.3, beta=0.6))
    one, other = (refine(models.base, order, loop, iterations=2) for order in (callbacks, callbacks[::-1]))
    assert torch.equal(one.latents, other.latents)


@pytest.mark.parametrize("loop", LOOPS)
def test_several_updates_of_a_step_add_up(loop: str, models: Models) -> None:
    one, other = (make_feedback(models.strong, models.weak, scale="raw", search_step=eta) for eta in (0.5, 1.0))
    both = make_feedback(models.strong, models.weak, scale="raw", search_step=1.5)
    latents = [refine(models.base, callbacks, loop).latents for callbacks in ([one, other], [both])]
    torch.testing.assert_close(*latents, rtol=0, atol=1e-12)


# What is plain Coconut, to the last bit.


def nothing_at_all(models: Models) -> list[list[LatentCallback]]:
    raw, relative, through = (
        make_feedback(models.strong, models.weak, search_step=0.0, **options)
        for options in ({"scale": "raw"}, {"scale": "relative"}, {"gradient": "through"})
    )
    no_memory = ResidualBlending(memory_rate=0.0)
    return [[], *([callback] for callback in (raw, relative, through, no_memory)), [raw, no_memory]]


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("loop", LOOPS)
def test_without_callbacks_or_with_zero_rates_it_is_plain_coconut(
    loop: str, family: str, strong: LatentReasoner, weak: LatentReasoner
) -> None:
    base = make_reasoner(0, family=family)
    models = Models(base, strong, weak)
    with torch.no_grad():
        plain = base.rollout(base.encode(QUESTIONS))
        answers = base.decode(base.answer_context(plain), max_new_tokens=6)
    for learned in (None, LatentMap(rank=2).build(base), Schedule().build(base), LowRankWeights().build(base)):
        for callbacks in nothing_at_all(models):
            refined = refine(base, callbacks, loop, iterations=2, learned=learned)
            assert torch.equal(refined.latents, plain.latents)
            assert base.decode(refined.context, max_new_tokens=6) == answers


def test_half_precision_latents_are_refined_in_single_precision(strong: LatentReasoner, weak: LatentReasoner) -> None:
    base = make_reasoner(0, dtype=torch.bfloat16)
    feedback = make_feedback(strong, weak, search_step=1e-4)
    for loop in LOOPS:
        plain, refined = refine(base, [], loop).latents, refine(base, [feedback], loop).latents
        assert refined.dtype == torch.float32
        moved = (refined[:, 0] - plain[:, 0].float()).norm(dim=-1) / refined[:, 0].norm(dim=-1)
        # In bfloat16 it would be rounded off.
        torch.testing.assert_close(moved, torch.full_like(moved, 1e-4), rtol=0.05, atol=0)


@pytest.mark.parametrize("loop", LOOPS)
def test_no_latents_nothing_to_refine(loop: str, strong: LatentReasoner, weak: LatentReasoner) -> None:
    base = make_reasoner(0, num_latents=0)
    refined = refine(base, [make_feedback(strong, weak), ResidualBlending()], loop)
    assert refined.latents.shape == (len(QUESTIONS), 0, base.hidden_size)
    assert refined.finite.all()


# Lost latents.


class Poison(LatentCallback):
    """Adds a value to the latents of one row, at one step."""

    def __init__(self, row: int, step: int, value: float) -> None:
        self.row, self.step, self.value = row, step, value

    def displacement(self, step: int, fed, latent: torch.Tensor) -> torch.Tensor:
        move = torch.zeros_like(latent)
        if step == self.step:
            move[self.row] = self.value
        return move

    def trajectory_displacement(self, latents: torch.Tensor) -> torch.Tensor:
        move = torch.zeros_like(latents)
        move[self.row, self.step] = self.value
        return move


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
@pytest.mark.parametrize("loop", LOOPS)
def test_a_lost_row_is_marked_and_leaves_the_others_alone(loop: str, value: float, models: Models) -> None:
    callbacks = make_callbacks(models, Options(eta=0.2, alpha=0.3, beta=0.5))
    sound = refine(models.base, callbacks, loop)
    for step in (0, LATENTS - 1):
        refined = refine(models.base, [Poison(1, step, value), *callbacks], loop)
        others = [0, 2]
        assert torch.equal(refined.latents[others], sound.latents[others])
        assert torch.equal(refined.context.hidden[others], sound.context.hidden[others])
        assert refined.finite[others].all()
        assert not refined.finite[1]
        if value != 1e300:  # which is finite, but not what the model makes of it
            assert refined.latents.isfinite().all()


def test_a_row_lost_once_stays_lost(base: LatentReasoner) -> None:
    """Though it goes on with the unrefined latent, and later ones are sound."""
    refined = refine(base, [Poison(1, 0, float("nan"))], "stepwise")
    assert torch.equal(refined.latents, refine(base, [], "stepwise").latents)
    assert refined.finite.tolist() == [True, False, True]


def test_rows_whose_answer_is_lost_at_the_end_are_marked() -> None:
    """The latents are finite, but their squares in the model's normalisation leave even float64's range."""
    refined = refine(make_reasoner(0), [Poison(0, LATENTS - 1, 1e300)], "stepwise")
    assert refined.latents.isfinite().all()
    assert not refined.context.hidden[0].isfinite().all()
    assert refined.finite.tolist() == [False, True, True]
