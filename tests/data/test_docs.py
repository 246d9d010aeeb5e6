"""The documentation's code does what the documentation says."""

import importlib
import json
import re
from pathlib import Path

import pytest

from lightning_latent.data import Example, LatentDataModule
from lightning_latent.errors import UserError
from lightning_latent.testing import check_benchmark

DOCS = Path(__file__).parents[2] / "docs"
ROW = {"id": "q1", "problem": "12 + 30", "working": ["10 + 30 = 40", "40 + 2 = 42"], "result": "42"}


CHOICES = {"id": "1", "question": "How many?", "choices": ["24", "120"], "correct": "B", "why": ["12 * 10 = 120"]}


@pytest.fixture(autouse=True)
def examples_are_found(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "examples")


@pytest.fixture
def quiz():
    return importlib.import_module("my_project.quiz").Quiz()


def test_the_page_shows_the_files_and_they_are_short():
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "add_a_benchmark.md").read_text(), re.DOTALL)
    files = [(DOCS / "examples" / "my_project" / f"{name}.py").read_text() for name in ("quiz", "mcq")]
    assert blocks[:2] == files
    assert [len(file.splitlines()) <= most for file, most in zip(files, (30, 20), strict=True)] == [True, True]


def test_the_test_that_the_page_shows_passes():
    *_, block = re.findall(r"```python\n(.*?)```", (DOCS / "add_a_benchmark.md").read_text(), re.DOTALL)
    shown = {}
    exec(compile(block, "add_a_benchmark.md", "exec"), shown)
    shown["test_quiz"]()


def test_the_multiple_choice_of_the_page_passes_the_contract_test():
    benchmark = importlib.import_module("my_project.mcq").MyChoice()
    rows = [CHOICES, {**CHOICES, "id": "2", "choices": ["a", "b", "c"], "why": []}]
    examples = check_benchmark(benchmark, rows, malformed=[{**CHOICES, "correct": "C"}])
    assert examples[0].question == "How many?\nA) 24\nB) 120" and examples[0].answer == "B) 120"


def test_the_added_benchmark_works(quiz):
    example = quiz.parse(ROW, index=0)
    assert example.id == "q1"
    assert example.steps == ("10 + 30 = 40", "40 + 2 = 42")
    assert quiz.matches(quiz.extract("10 + 30 = 40\n### 42.0"), example.answer)
    assert not quiz.matches(quiz.extract("42"), example.answer)
    with pytest.raises(ValueError, match="no field 'problem'"):
        quiz.parse({}, index=0)


def test_the_added_benchmark_passes_the_contract_test(quiz):
    rows = [{**ROW, "id": f"q{number}"} for number in range(3)]
    check_benchmark(quiz, rows, malformed=[{key: ROW[key] for key in ("id", "problem", "working")}])


@pytest.mark.parametrize(
    ("taken", "row", "reason"),
    [
        ('row["result"]', {**ROW, "result": None}, "the adapter cannot read it (AttributeError: "),
        ('row["result"]', {"problem": "1 + 1", "working": []}, "the adapter cannot read it (KeyError: 'result')"),
        ('row["working"][0]', {**ROW, "working": 3}, "the adapter cannot read it (TypeError: "),
        ('row["working"][0]', {**ROW, "working": []}, "the adapter cannot read it (IndexError: "),
    ],
)
def test_rows_that_an_adapter_trips_over_are_reported_by_line(quiz, tmp_path, monkeypatch, taken, row, reason):
    parse = eval(f"lambda self, row, *, index: Example('1', {taken}.strip(), (), '2')", {"Example": Example})
    monkeypatch.setattr(type(quiz), "parse", parse)
    (tmp_path / "rows.jsonl").write_text("\n" + json.dumps(row))
    with pytest.raises(UserError) as caught:
        list(LatentDataModule(benchmark=quiz, test=str(tmp_path / "rows.jsonl")).test_dataloader())
    assert f"rows.jsonl:2: not a row of Quiz: {reason}" in str(caught.value)
    assert "\n" not in str(caught.value) and str(caught.value).endswith("; correct or remove the row")
