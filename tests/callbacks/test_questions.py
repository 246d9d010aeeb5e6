"""What every QuestionCallback must keep to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

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
from lightning_latent.data import BalancedProsQA, ProsQA
from lightning_latent.errors import UserError
from lightning_latent.refinement import LatentRefinement
from lightning_latent.refinement.correctness import CorrectnessHead
from lightning_latent.refinement.hooks import QuestionCallback
from tests.refinement.models import ready
from tests.refinement.test_hooks import held

EXAMPLES = list(BalancedProsQA(size=7, seed=5, split="evaluation", dead_ends=2, max_hops=4))
MAKERS: dict[str, Callable[[], QuestionCallback]] = {
    "SymmetricViews": lambda: SymmetricViews(count=2),
    "SymmetricViews, threshold": lambda: SymmetricViews(count=3, threshold=3.0),
    "NoiseSamples": lambda: NoiseSamples(count=3, noise=0.5),
    "NoiseSamples, threshold": lambda: NoiseSamples(count=3, noise=0.5, threshold=3.0),
    "NoiseSamples, oracle": lambda: NoiseSamples(count=3, noise=0.5, combine="oracle"),
    "EarlyAnswer": lambda: EarlyAnswer(every=5),
    "EarlyAnswer, threshold": lambda: EarlyAnswer(every=5, threshold=1.0),
    "StableAnswer": lambda: StableAnswer(most=2),
    "ConfidentViews": lambda: ConfidentViews(count=2),
    "ContrastiveLogits": lambda: ContrastiveLogits(),
}


@pytest.fixture(params=MAKERS)
def callback(request: pytest.FixtureRequest) -> QuestionCallback:
    return MAKERS[request.param]()


@pytest.fixture
def module(callback: QuestionCallback, tmp_path: Path) -> LatentRefinement:
    head = CorrectnessHead() if isinstance(callback, ConfidentViews) else None
    made = LatentRefinement(
        reasoner="embedded:final", benchmark=ProsQA(), learn=head, dtype="float64", max_new_tokens=8
    )
    move = [ContrastiveFeedback(strong="embedded:strong", search_step=0.4)] if type(callback) is StableAnswer else []
    module = ready(made, tmp_path, callback, *move)
    if head is not None:
        callback.setup(module.trainer, module, "test")
        torch.nn.init.normal_(head.weight, std=0.1)
    return module


def test_every_callback_of_the_package_is_here() -> None:
    public = [getattr(lightning_latent.callbacks, name) for name in lightning_latent.callbacks.__all__]
    names = {cls.__name__ for cls in public if issubclass(cls, QuestionCallback)}
    assert names == {maker.partition(",")[0] for maker in MAKERS}


def test_each_question_is_answered_alone_as_in_its_batch(callback: QuestionCallback, module: LatentRefinement) -> None:
    def plain(answers: list[Any]) -> list[Any]:
        rounded = [
            a._replace(
                confidence=a.confidence and round(a.confidence, 9),
                course=tuple((round(ahead, 9), right) for ahead, right in a.course),
            )
            for a in answers
        ]
        return [a._replace(seconds=0.0) for a in rounded]

    together = module.answer(EXAMPLES)
    assert [(answer.id, answer.gold) for answer in together] == [(e.id, e.answer) for e in EXAMPLES]
    assert all(answer.answer in e.options and answer.seconds > 0 for answer, e in zip(together, EXAMPLES, strict=True))
    assert held(callback) == []
    assert plain([answer for example in EXAMPLES for answer in module.answer([example])]) == plain(together)
    assert module.answer([]) == []


def test_two_that_answer_are_refused(tmp_path: Path) -> None:
    made = LatentRefinement(reasoner="embedded:final", benchmark=ProsQA())
    with pytest.raises(UserError, match="NoiseSamples and EarlyAnswer would both answer the questions; leave one out"):
        ready(made, tmp_path, NoiseSamples(), EarlyAnswer())


@pytest.mark.parametrize(
    "callback", [NoiseSamples(threshold=1.0), EarlyAnswer(), ContrastiveLogits()], ids=lambda c: type(c).__name__
)
def test_what_scores_candidates_says_that_a_question_has_none(callback: QuestionCallback, tmp_path: Path) -> None:
    made = LatentRefinement(reasoner="embedded:final", benchmark=ProsQA())
    bare = [example._replace(options=()) for example in EXAMPLES[:1]]
    with pytest.raises(UserError, match=f"scores candidates, and question {bare[0].id} has none; leave it out"):
        ready(made, tmp_path, callback).answer(bare)
