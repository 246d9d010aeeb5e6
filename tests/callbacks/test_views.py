"""Several tellings of a question, answered together: against the same done one by one, in plain Python."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lightning_latent.callbacks import AgreedAnswers, Predictions, SymmetricViews
from lightning_latent.data import BalancedProsQA, LatentDataModule, ProsQA
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation import read_run
from lightning_latent.refinement import LatentMap, LatentRefinement
from tests.refinement.models import make_trainer

QUESTIONS = list(BalancedProsQA(size=12, seed=3, split="evaluation", dead_ends=2, max_hops=4))


@pytest.fixture(scope="module")
def module() -> LatentRefinement:
    return LatentRefinement(reasoner="embedded:final", benchmark=ProsQA(), dtype="float64", max_new_tokens=8)


def scores(module: LatentRefinement, example: Example, number: int, seed: int = 0) -> torch.Tensor:
    """Log-probabilities of the question's own two candidates, by one telling of it."""
    view = ProsQA().view(example, random.Random(f"{seed}/{example.id}/{number}")) if number else None
    told = example if view is None else view.example
    (found,) = module.score_options([told])
    by_answer = {
        option if view is None else view.back(option): score for option, score in zip(told.options, found, strict=True)
    }
    return torch.tensor([by_answer[option] for option in example.options], dtype=torch.float64).log_softmax(0)


def test_all_views_in_one_pass_are_what_they_are_one_by_one(module: LatentRefinement) -> None:
    answers = SymmetricViews(count=3, batch_size=7).answer(QUESTIONS, module)
    for example, answer in zip(QUESTIONS, answers, strict=True):
        total = torch.stack([scores(module, example, number) for number in range(3)]).mean(0)
        assert answer.answer == example.options[int(total.argmax())]
        assert answer.correct == (answer.answer == example.answer)
        assert (answer.id, answer.latents, answer.tokens) == (example.id, 3 * 12, 0)


def test_a_question_that_is_sure_gets_no_further_view(
    module: LatentRefinement, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    plain = module.score_options
    monkeypatch.setattr(
        module, "score_options", lambda part, **options: (asked.append(len(part)), plain(part, **options))[1]
    )
    answers = SymmetricViews(count=5, threshold=3.0).answer(QUESTIONS, module)
    monkeypatch.undo()
    for example, answer in zip(QUESTIONS, answers, strict=True):
        total, used = torch.zeros(2, dtype=torch.float64), 0
        while used < 5:
            total, used = total + scores(module, example, used), used + 1
            if abs(float(total[0] - total[1])) > 3.0:
                break
        assert (answer.answer, answer.latents) == (example.options[int(total.argmax())], used * 12)
    rounds = [sum(answer.latents >= 12 * number for answer in answers) for number in range(1, 6)]
    assert asked == [count for count in rounds if count]  # nothing is computed for those that are sure
    assert rounds[0] == len(QUESTIONS) > rounds[-1]


def test_one_view_of_its_own_telling_is_the_plain_likelihood(module: LatentRefinement) -> None:
    assert not SymmetricViews().active and SymmetricViews(own=False).active
    answers = SymmetricViews(count=1).answer(QUESTIONS, module)
    likelihood = LatentRefinement(reasoner="embedded:final", benchmark=ProsQA(), dtype="float64", scoring="likelihood")
    assert [answer.answer for answer in answers] == [answer.answer for answer in likelihood.answer(QUESTIONS)]


def test_without_candidates_the_most_frequent_answer_counts(module: LatentRefinement) -> None:
    bare = [example._replace(options=()) for example in QUESTIONS[:4]]
    answers = SymmetricViews(count=3).answer(bare, module)
    for example, answer in zip(bare, answers, strict=True):
        said = []
        for number in range(3):
            view = ProsQA().view(example, random.Random(f"0/{example.id}/{number}")) if number else None
            (given,) = module.answer_once([example if view is None else view.example._replace(options=())])
            said.append(given.answer if view is None else view.back(given.answer))
        assert answer.answer == max(said, key=said.count)
        assert answer.text.split("\n") == said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count is 0"),
        ({"threshold": 2.0, "combine": "majority"}, "leave combine: majority out"),
    ],
)
def test_bad_options_are_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        SymmetricViews(**options)


def test_it_is_a_method_like_any_other(tmp_path: Path) -> None:
    module = LatentRefinement(reasoner="embedded:final")
    data = LatentDataModule(
        benchmark=ProsQA(), test=BalancedProsQA(size=20, seed=3, split="evaluation", dead_ends=2, max_hops=4)
    )
    predictions = Predictions()
    make_trainer(tmp_path, callbacks=[SymmetricViews(count=4), predictions]).test(module, data, verbose=False)
    assert predictions.summary is not None
    assert (predictions.summary["method"], predictions.summary["latents_per_question"]) == ("SymmetricViews", 48)


@pytest.mark.parametrize("threshold", [None, 2.0])
def test_a_run_with_a_threshold_shows_accuracy_against_cost(threshold: float | None, tmp_path: Path) -> None:
    module = LatentRefinement(reasoner="embedded:final")
    questions = BalancedProsQA(size=20, seed=3, split="evaluation", dead_ends=2, max_hops=4)
    data = LatentDataModule(benchmark=ProsQA(), test=questions)
    logger = TensorBoardLogger(tmp_path, name=None, version="run")
    callbacks = [SymmetricViews(count=4, threshold=threshold), Predictions()]
    make_trainer(tmp_path, callbacks=callbacks, logger=logger).test(module, data, verbose=False)
    events = EventAccumulator(str(tmp_path / "run")).Reload()
    there = threshold is not None
    assert (tmp_path / "run" / "accuracy_against_cost.png").is_file() is there
    assert (tmp_path / "run" / "accuracy_against_cost.csv").is_file() is there
    assert ("accuracy_against_cost/test" in events.Tags()["images"]) is there
    assert all(bool(answer.course) is there for answer in read_run(tmp_path / "run").answers)


def test_a_benchmark_without_symmetry_says_so(module: LatentRefinement) -> None:
    plain = LatentRefinement(reasoner="embedded:final", benchmark=NoSymmetry(), max_new_tokens=8)
    with pytest.raises(UserError, match="NoSymmetry knows no symmetry"):
        SymmetricViews(count=2).answer(QUESTIONS[:1], plain)


class NoSymmetry(ProsQA):
    def view(self, example: Example, rng: random.Random) -> None:
        return None


def test_the_answers_that_views_agree_on_teach(module: LatentRefinement) -> None:
    wrong = [example._replace(answer="unknown") for example in QUESTIONS]  # no label is looked at
    taught = AgreedAnswers(count=4, threshold=2.0).teach(wrong, module)
    by_id = {example.id: example.answer for example in taught}
    for example in QUESTIONS:
        total, used = torch.zeros(2, dtype=torch.float64), 0
        while used < 4 and abs(float(total[0] - total[1])) <= 2.0:
            total, used = total + scores(module, example, used), used + 1
        if abs(float(total[0] - total[1])) > 2.0:
            assert by_id.pop(example.id) == example.options[int(total.argmax())]
    assert not by_id  # those on which they do not agree are left out
    assert AgreedAnswers().teach([], module) == []


def test_fit_learns_towards_what_is_taught(tmp_path: Path) -> None:
    module = LatentRefinement(reasoner="embedded:final", learn=LatentMap(rank=0))
    questions = BalancedProsQA(size=8, dead_ends=2, max_hops=4)
    data = LatentDataModule(benchmark=ProsQA(), train=questions, batch_size=4, shuffle_buffer=0)
    make_trainer(tmp_path, callbacks=[AgreedAnswers(count=2, threshold=0.0)]).fit(module, data)
    assert module.learn is not None and not module.learn.is_identity
