"""Answers on disk: whole, once each, resumed, and never another run's."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import ModelCheckpoint, Timer
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.multiprocessing import ProcessExitedException
from torch.utils.data import DataLoader

from lightning_latent.callbacks import Predictions
from lightning_latent.errors import UserError
from lightning_latent.evaluation import read_run
from lightning_latent.evaluation.gathering import gather_answers
from tests.callbacks.answering import Rote, batches, forked, loader, make_trainer, questions, rote

IDS = [f"q-{i}" for i in range(13)]


def predict(
    directory: Path, module: Rote | None = None, data: Any = None, callbacks: Sequence[Callback] = (), **options: Any
) -> Rote:
    module = module or Rote()
    trainer = make_trainer(directory, Predictions(**options), *callbacks)
    trainer.predict(module, data or loader(), return_predictions=False)
    return module


def ids(directory: Path) -> list[str]:
    return [answer.id for answer in read_run(directory).answers]


def die(directory: Path, callbacks: Sequence[Callback] = ()) -> None:
    """Fail in the third batch, as a stand-in for a killed run that needs no process of its own."""
    module = Rote()
    module.fails_at_batch = 2
    with pytest.raises(KeyError, match="out of memory"):
        predict(directory, module, callbacks=callbacks)
    assert not (directory / "predictions.jsonl").exists()


# What is written.


@pytest.mark.parametrize(("stage", "split"), [("validate", "validation"), ("test", "test"), ("predict", "predict")])
def test_a_finished_run_says_whose_answers_it_holds(
    stage: str, split: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PL_GLOBAL_SEED", "3")
    predictions = Predictions()
    assert predictions.closing_line() is None
    getattr(make_trainer(tmp_path, predictions), stage)(Rote(), loader())
    run = read_run(tmp_path)
    assert run.answers == [rote(example)._replace(method="rote") for example in questions(13)]
    about = run.about
    assert (about["method"], about["benchmark"], about["split"], about["n"]) == ("rote", "prosqa", split, 13)
    assert (about["correct"], about["seconds_per_question"], about["batch_size"], about["processes"]) == (9, 0.5, 2, 1)
    assert (about["device"], about["seed"], about["models"]) == ("cpu", 3, Rote().identities)
    assert {"lightning_latent", "python", "torch", "lightning", "transformers"} == set(about["versions"])
    assert predictions.closing_line() == (
        "rote: 69.2 % [42.4, 87.3] of 13 questions right "
        f"(prosqa, {split}); the answers are in {tmp_path / 'predictions.jsonl'}"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["predictions.jsonl", "run.json"]


def test_fit_writes_its_last_validation_and_checkpoints_by_accuracy(tmp_path: Path) -> None:
    checkpoint = ModelCheckpoint(dirpath=tmp_path / "checkpoints", monitor="val/accuracy", mode="max")
    seen = []

    class Watch(Callback):
        def on_validation_end(self, trainer, pl_module) -> None:
            seen.append((trainer.sanity_checking, (tmp_path / "validate" / "run.json").exists()))

    options = {"max_epochs": 2, "enable_checkpointing": True, "num_sanity_val_steps": 1}
    trainer = make_trainer(tmp_path, Predictions(), Watch(), checkpoint, **options)
    module = Rote()
    trainer.fit(module, loader(4), loader())
    assert seen == [(True, False), (False, True), (False, True)]
    assert len(module.answered) == 2 + 13 + 13  # each epoch anew: the module has learned in between
    assert float(checkpoint.best_model_score) == pytest.approx(9 / 13)
    assert ids(tmp_path / "validate") == IDS
    assert not (tmp_path / "predictions.jsonl").exists()


def test_what_fit_has_answered_validate_does_not_answer_again(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, Predictions(), max_epochs=1, num_sanity_val_steps=0)
    trainer.fit(Rote(), loader(4), loader())
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    module = Rote()
    make_trainer(tmp_path / "validate", Predictions()).validate(module, loader(), ckpt_path=tmp_path / "last.ckpt")
    assert module.answered == []


def test_tensorboard_gets_some_questions(tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path, name="runs", version="one")
    make_trainer(tmp_path, Predictions(), logger=logger).validate(Rote(), loader(), verbose=False)
    assert ids(tmp_path / "runs" / "one") == IDS
    events = EventAccumulator(str(tmp_path / "runs" / "one")).Reload()
    assert events.Scalars("val/accuracy")[0].value == pytest.approx(9 / 13)
    text = events.Tensors("questions/validation/text_summary")[0].tensor_proto.string_val[0].decode()
    assert text.count("\n") == 9
    assert "- \u2717 **?**; gold: odd (q-1) Is 1 odd? Or even?" in text


def test_fast_dev_run_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_trainer(tmp_path, Predictions(), fast_dev_run=True).validate(Rote(), loader(), verbose=False)
    assert list(tmp_path.iterdir()) == []


# What was there before.


def test_a_resumed_run_answers_the_rest(tmp_path: Path) -> None:
    die(tmp_path)
    module = predict(tmp_path)
    assert module.answered == IDS[4:]
    assert module.kept == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["predictions.jsonl", "run.json"]
    predict(tmp_path / "other")
    resumed, whole = ((place / "predictions.jsonl").read_bytes() for place in (tmp_path, tmp_path / "other"))
    assert resumed == whole


def test_a_finished_run_is_not_repeated(tmp_path: Path) -> None:
    predict(tmp_path)
    before = (tmp_path / "predictions.jsonl").read_bytes()
    module = predict(tmp_path)
    assert module.answered == []
    assert (tmp_path / "predictions.jsonl").read_bytes() == before
    # The numbers are of all questions, wherever they were answered.
    (logged,) = make_trainer(tmp_path, Predictions()).test(Rote(), loader(), verbose=False)
    assert logged["test/accuracy"] == pytest.approx(9 / 13)


def test_without_resuming_all_is_answered_anew(tmp_path: Path) -> None:
    predict(tmp_path)
    assert predict(tmp_path, Rote(size=2), resume=False).answered == IDS
    die(tmp_path / "killed")
    assert predict(tmp_path / "killed", resume=False).answered == IDS


def test_questions_that_this_run_does_not_ask_are_left_out(tmp_path: Path) -> None:
    die(tmp_path)
    assert predict(tmp_path, data=loader(3)).answered == []
    assert ids(tmp_path) == IDS[:3]
    assert predict(tmp_path).answered == IDS[3:]


def test_a_killed_process_is_resumed(tmp_path: Path) -> None:
    with pytest.raises(ProcessExitedException, match="SIGKILL"):
        forked(tmp_path, devices=1, stage="predict", dies_at_batch=3)
    # As if the kill had come in the middle of writing a line, and of a character.
    with (tmp_path / "predictions.shards" / "rank0.jsonl").open("ab") as file:
        file.write('{"id": "q-6", "question": "é'.encode()[:-1])
    module = Rote()
    module.fails_at_batch = 4  # three are answered, and one it answers
    with pytest.raises(KeyError):  # and again
        predict(tmp_path, module)
    assert predict(tmp_path).answered == IDS[8:]
    assert ids(tmp_path) == IDS


def test_any_number_of_processes_writes_the_same_file_resumed_or_not(tmp_path: Path) -> None:
    # Of 13 questions on two processes, the sampler gives one to both.
    asked = forked(tmp_path / "two", devices=2, stage="test")
    assert sorted(asked[0] + asked[1]) == sorted([*IDS, "q-0"])
    # Begun by two and gone on with by one; one may have died before the other's second batch.
    with pytest.raises(ProcessExitedException, match="SIGKILL"):
        forked(tmp_path / "fewer", devices=2, stage="predict", dies_at_batch=2)
    assert len(list((tmp_path / "fewer" / "predictions.shards").glob("rank*.jsonl"))) == 2
    assert 13 - 2 * 2 * 2 <= len(predict(tmp_path / "fewer").answered) < 13
    # Begun by one and gone on with by two.
    die(tmp_path / "more")
    asked = forked(tmp_path / "more", devices=2, stage="predict")
    assert {*asked[0], *asked[1]} == {*IDS[4:]}
    predict(tmp_path / "one")
    files = [(tmp_path / name / "predictions.jsonl").read_bytes() for name in ("one", "two", "fewer", "more")]
    assert len(set(files)) == 1
    run = read_run(tmp_path / "two")
    assert (run.about["processes"], run.about["correct"], run.about["split"]) == (2, 9, "test")
    assert not list(tmp_path.rglob("*.shards"))


# What is another run's.


class Stateful(Callback):
    """Answers may depend on what it has learned."""

    def __init__(self, *, strength: float = 1.0, learned: int = 0) -> None:
        self.strength = strength
        self.state = learned

    def state_dict(self) -> dict[str, int]:
        return {"learned": self.state}


def other_identity() -> Rote:
    module = Rote()
    module.identities = {"base": {**module.identities["base"], "sha256": "1"}}
    return module


def learned() -> Rote:
    module = Rote()
    module.weight.data += 1
    return module


@pytest.mark.parametrize("finished", [False, True])
def test_answers_of_another_run_are_refused_naming_what_differs(finished: bool, tmp_path: Path) -> None:
    if finished:
        predict(tmp_path, callbacks=[Stateful()])
    else:
        die(tmp_path, callbacks=[Stateful()])
    before = sorted((path, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file())
    changes = [
        ("method, model options", Rote(method="other"), Stateful()),
        ("models", other_identity(), Stateful()),
        ("learned state", learned(), Stateful()),
        ("model options", Rote(size=2), Stateful()),
        ("callbacks", Rote(), Stateful(strength=2.0)),
        ("callbacks", Rote(), Stateful(learned=1)),
    ]
    for what, module, callback in changes:
        with pytest.raises(UserError, match=rf"holds the answers of another run \({what} differ\)") as raised:
            predict(tmp_path, module, callbacks=[callback])
        assert "\n" not in str(raised.value)
        assert module.answered == []
    assert sorted((path, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file()) == before


def test_answers_to_other_data_are_refused(tmp_path: Path) -> None:
    die(tmp_path)
    changed = [example._replace(question="Else?") for example in questions(2)]
    with pytest.raises(UserError, match=r"holds answers to other data \(question id 'q-0' differs\); name this run"):
        predict(tmp_path, data=batches(changed))
    assert not (tmp_path / "predictions.jsonl").exists()
    assert predict(tmp_path).answered == IDS[4:]


def test_lightnings_own_callbacks_and_batches_change_no_answer(tmp_path: Path) -> None:
    die(tmp_path)
    assert (
        predict(tmp_path, data=DataLoader(questions(13), 5, collate_fn=list), callbacks=[Timer()]).answered == IDS[4:]
    )


def test_a_run_that_answered_nothing_is_in_nobodys_way(tmp_path: Path) -> None:
    module = Rote(size=2)
    module.fails_at_batch = 0
    with pytest.raises(KeyError):
        predict(tmp_path, module)
    assert predict(tmp_path).answered == IDS


def test_a_broken_shard_is_named(tmp_path: Path) -> None:
    die(tmp_path)
    shard = tmp_path / "predictions.shards" / "rank0.jsonl"
    shard.write_text(json.dumps(rote(questions(1)[0])._asdict()) + "\nnonsense\n")
    with pytest.raises(UserError, match=r"rank0\.jsonl:2: no answer of this package"):
        predict(tmp_path)


# Bad data.


def test_ids_that_occur_twice_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="question id 'q-0' occurs twice: make ids unique"):
        predict(tmp_path, data=batches(questions(3) * 2))
    assert not (tmp_path / "predictions.jsonl").exists()


def test_joining_keeps_each_question_once_in_natural_order() -> None:
    answers = [rote(example) for example in questions(12)]
    assert gather_answers([*answers[::-1], answers[3]], world_size=1) == answers
    with pytest.raises(UserError, match="'q-0' belongs to two different questions"):
        gather_answers([answers[0], answers[0]._replace(question="Else?")], world_size=1)
    with pytest.raises(UserError, match=r"no question was answered: check the data file and trainer\.limit"):
        gather_answers([], world_size=1)
