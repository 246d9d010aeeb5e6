"""One table from several rows, finished rows kept, bad input in one line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from rich.console import Console
from scipy.stats import binomtest

from lightning_latent.baselines import Answered, BatchRow, Row, evaluate
from lightning_latent.baselines.row import judge
from lightning_latent.baselines.table import console_table, markdown_table
from lightning_latent.data import GSM8K
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from tests.data.fixtures import FIXTURES

DATA = str(FIXTURES / "gsm8k" / "tiny.jsonl")  # four questions


class Fake(BatchRow):
    """Gives the right answer to some questions.

    Args:
        path: A directory.
        right: Which questions, by their place.
    """

    ran: ClassVar[list[str]] = []

    def __init__(self, *, path: str, right: Sequence[int] = (), tokens: int = 3) -> None:
        self.path = path
        self.right = list(right)
        self.tokens = tokens

    def load(self, *, benchmark: Benchmark, device: torch.device) -> None:
        self._benchmark = benchmark
        Fake.ran.append(self.path)

    def answer(self, examples: list[Example]) -> list[Answered]:
        return [
            judge(
                self._benchmark,
                example,
                example.answer if int(example.id.rpartition("/")[2]) in self.right else "",
                tokens=self.tokens,
                latents=6,
                text=f"Well, {example.answer}.",
            )
            for example in examples
        ]


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    Fake.ran.clear()


@pytest.fixture
def run(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "config.json").write_text(f'"{name}"')

    def call(rows: dict[str, Row] | None = None, **options) -> dict:
        rows = rows or {"First": Fake(path="a", right=[0, 1]), "Second": Fake(path="b", right=[1, 2, 3], tokens=5)}
        plan = {"benchmark": GSM8K(), "data": DATA, "runs": str(tmp_path / "runs"), "output": str(tmp_path / "out")}
        return evaluate(rows=rows, **{**plan, "batch_size": 3, "device": "cpu", **options})

    return call


def test_the_numbers_of_a_table(run, tmp_path):
    content = run(against="First")
    assert content == json.loads((tmp_path / "out" / "baselines.json").read_text())
    first, second = content["rows"]["First"], content["rows"]["Second"]
    assert (first["n"], first["correct"], first["accuracy"]) == (4, 2, 0.5)
    interval = binomtest(2, 4).proportion_ci(method="wilson")
    assert first["accuracy_ci95"] == pytest.approx([interval.low, interval.high])
    assert (first["tokens_per_question"], second["tokens_per_question"], second["latents"]) == (3.0, 5.0, 6)
    assert first["seconds_per_question"] > 0 and "gain" not in first
    assert second["gain"] == 0.25
    assert second["mcnemar"] == {"fixed": 2, "broken": 1, "p": 1.0}
    assert content["benchmark"] == "gsm8k" and content["n"] == 4 and content["missing"] == []


def test_both_tables_show_every_row(run, tmp_path):
    content = run(against="First")
    markdown = (tmp_path / "out" / "baselines.md").read_text()
    assert markdown == markdown_table(content)
    assert "| First | 50.0 [15.0, 85.0] | 3.00 |" in markdown
    assert "+25.0 [" in markdown and "| 2/1 | 1 |" in markdown
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(console_table(content))
    text = console.export_text()
    assert "gsm8k: 4 questions" in text and "50.0 [15.0, 85.0]" in text and "2/1" in text


def test_rows_come_from_two_places(run):
    content = run(
        {"First": Fake(path="a", right=[0, 1])}, more_rows={"Second": Fake(path="b", right=[1])}, against="Second"
    )
    assert list(content["rows"]) == ["First", "Second"] and content["rows"]["First"]["gain"] == 0.25


def test_without_a_row_to_compare_with_nothing_is_compared(run):
    content = run()
    assert "gain" not in content["rows"]["Second"] and "gain" not in markdown_table(content)


def test_finished_rows_are_kept(run):
    first = run()
    assert len(Fake.ran) == 2
    assert run() == first  # to the last second
    assert len(Fake.ran) == 2
    run(redo=True)
    assert len(Fake.ran) == 4


@pytest.mark.parametrize("what", ["options", "weights", "benchmark", "questions", "batch_size"])
def test_what_a_row_depends_on_makes_it_run_again(run, tmp_path, what):
    run()
    rows = {"First": Fake(path="a", right=[0, 1]), "Second": Fake(path="b", right=[1, 2, 3], tokens=5)}
    options = {}
    if what == "options":
        rows["First"] = Fake(path="a", right=[3])
    elif what == "weights":
        (tmp_path / "runs" / "a" / "config.json").write_text("other")
    elif what == "benchmark":
        options = {"benchmark": GSM8K(steps="sentences")}
    elif what == "questions":
        options = {"limit": 2}
    else:
        options = {"batch_size": 2}
    run(rows, **options)
    again = Fake.ran[2:]
    assert [Path(path).name for path in again] == (["a"] if what in ("options", "weights") else ["a", "b"])


def test_what_was_generated_is_kept_to_be_looked_at(run, tmp_path):
    run()
    answers = json.loads((tmp_path / "out" / "rows" / "first.json").read_text())["answers"]
    assert [answer["text"] for answer in answers] == [f"Well, {answer['gold']}." for answer in answers]
    assert answers[0]["prediction"] == answers[0]["gold"] and answers[2]["prediction"] == ""


def test_a_killed_table_goes_on_with_the_missing_row(run):
    class Killed(Fake):
        def answer(self, examples: list[Example]) -> list[Answered]:
            raise KeyboardInterrupt

    first = Fake(path="a", right=[0])
    with pytest.raises(KeyboardInterrupt):
        run({"First": first, "Second": Killed(path="b")})
    content = run({"First": Fake(path="a", right=[0]), "Second": Fake(path="b")})
    assert [Path(path).name for path in Fake.ran] == ["a", "b", "b"]
    assert list(content["rows"]) == ["First", "Second"]


def test_batches_hold_every_question_once(run):
    for batch_size in (1, 3, 64):
        content = run(batch_size=batch_size)
        assert content["rows"]["Second"]["correct"] == 3


def test_rows_that_are_not_there_are_named_or_left_out(run):
    rows = {"First": Fake(path="a"), "Third": Fake(path="c/reasoners/final")}
    with pytest.raises(UserError, match=r"row 'Third': nothing at 'c/reasoners/final'"):
        run(dict(rows))
    assert Fake.ran == []
    content = run(dict(rows), skip_missing=True)
    assert list(content["rows"]) == ["First"] and content["missing"] == ["Third"]
    with pytest.raises(UserError, match="the row 'Third' to compare with is missing"):
        run(dict(rows), skip_missing=True, against="Third")
    with pytest.raises(UserError, match="row 'Third'"):
        run({"Third": Fake(path="c/reasoners/final")}, skip_missing=True)


def test_a_mistyped_directory_is_no_hub_id(run, tmp_path):
    rows = {"First": Fake(path="a"), "Final": Fake(path="a/fnial")}
    with pytest.raises(UserError, match=r"row 'Final': nothing at 'a/fnial', nor in the folder of runs"):
        run(dict(rows))
    assert run(dict(rows), skip_missing=True)["missing"] == ["Final"]
    assert Fake(path="owner/name").locate(tmp_path / "runs")
    assert not Fake(path="coconut/reasoners/final").locate(tmp_path / "runs")


def test_what_was_taken_for_a_hub_id_is_said(run):
    class Absent(Fake):
        def load(self, *, benchmark: Benchmark, device: torch.device) -> None:
            raise UserError("cannot load a model from it")

    message = r"^row 'Other': cannot load a model from it \('other/final' was taken for a hub id: there is no such dir"
    with pytest.raises(UserError, match=message):
        run({"Other": Absent(path="other/final")})
    with pytest.raises(UserError, match=r"^row 'First': cannot load a model from it$"):
        run({"First": Absent(path="a")})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"against": "Nobody"}, "against is 'Nobody', which is no row; there is First, Second"),
        ({"data": "nowhere.json"}, "nowhere.json"),
        ({"rows": {"A b": Fake(path="a"), "a  B": Fake(path="b")}}, "would share a file"),
    ],
)
def test_bad_input_is_one_line(run, options, message):
    with pytest.raises(UserError, match=message) as error:
        run(**options)
    assert "\n" not in str(error.value)
    assert Fake.ran == []


def test_a_device_that_is_not_there(run):
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(UserError, match="device cuda is not available"):
        run(device="cuda")
