"""Rows without gold answers: read where they are predicted, refused by a clear line where they would be judged."""

import json
from pathlib import Path

import pytest

from lightning_latent.data import (
    GSM8K,
    AquaRat,
    Benchmark,
    LatentDataModule,
    MathQA,
    ProntoQA,
    ProsQA,
    StrategyQA,
)
from lightning_latent.errors import UserError
from tests.models import QUESTIONS

LETTERED = "a ) 1 , b ) 2 , c ) 3 , d ) 4 , e ) 5"
OPTIONS = ["A)1", "B)2", "C)3", "D)4", "E)5"]
ROWS = [
    (ProsQA(), {"question": QUESTIONS[0]}, ("Bob is a lempus.", "Bob is a yumpus.")),
    (ProsQA(), {"question": QUESTIONS[0], "answer": None, "steps": None}, ("Bob is a lempus.", "Bob is a yumpus.")),
    (GSM8K(), {"question": "How many?"}, ()),
    (GSM8K(), {"question": "How many?", "steps": ["1+1=2"]}, ()),
    (AquaRat(), {"question": "How many?", "options": OPTIONS}, ("A) 1", "B) 2", "C) 3", "D) 4", "E) 5")),
    (
        MathQA(),
        {"Problem": "p", "options": LETTERED},
        ("A) 1", "B) 2", "C) 3", "D) 4", "E) 5"),
    ),
    (StrategyQA(), {"question": "Is it?"}, ("yes", "no")),
    (ProntoQA(), {"question": "Is it?"}, ("True", "False")),
]


@pytest.mark.parametrize(("benchmark", "row", "options"), ROWS)
def test_a_question_is_read_without_its_answer(benchmark: Benchmark, row: dict, options: tuple[str, ...]) -> None:
    example = benchmark.parse_question(row, index=3)
    assert (example.answer, example.steps, example.options) == ("", (), options)
    assert example.question.startswith(row.get("question", row.get("Problem")))
    with pytest.raises(ValueError):
        benchmark.parse(row, index=3)


def test_a_row_with_an_answer_keeps_it_and_a_bad_one_is_refused() -> None:
    row = {
        "Problem": "p",
        "options": LETTERED,
        "correct": "b",
        "linear_formula": "add(1,2)",
    }
    assert MathQA().parse_question(row, index=0) == MathQA().parse(row, index=0)
    with pytest.raises(ValueError, match="no field 'question'"):
        ProsQA().parse_question({"answer": "x", "steps": []}, index=0)


def test_only_predict_takes_them(tmp_path: Path) -> None:
    file = tmp_path / "open.jsonl"
    file.write_text(json.dumps({"question": QUESTIONS[0]}) + "\n")
    refused = r"open\.jsonl:1: not a row of ProsQA: no gold answer \(.*\); .* answer it by predict \(data\.predict\)"
    for split in ("train", "validation", "test"):
        with pytest.raises(UserError, match=refused):
            list(LatentDataModule(benchmark=ProsQA(), **{split: file}).source(split))
    (example,) = LatentDataModule(benchmark=ProsQA(), predict=file).source("predict")
    assert (example.question, example.answer, len(example.options)) == (QUESTIONS[0], "", 2)


def test_another_fault_of_a_row_is_still_named(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(json.dumps({"answer": "Bob is a lempus."}) + "\n")
    for split in ("test", "predict"):
        with pytest.raises(
            UserError, match=r"bad\.jsonl:1: not a row of ProsQA: no field 'question' .*; correct or remove the row"
        ):
            list(LatentDataModule(benchmark=ProsQA(), **{split: file}).source(split))
