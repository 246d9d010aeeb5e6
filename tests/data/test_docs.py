"""The documentation's code does what the documentation says."""

import importlib
import json
import re
from pathlib import Path

import pytest

from lightning_latent.data import LatentDataModule
from lightning_latent.errors import UserError

from .benchmarks import test_contract as contract

DOCS = Path(__file__).parents[2] / "docs"
ROW = {"id": "q1", "problem": "12 + 30", "working": ["10 + 30 = 40", "40 + 2 = 42"], "result": "42"}


@pytest.fixture
def quiz(tmp_path, monkeypatch):
    """The adapter, in the file that its first line names."""
    code = re.search(r"```python\n(.*?)```", (DOCS / "add_a_benchmark.md").read_text(), re.DOTALL)[1]
    assert len(code.splitlines()) <= 20
    file = tmp_path / code.splitlines()[0].removeprefix("# ")
    file.parent.mkdir()
    file.write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("my_project.quiz").Quiz()


def test_the_added_benchmark_works(quiz):
    example = quiz.parse(ROW, index=0)
    assert example.id == "q1"
    assert example.steps == ("10 + 30 = 40", "40 + 2 = 42")
    assert quiz.matches(quiz.extract("10 + 30 = 40\n### 42.0"), example.answer)
    assert not quiz.matches(quiz.extract("42"), example.answer)
    with pytest.raises(ValueError, match="no field 'problem'"):
        quiz.parse({}, index=0)


def test_the_added_benchmark_passes_the_contract_test(quiz, tmp_path):
    (tmp_path / "quiz").mkdir()
    rows = [{**ROW, "id": f"q{number}"} for number in range(3)]
    (tmp_path / "quiz" / "tiny.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    contract.check_file(quiz, str(tmp_path / "quiz" / "tiny.jsonl"), 3)
    contract.check_adapter(quiz, {key: ROW[key] for key in ("id", "problem", "working")})


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
    parse = eval(f"lambda self, row, *, index: Example('1', {taken}.strip(), (), '2')", vars(contract))
    monkeypatch.setattr(type(quiz), "parse", parse)
    (tmp_path / "rows.jsonl").write_text("\n" + json.dumps(row))
    with pytest.raises(UserError) as caught:
        list(LatentDataModule(benchmark=quiz, test=str(tmp_path / "rows.jsonl")).test_dataloader())
    assert f"rows.jsonl:2: not a row of Quiz: {reason}" in str(caught.value)
    assert "\n" not in str(caught.value) and str(caught.value).endswith("; correct or remove the row")
