from collections.abc import Sequence
from pathlib import Path

import lightning as L
import pytest
import torch

from lightning_latent.callbacks import ComparisonWriter, PredictionWriter, ResidualBlending
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.metrics.record import StepOutput
from lightning_latent.reasoner import load_reasoner, save_reasoner
from lightning_latent.reasoner.text import encode_answers
from lightning_latent.refinement import LatentCallback, LatentRefinement
from tests.refinement import naive
from tests.refinement.models import (
    EXAMPLES,
    LATENTS,
    NOUNS,
    QUESTIONS,
    RawText,
    load_feedback,
    make_data,
    make_module,
    make_reasoner,
    make_trainer,
)


def prepare(module: LatentRefinement, tmp_path: Path, callbacks: Sequence[L.Callback] = ()) -> LatentRefinement:
    """What the trainer does before it asks for answers."""
    trainer = make_trainer(tmp_path, callbacks=list(callbacks))
    trainer.strategy.connect(module)
    module.trainer = trainer
    for callback in callbacks:
        callback.setup(trainer, module, "validate")
    module.configure_model()
    return module


def texts(output: StepOutput, row: str) -> list[str]:
    return [record.answers[row].text for record in output.records]


class Poison(LatentCallback):
    """Loses the latents of one question."""

    def begin(self, questions: Sequence[str]) -> None:
        self.row = list(questions).index(QUESTIONS[1]) if QUESTIONS[1] in questions else None

    def displacement(self, step: int, fed: Sequence[torch.Tensor], latent: torch.Tensor) -> torch.Tensor:
        move = torch.full_like(latent, 0.5)
        if self.row is not None:
            move[self.row] = float("nan")
        return move


# Answers.


def test_rows_are_what_there_is_to_compare(saved: Path, tmp_path: Path) -> None:
    module = prepare(make_module(saved), tmp_path)
    assert module.rows == ["coconut"]
    module.map_steps = 1
    assert module.rows == ["coconut", "map"]
    both = prepare(make_module(saved), tmp_path, [ResidualBlending()])
    assert both.rows == ["coconut", "feedback"]


def test_base_answers_are_plain_coconuts(saved: Path, tmp_path: Path) -> None:
    module = prepare(make_module(saved), tmp_path, [load_feedback(saved, search_step=0.4)])
    output = module.answer(EXAMPLES)
    reasoner = load_reasoner(str(saved / "base"), dtype="float64").freeze()
    context = reasoner.answer_context(reasoner.rollout(reasoner.encode(QUESTIONS)))
    expected, tokens = reasoner.decode_texts(context, max_new_tokens=4)
    assert texts(output, "coconut") == expected
    assert [record.answers["coconut"].tokens for record in output.records] == tokens
    assert [record.id for record in output.records] == ["q/0", "q/1", "q/2"]
    assert output.records[0].answers["coconut"].correct == RawText().matches(expected[0], "Bob is a lempus.")
    assert {record.num_latents for record in output.records} == {LATENTS}
    assert all(seconds > 0 for seconds in output.seconds.values())


def test_refined_rows_are_the_loops(saved: Path, tmp_path: Path) -> None:
    """End to end, from saved weights to trajectories, against the naive method."""
    feedback = load_feedback(saved, search_step=0.4)
    module = prepare(make_module(saved), tmp_path, [feedback, ResidualBlending(memory_rate=0.2)])
    module.map_steps = 1
    torch.nn.init.normal_(module.map.offset, std=0.5)
    module.answer(EXAMPLES)
    models = naive.Models(module.reasoner, *(feedback.references[role].reasoner for role in ("strong", "weak")))
    for row, question in enumerate(QUESTIONS):
        expected, _ = naive.stepwise(models, question, naive.Options(eta=0.4, alpha=0.2), LATENTS)
        torch.testing.assert_close(module.trajectories["feedback"][row], expected, rtol=0, atol=1e-9)
        fed = naive.read(module.reasoner, question, module.trajectories["map"][row])[:-1]
        torch.testing.assert_close(module.trajectories["map"][row], fed + module.map.offset, rtol=0, atol=1e-9)


def test_trajectories_are_those_of_the_last_batch(saved: Path, tmp_path: Path) -> None:
    module = prepare(make_module(saved), tmp_path)
    module.answer(EXAMPLES)
    assert module.trajectories["coconut"].shape == (3, LATENTS, 16)
    assert module.answer([]) == StepOutput([], {"coconut": 0.0})
    assert module.trajectories == {}


def test_answered_questions_are_left_out_of_prediction(saved: Path, tmp_path: Path) -> None:
    module = prepare(make_module(saved), tmp_path)
    module.skip_ids = {"q/0", "q/2"}
    assert [record.id for record in module.predict_step(EXAMPLES, 0).records] == ["q/1"]


# Lost latents.


@pytest.mark.parametrize("loop", ["stepwise", "trajectory"])
@pytest.mark.parametrize("search_step", [float("inf"), 1e38])
def test_absurd_steps_fall_back(search_step: float, loop: str, saved: Path, tmp_path: Path) -> None:
    module = make_module(saved, dtype="float32", loop=loop)
    prepare(module, tmp_path, [load_feedback(saved, search_step=search_step)])
    output = module.answer(EXAMPLES)
    assert [record.fallback for record in output.records] == [True] * 3
    assert all(record.answers["feedback"] == record.answers["coconut"] for record in output.records)
    assert torch.equal(module.trajectories["feedback"], module.trajectories["coconut"])


def test_one_lost_question_does_not_touch_the_others(saved: Path, tmp_path: Path) -> None:
    module = prepare(make_module(saved), tmp_path, [Poison()])
    output = module.answer(EXAMPLES)
    latents = module.trajectories["feedback"]
    assert [record.fallback for record in output.records] == [False, True, False]
    assert output.records[1].answers["feedback"] == output.records[1].answers["coconut"]
    assert torch.equal(latents[1], module.trajectories["coconut"][1])
    alone = module.answer([EXAMPLES[0], EXAMPLES[2]])
    torch.testing.assert_close(module.trajectories["feedback"], latents[[0, 2]], rtol=0, atol=1e-9)
    assert texts(alone, "feedback") == [texts(output, "feedback")[row] for row in (0, 2)]


def test_a_lost_map_falls_back(saved: Path, tmp_path: Path) -> None:
    module = prepare(make_module(saved), tmp_path)
    module.map_steps = 1
    module.map.offset.data[1] = float("inf")
    output = module.answer(EXAMPLES)
    assert all(record.fallback and record.answers["map"] == record.answers["coconut"] for record in output.records)


def test_lost_questions_are_counted(saved: Path, tmp_path: Path) -> None:
    class Half(Poison):
        """Loses every question with an even number of letters."""

        def begin(self, questions: Sequence[str]) -> None:
            self.row = torch.tensor([len(question) % 2 == 0 for question in questions])

    trainer = make_trainer(tmp_path, callbacks=[Half(), ComparisonWriter()])
    data = make_data(validation=6)
    trainer.validate(make_module(saved), data, verbose=False)
    even = sum(len(example.question) % 2 == 0 for example in data.source("validation"))
    assert f'"fallbacks": {even}' in (tmp_path / "comparison.json").read_text()


# Bad input: one line, nothing written.


def refuse(module: LatentRefinement, tmp_path: Path, message: str, callbacks: Sequence[L.Callback] = ()) -> None:
    trainer = make_trainer(tmp_path / "run", callbacks=[*callbacks, ComparisonWriter(), PredictionWriter()])
    for evaluate in (trainer.test, trainer.predict):
        with pytest.raises(UserError, match=message) as raised:
            evaluate(module, make_data(), **({"verbose": False} if evaluate == trainer.test else {}))
        assert "\n" not in str(raised.value)
    assert not list((tmp_path / "run").rglob("*.json*"))


@pytest.mark.parametrize("role", ["strong", "weak"])
def test_references_of_another_size_are_refused(role: str, saved: Path, tmp_path: Path) -> None:
    save_reasoner(make_reasoner(3, hidden=24, dtype=torch.float32), tmp_path / "other")
    feedback = load_feedback(saved)
    feedback.paths[role] = str(tmp_path / "other")
    refuse(make_module(saved), tmp_path, f"{role} reference '.*other' has hidden size 24, the base 16; use", [feedback])


def test_references_of_another_vocabulary_are_refused(saved: Path, tmp_path: Path) -> None:
    save_reasoner(make_reasoner(3, nouns=NOUNS[:-1], dtype=torch.float32), tmp_path / "other")
    feedback = load_feedback(saved)
    feedback.paths["strong"] = str(tmp_path / "other")
    refuse(make_module(saved), tmp_path, "strong reference '.*other' has another vocabulary", [feedback])


@pytest.mark.parametrize("role", ["strong", "weak"])
def test_missing_references_are_named(role: str, saved: Path, tmp_path: Path) -> None:
    feedback = load_feedback(saved)
    feedback.paths[role] = None
    refuse(make_module(saved), tmp_path, f"ContrastiveFeedback needs a {role} reference", [feedback])


def test_a_question_longer_than_the_context_is_named(saved: Path, tmp_path: Path) -> None:
    module = prepare(make_module(saved), tmp_path)
    long = Example("q/long", " ".join(["Bob is a dumpus."] * 60), (), "Bob is a dumpus.")
    with pytest.raises(UserError, match=r"^q/long: question of 122 tokens .* exceeds the model's context of 96"):
        module.answer([*EXAMPLES, long])
    # What fits for decoding may not fit for learning, where the gold answer is read.
    answer = " ".join(["Bob is a dumpus."] * 60)
    with pytest.raises(UserError, match=r"^q/1: question of \d+ tokens \(and 126 for"):
        module._encode(EXAMPLES[1:2], encode_answers(module.reasoner.tokenizer, [answer]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"iterations": 0}, "model.iterations is 0; it must be at least 1"),
        ({"rank": -1}, "model.rank is -1; it must be at least 0"),
        ({"fit": []}, r"model.fit is \[\]"),
        ({"fit": ["map", "feedback"]}, r"model.fit is .*; it must be \[feedback\], \[map\] or \[feedback, map\]"),
    ],
)
def test_impossible_options_are_refused(options: dict, message: str, saved: Path) -> None:
    with pytest.raises(UserError, match=message):
        make_module(saved, **options)


def test_feedback_without_a_callback_is_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.fit: feedback needs ContrastiveFeedback or ResidualBlending"):
        make_trainer(tmp_path).fit(make_module(saved), make_data())
