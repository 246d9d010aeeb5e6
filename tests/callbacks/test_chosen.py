"""Settings that were chosen, kept from being tested on what chose them."""

import json
from pathlib import Path
from typing import Any

import pytest

from lightning_latent.callbacks import Chosen, Predictions
from lightning_latent.data import LatentDataModule, ProsQA
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.chosen import count_seen, question_hash, read_chosen
from lightning_latent.evaluation.run import read_run
from tests.callbacks.answering import Rote, loader, make_trainer, questions

CHOSEN = {"settings": {"feedback.search_step": 0.1}, "tried": 4, "rule": "the most accurate", "n": 3, "accuracy": 0.5}


def write_sweep(folder: Path, examples: list[Example]) -> Path:
    folder.mkdir()
    (folder / "sweep.json").write_text(json.dumps({"chosen": CHOSEN}))
    (folder / "questions.txt").write_text("".join(f"{question_hash(example)}\n" for example in examples))
    return folder


def make_data(folder: Path, examples: list[Example]) -> LatentDataModule:
    rows = [{"id": e.id, "question": e.question, "steps": [], "answer": e.answer} for e in examples]
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return LatentDataModule(benchmark=ProsQA(), validation=path, test=path)


def test_a_question_is_the_same_however_it_is_spaced_and_spelt() -> None:
    first, second = questions(2)
    same = first._replace(id="other", question=first.question.upper().replace("\n", "  "))
    assert question_hash(same) == question_hash(first) != question_hash(second)
    assert len(question_hash(first)) == 16


def test_a_test_on_questions_that_chose_is_refused_and_counted(tmp_path: Path) -> None:
    sweep, module = write_sweep(tmp_path / "sweep", questions(3)), Rote()
    data = make_data(tmp_path, questions(9)[1:])
    message = rf"^2 of the test questions are among those on which {sweep} chose the settings"
    with pytest.raises(UserError, match=message):
        make_trainer(tmp_path / "run", Chosen(by=str(sweep)), Predictions()).test(module, data)
    assert module.asked == [] and not (tmp_path / "run").exists()
    with pytest.raises(UserError, match="needs the questions of a LatentDataModule"):
        make_trainer(tmp_path / "run", Chosen(by=str(sweep))).test(module, loader())


@pytest.mark.parametrize("stage", ["validate", "test"])
def test_the_run_says_how_its_settings_were_chosen(stage: str, tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path / "sweep", questions(3))
    data = make_data(tmp_path, questions(9)[slice(3, None) if stage == "test" else slice(None)])
    run = tmp_path / "run"
    getattr(make_trainer(run, Chosen(by=str(sweep)), Predictions()), stage)(Rote(), data, verbose=False)
    about = read_run(run).about
    assert about["chosen"] == {"by": str(sweep), **CHOSEN}
    # That a sweep chose the settings changes no answer: the run is the same without it.
    module = Rote()
    getattr(make_trainer(run, Chosen(), Predictions()), stage)(module, data, verbose=False)
    assert module.asked == [[]] and "chosen" not in read_run(run).about
    assert read_run(run).about["depends_on"] == about["depends_on"]


@pytest.mark.parametrize("content", [None, "{", "[]", '{"points": []}'])
def test_a_folder_without_a_sweep_is_named(content: Any, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "sweep.json").write_text(content)
    with pytest.raises(UserError, match=rf"^chosen\.by: .*{tmp_path}/sweep\.json"):
        read_chosen(tmp_path)
    with pytest.raises(UserError, match=r"there is no .*questions\.txt; run the sweep again"):
        count_seen(tmp_path, [])
