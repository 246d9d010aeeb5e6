"""Every QuestionCallback of the package keeps to what `check_question_callback` asks for."""

from pathlib import Path
from typing import Any

import pytest

import lightning_latent.callbacks
from lightning_latent.callbacks import (
    ConfidentViews,
    ContrastiveFeedback,
    ContrastiveLogits,
    EarlyAnswer,
    NoiseSamples,
    StableAnswer,
    SymmetricViews,
)
from lightning_latent.data import ProsQA
from lightning_latent.errors import UserError
from lightning_latent.refinement import LatentRefinement
from lightning_latent.refinement.correctness import CorrectnessHead
from lightning_latent.refinement.hooks import QuestionCallback
from lightning_latent.testing import check_question_callback
from lightning_latent.testing.subject import questions
from tests.refinement.models import ready

MOVES = [ContrastiveFeedback(strong="embedded:strong", search_step=0.4)]
# With what else the check takes.
CALLBACKS: dict[str, tuple[QuestionCallback, dict[str, Any]]] = {
    "SymmetricViews": (SymmetricViews(count=2), {}),
    "SymmetricViews, threshold": (SymmetricViews(count=3, threshold=3.0), {}),
    "NoiseSamples": (NoiseSamples(count=3, noise=0.5), {}),
    "NoiseSamples, threshold": (NoiseSamples(count=3, noise=0.5, threshold=3.0), {}),
    "NoiseSamples, oracle": (NoiseSamples(count=3, noise=0.5, combine="oracle"), {}),
    "EarlyAnswer": (EarlyAnswer(every=5), {}),
    "EarlyAnswer, threshold": (EarlyAnswer(every=5, threshold=1.0), {}),
    "StableAnswer": (StableAnswer(most=2), {"beside": MOVES}),
    "ConfidentViews": (ConfidentViews(count=2), {"learn": CorrectnessHead()}),
    "ContrastiveLogits": (ContrastiveLogits(), {}),
}


def test_every_callback_of_the_package_is_here() -> None:
    public = [getattr(lightning_latent.callbacks, name) for name in lightning_latent.callbacks.__all__]
    names = {cls.__name__ for cls in public if issubclass(cls, QuestionCallback)}
    assert names == {name.partition(",")[0] for name in CALLBACKS}


@pytest.mark.parametrize("name", CALLBACKS)
def test_it_keeps_to_the_contract(name: str) -> None:
    callback, needs = CALLBACKS[name]
    check_question_callback(callback, **needs)


def test_two_that_answer_are_refused(tmp_path: Path) -> None:
    made = LatentRefinement(reasoner="embedded:final", benchmark=ProsQA())
    with pytest.raises(UserError, match="NoiseSamples and EarlyAnswer would both answer the questions; leave one out"):
        ready(made, tmp_path, NoiseSamples(), EarlyAnswer())


@pytest.mark.parametrize(
    "callback", [NoiseSamples(threshold=1.0), EarlyAnswer(), ContrastiveLogits()], ids=lambda c: type(c).__name__
)
def test_what_scores_candidates_says_that_a_question_has_none(callback: QuestionCallback, tmp_path: Path) -> None:
    made = LatentRefinement(reasoner="embedded:final", benchmark=ProsQA())
    bare = [example._replace(options=()) for example in questions(1)]
    with pytest.raises(UserError, match=f"scores candidates, and question {bare[0].id} has none; leave it out"):
        ready(made, tmp_path, callback).answer(bare)
