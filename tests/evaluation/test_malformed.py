"""What a run has left, mangled: read as it was written, or one line that names the file."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_latent.evaluation import Answer, read_run
from lightning_latent.evaluation.comparison import compare
from lightning_latent.evaluation.journal import Journal
from lightning_latent.evaluation.run import PREDICTIONS, RUN, write_run
from tests.malformed import examples, one_line, values

ANSWER = Answer("a", "Why?", "3", "3", True, "### 3", 2, 0, 0.5)
ABOUT = {"method": "m", "benchmark": "gsm8k", "split": "test", "device": "cpu", "batch_size": 2, "depends_on": {}}
KEYS = [*Answer._fields, *ABOUT]


def mangled(content: dict, key: str, value: object) -> dict:
    return {name: item for name, item in {**content, key: value}.items() if item is not ...}


@examples(150)
@given(key=st.sampled_from(KEYS), value=values | st.just(...))
def test_a_mangled_run_is_compared_or_told(key, value, tmp_path):
    write_run(tmp_path / "run", ABOUT, [ANSWER])
    file = tmp_path / "run" / (RUN if key in ABOUT else PREDICTIONS)
    content = ABOUT if key in ABOUT else ANSWER._asdict()
    file.write_text(json.dumps(mangled(content, key, value)) + "\n")
    line = one_line(lambda: compare([read_run(tmp_path / "run")]))
    assert line is None or str(tmp_path) in line


@examples(60)
@given(content=st.binary(max_size=40), name=st.sampled_from([RUN, PREDICTIONS]))
def test_bytes_in_the_place_of_a_run_are_told(content, name, tmp_path):
    write_run(tmp_path / "run", ABOUT, [ANSWER])
    (tmp_path / "run" / name).write_bytes(content + b"\n")
    assert str(tmp_path) in (one_line(lambda: compare([read_run(tmp_path / "run")])) or "")


def shards(path: Path, *, about: str | None, answers: str | None) -> Journal:
    folder = path / "predictions.shards"
    folder.mkdir(parents=True)
    for name, content in ((RUN, about), ("rank0.jsonl", answers)):
        if content is not None:
            (folder / name).write_text(content)
    return Journal(path)


LINE = json.dumps(ANSWER._asdict()) + "\n"


@pytest.mark.parametrize(
    ("about", "answers", "said"),
    [
        ('{"benchmark": "pro', LINE, "run.json"),
        ("[]", None, "run.json"),
        ("", LINE, "run.json"),
        ('{"depends_on": 5}', LINE, "run.json: not the description of a run (depends_on"),
        (None, LINE, "holds answers without run.json"),
        ('{"depends_on": {"code": "other"}}', LINE, "code differ"),
        ('{"depends_on": {"code": "mine"}}', '{"id": 5}\n', "rank0.jsonl:1"),
    ],
)
def test_answers_of_unknown_origin_are_not_taken_up(about, answers, said, tmp_path):
    journal = shards(tmp_path / "run", about=about, answers=answers)

    def take_up() -> None:
        journal.claim({"code": "mine"})
        journal.read()

    assert said in (one_line(take_up) or "")


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "run").write_text("x")
    assert "is a file" in (one_line(lambda: Journal(tmp_path / "run").claim({})) or "")


def test_removing_leaves_no_answer_without_its_origin(tmp_path, monkeypatch):
    """Killed while it removes: `run.json` is there as long as an answer is."""
    journal = shards(tmp_path / "run", about='{"depends_on": {}}', answers=LINE)
    monkeypatch.setattr("shutil.rmtree", lambda path: None)
    journal.remove()
    assert [path.name for path in journal.shards.iterdir()] == [RUN]
