"""A run is one method: what it is called, what it answers, and what it refuses."""

from collections.abc import Sequence
from pathlib import Path

import lightning as L
import pytest
import torch

from lightning_latent.callbacks import ContrastiveFeedback, Predictions, RandomDirection, ResidualBlending
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation import Answer
from lightning_latent.evaluation.module import Answering
from lightning_latent.reasoner import load_reasoner, save_reasoner
from lightning_latent.refinement import LatentCallback, LatentMap, LatentRefinement, Refining
from tests.refinement import naive
from tests.refinement.example import Attraction
from tests.refinement.models import (
    EXAMPLES,
    LATENTS,
    NOUNS,
    QUESTIONS,
    RawText,
    load_feedback,
    make_data,
    make_map,
    make_module,
    make_reasoner,
    make_trainer,
    ready,
)


class Shift(LatentCallback):
    """Moves all latents so far that what is said to the last question changes."""

    def displacement(self, step: int, fed: Sequence[torch.Tensor], latent: torch.Tensor) -> torch.Tensor:
        return torch.linspace(-2, 2, latent.shape[-1], dtype=latent.dtype).expand_as(latent)


class Poison(Shift):
    """And loses the last latent of that question."""

    def begin(self, questions: Sequence[str]) -> None:
        self.lost = torch.tensor([question == QUESTIONS[2] for question in questions])

    def displacement(self, step: int, fed: Sequence[torch.Tensor], latent: torch.Tensor) -> torch.Tensor:
        move = super().displacement(step, fed, latent)
        return move.masked_fill(self.lost[:, None], float("nan")) if step == LATENTS - 1 else move


def timeless(answers: Sequence[Answer]) -> list[Answer]:
    return [answer._replace(seconds=0.0) for answer in answers]


def test_a_method_is_named_after_what_refines(saved: Path, tmp_path: Path) -> None:
    def name(*callbacks: L.Callback, **options) -> str:
        module = make_module(saved, **options)
        module.trainer = make_trainer(tmp_path, callbacks=list(callbacks))
        module.setup("test")
        return module.method

    idle = [ContrastiveFeedback(), ResidualBlending()]  # as on every command line
    assert name(*idle) == "Coconut"
    assert name(*idle, Attraction(towards="x")) == "Attraction"
    assert name(idle[0], ResidualBlending(memory_rate=0.1)) == "ResidualBlending"
    assert name(*idle, learn=LatentMap()) == "LatentMap"
    assert name(RandomDirection(), Attraction(towards="x"), learn=LatentMap()) == (
        "LatentMap + RandomDirection + Attraction"
    )
    assert name(Attraction(towards="x"), method="mine") == "mine"


# Answers.


def test_it_is_what_callbacks_ask_for(saved: Path, tmp_path: Path) -> None:
    module = ready(make_module(saved), tmp_path)
    assert isinstance(module, Refining) and isinstance(module, Answering)


@pytest.mark.parametrize("loop", ["stepwise", "trajectory"])
def test_without_anything_that_refines_answers_are_plain_coconuts(loop: str, saved: Path, tmp_path: Path) -> None:
    answers = ready(make_module(saved, loop=loop), tmp_path, ContrastiveFeedback()).answer(EXAMPLES)
    reasoner = load_reasoner(str(saved / "base"), dtype="float64").freeze()
    context = reasoner.answer_context(reasoner.rollout(reasoner.encode(QUESTIONS)))
    texts, tokens = reasoner.decode_texts(context, max_new_tokens=4)
    assert all(answer.seconds > 0 for answer in answers)
    expected = [
        Answer(
            id=example.id,
            question=example.question,
            gold=example.answer,
            answer=text,
            correct=RawText().matches(text, example.answer),
            text=text,
            tokens=count,
            latents=LATENTS,
            seconds=0.0,
            reference=RawText().reference(text, example.answer),
        )
        for example, text, count in zip(EXAMPLES, texts, tokens, strict=True)
    ]
    assert timeless(answers) == expected
    assert make_module(saved).answer([]) == []


@pytest.mark.parametrize("loop", ["stepwise", "trajectory"])
def test_refined_answers_are_decoded_after_the_methods_latents(loop: str, saved: Path, tmp_path: Path) -> None:
    """End to end, from saved weights to answers, against the naive method and decoding."""
    feedback = load_feedback(saved, search_step=0.4)
    module = ready(
        make_module(saved, loop=loop, learn=LatentMap(rank=2), iterations=2),
        tmp_path,
        feedback,
        ResidualBlending(memory_rate=0.2, gradient_history=0.5),
    )
    learned = make_map()
    module.learn.load_state_dict(learned.state_dict())
    models = naive.Models(module.reasoner, *(feedback.references[role].reasoner for role in ("strong", "weak")))
    maps = [{"A": learned.down[t], "B": learned.up[t], "b": learned.offset[t]} for t in range(LATENTS)]
    options = naive.Options(eta=0.4, alpha=0.2, beta=0.5, iterations=2)
    method = naive.stepwise if loop == "stepwise" else naive.trajectory
    latents, answers = module.think(EXAMPLES).latents, module.answer(EXAMPLES)
    for row, question in enumerate(QUESTIONS):
        expected = method(models, question, options, LATENTS, maps).detach()
        torch.testing.assert_close(latents[row], expected, rtol=0, atol=1e-9)
        context = models.base.conclude(models.base.encode([question]), expected[None])
        texts, tokens = models.base.decode_texts(context, max_new_tokens=4)
        assert (answers[row].text, answers[row].tokens) == (texts[0], tokens[0])
    plain = naive.rollout(models.base, QUESTIONS[0], LATENTS)
    torch.testing.assert_close(module.think(EXAMPLES, plain=True).latents[0], plain, rtol=0, atol=1e-9)


def test_answers_do_not_depend_on_their_batch(saved: Path, tmp_path: Path) -> None:
    module = ready(make_module(saved), tmp_path, load_feedback(saved, search_step=0.4))
    alone = [module.answer([example])[0] for example in EXAMPLES]
    assert timeless(module.answer(EXAMPLES)) == timeless(alone)


def test_what_is_kept_is_not_answered_again(saved: Path, tmp_path: Path) -> None:
    module = ready(make_module(saved), tmp_path)
    module.kept = {example.id: Answer(*example[:2], "", "kept", True, "", 0, 0, 0.0) for example in EXAMPLES[::2]}
    expected = module.answer(EXAMPLES[1:2])
    for step in (module.validation_step, module.test_step, module.predict_step):
        answers = step(EXAMPLES, 0)
        assert [answer.answer for answer in answers] == ["kept", expected[0].answer, "kept"]


def test_accuracy_and_tokens_are_logged_over_questions(saved: Path, tmp_path: Path) -> None:
    """Five in batches of two: a mean of the batches' means would be another."""
    trainer = make_trainer(tmp_path)
    module = make_module(saved)
    answers = [answer for batch in trainer.predict(module, make_data()) for answer in batch]
    (logged,) = trainer.test(module, make_data(), verbose=False)
    assert logged["test/accuracy"] == pytest.approx(sum(answer.correct for answer in answers) / 5)
    assert logged["test/tokens"] == pytest.approx(sum(answer.tokens for answer in answers) / 5)


# Lost latents.


@pytest.mark.parametrize("loop", ["stepwise", "trajectory"])
@pytest.mark.parametrize("search_step", [float("inf"), 1e38])
def test_absurd_steps_fall_back(search_step: float, loop: str, saved: Path, tmp_path: Path) -> None:
    module = make_module(saved, dtype="float32", loop=loop)
    answers = ready(module, tmp_path, load_feedback(saved, search_step=search_step)).answer(EXAMPLES)
    plain = ready(make_module(saved, dtype="float32"), tmp_path).answer(EXAMPLES)
    assert timeless(answers) == [answer._replace(fallback=True) for answer in timeless(plain)]


def test_one_lost_question_does_not_touch_the_others(saved: Path, tmp_path: Path) -> None:
    module = ready(make_module(saved), tmp_path, Poison())
    answers = module.answer(EXAMPLES)
    assert [answer.fallback for answer in answers] == [False, False, True]
    plain = ready(make_module(saved), tmp_path).answer(EXAMPLES)
    assert timeless(answers[2:]) == [plain[2]._replace(seconds=0.0, fallback=True)]
    shifted = ready(make_module(saved), tmp_path, Shift()).answer(EXAMPLES)
    assert shifted[2].text != plain[2].text
    assert timeless(answers[:2]) == timeless(shifted[:2]) == timeless(module.answer(EXAMPLES[:2]))


def test_a_lost_map_falls_back(saved: Path, tmp_path: Path) -> None:
    module = ready(make_module(saved, learn=LatentMap()), tmp_path)
    module.learn.offset.data[1] = float("inf")
    plain = ready(make_module(saved), tmp_path).answer(EXAMPLES)
    assert timeless(module.answer(EXAMPLES)) == [answer._replace(fallback=True) for answer in timeless(plain)]


# Bad input: one line, nothing written.


def refuse(module: LatentRefinement, directory: Path, message: str, *callbacks: L.Callback) -> None:
    trainer = make_trainer(directory / "run", callbacks=[*callbacks, Predictions()])
    with pytest.raises(UserError, match=message) as raised:
        trainer.test(module, make_data(), verbose=False)
    assert "\n" not in str(raised.value)
    assert not list((directory / "run").rglob("*.json*"))


@pytest.mark.parametrize("role", ["strong", "weak"])
def test_references_of_another_size_or_vocabulary_are_refused(role: str, saved: Path, tmp_path: Path) -> None:
    save_reasoner(make_reasoner(3, hidden=24, dtype=torch.float32), tmp_path / "wide")
    save_reasoner(make_reasoner(3, nouns=NOUNS[:-1], dtype=torch.float32), tmp_path / "poor")
    for path, what in (("wide", "hidden size 24, the base 16; use"), ("poor", "another vocabulary")):
        feedback = load_feedback(saved)
        setattr(feedback, role, str(tmp_path / path))
        refuse(make_module(saved), tmp_path, f"{role} reference '.*{path}' has {what}", feedback)


def test_a_question_longer_than_the_context_is_named(saved: Path, tmp_path: Path) -> None:
    module = ready(make_module(saved, learn=LatentMap()), tmp_path)
    long = Example("q/long", " ".join(["Bob is a dumpus."] * 60), (), "Bob is a dumpus.")
    with pytest.raises(UserError, match=r"^q/long: question of 122 tokens .* exceeds the model's context of 96"):
        module.answer([*EXAMPLES, long])
    # What fits for decoding may not fit for learning, where the gold answer is read.
    with pytest.raises(UserError, match=r"^q/1: question of \d+ tokens \(and 126 for"):
        module.training_step([EXAMPLES[1]._replace(answer=long.question)], 0)


def test_no_iteration_is_refused(saved: Path) -> None:
    with pytest.raises(UserError, match=r"model\.iterations is 0; it must be at least 1"):
        make_module(saved, iterations=0)


@pytest.mark.parametrize("refines", [False, True])
def test_fit_without_anything_to_learn_is_refused_before_a_model_loads(
    refines: bool, saved: Path, tmp_path: Path
) -> None:
    module = make_module(saved, reasoner=str(tmp_path / "nowhere"))
    callbacks = [Attraction(towards="x")] if refines else []
    message = f"{'Attraction' if refines else 'Coconut'} learns nothing: .* give model.learn, such as --model.learn"
    with pytest.raises(UserError, match=message):
        make_trainer(tmp_path, callbacks=callbacks).fit(module, make_data())


@pytest.mark.parametrize("stage", ["validate", "test", "predict"])
def test_nothing_is_answered_by_what_is_not_learned(stage: str, saved: Path, tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path / "run", callbacks=[Predictions()])
    with pytest.raises(UserError, match="LatentMap has learned nothing yet; run fit first, or give its --ckpt_path"):
        getattr(trainer, stage)(make_module(saved, learn=LatentMap()), make_data())
    # The run after fit may have the same folder.
    module = make_module(saved, learn=LatentMap())
    module.configure_model()
    module.learn.offset.data += 1
    getattr(make_trainer(tmp_path / "run", callbacks=[Predictions()]), stage)(module, make_data())
    assert (tmp_path / "run" / "predictions.jsonl").is_file()


def test_a_callback_does_not_refine_twice(saved: Path, tmp_path: Path) -> None:
    twice = [ResidualBlending(memory_rate=0.1), ResidualBlending(memory_rate=0.2)]
    with pytest.raises(UserError, match="ResidualBlending would refine twice"):
        make_trainer(tmp_path, callbacks=twice).validate(make_module(saved), make_data())
