"""Thinking that stops: against shorter and longer trajectories, each thought and scored from the start."""

from pathlib import Path

import pytest
import torch

from lightning_latent.callbacks import EarlyAnswer, ResidualBlending
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.course import replay
from lightning_latent.reasoner import LatentReasoner
from lightning_latent.refinement import LatentRefinement
from tests.refinement import naive
from tests.refinement.models import EXAMPLES, NOUNS, make_module, ready

TOTAL = 7
OPTIONS = [tuple(f"{noun}." for noun in NOUNS[at : at + count]) for at, count in ((0, 4), (2, 2), (3, 3))]
ASKED = [example._replace(options=options) for example, options in zip(EXAMPLES, OPTIONS, strict=True)]


@pytest.fixture
def module(saved: Path, tmp_path: Path) -> LatentRefinement:
    return ready(make_module(saved, num_latents=TOTAL), tmp_path)


@torch.no_grad()
def scores(reasoner: LatentReasoner, example: Example, count: int) -> torch.Tensor:
    """Log-probabilities `[C]` after `count` latents."""
    latents = naive.rollout(reasoner, example.question, count)
    found = [naive.likelihood(reasoner, example.question, latents, option) for option in example.options]
    return torch.stack(found).log_softmax(-1)


@pytest.mark.parametrize("every", [1, 2, 3])
@pytest.mark.parametrize("threshold", [None, 0.8])
def test_a_question_thinks_until_it_is_sure(every: int, threshold: float | None, module: LatentRefinement) -> None:
    answers = EarlyAnswer(every=every, threshold=threshold).answer(ASKED, module)
    for example, answer in zip(ASKED, answers, strict=True):
        best: int | None = None
        for count in [*range(every, TOTAL, every), TOTAL]:
            found = scores(module.reasoner, example, count)
            before, best = best, int(found.argmax())
            if best == before if threshold is None else float(found.topk(2).values.diff().abs()) > threshold:
                break
        assert (answer.answer, answer.latents) == (example.options[best], count)
    if every == 1:  # otherwise it stops nowhere, or everywhere at once
        assert len({answer.latents for answer in answers}) > 1


def test_nothing_is_computed_for_questions_that_have_stopped(
    module: LatentRefinement, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[int] = []
    rollout = LatentReasoner.rollout
    monkeypatch.setattr(
        LatentReasoner,
        "rollout",
        lambda self, context, **options: (rows.append(context.batch_size), rollout(self, context, **options))[1],
    )
    answers = EarlyAnswer(threshold=0.8).answer(ASKED, module)
    expected = [sum(answer.latents >= count for answer in answers) for count in range(1, TOTAL + 1)]
    assert rows == [count for count in expected if count]


def test_all_latents_are_the_plain_likelihood(module: LatentRefinement) -> None:
    answers = EarlyAnswer(every=1, threshold=1e9).answer(ASKED, module)
    found = module.score_options(ASKED)
    expected = [e.options[row.index(max(row))] for e, row in zip(ASKED, found, strict=True)]
    assert [answer.answer for answer in answers] == expected
    assert {answer.latents for answer in answers} == {TOTAL}


def test_what_it_cannot_stop_is_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="every of EarlyAnswer is 0"):
        EarlyAnswer(every=0)
    with pytest.raises(UserError, match=r"stops plain thoughts; leave model\.learn and the callbacks that refine out"):
        ready(make_module(saved), tmp_path, EarlyAnswer(), ResidualBlending(memory_rate=0.1))
    with pytest.raises(UserError, match="this reasoner thinks no latents"):
        ready(make_module(saved, num_latents=0), tmp_path, EarlyAnswer())


def test_a_threshold_tells_what_every_smaller_one_gives(module: LatentRefinement) -> None:
    answers = EarlyAnswer(threshold=0.8).answer(ASKED, module)
    for smaller in (0.1, 0.3, 0.5):
        actual = EarlyAnswer(threshold=smaller).answer(ASKED, module)
        replayed = [replay(answer.course, threshold=smaller) for answer in answers]
        assert replayed == [(answer.latents, answer.correct) for answer in actual]
    assert not any(answer.course for answer in EarlyAnswer().answer(ASKED, module))
