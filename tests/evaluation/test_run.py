"""A finished run in its folder."""

import json
from pathlib import Path

import pytest

from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer, natural_key, to_row
from lightning_latent.evaluation.run import read_run, write_run

ANSWERS = [
    Answer(f"q{n}", f"What\u2028is {n}?\n\x85", "a", "b|", n % 2 == 0, "text", 3, 6, 0.25, fallback=n == 1)
    for n in (10, 2, 1)
]
ABOUT = {"method": "mine", "benchmark": "prosqa"}


def test_what_is_written_is_read_in_natural_order(tmp_path: Path) -> None:
    write_run(tmp_path / "a" / "test", ABOUT, ANSWERS)
    run = read_run(tmp_path / "a" / "test")
    assert run.answers == [answer._replace(method="mine") for answer in ANSWERS[::-1]]
    assert (run.method, run.about, run.path) == ("mine", ABOUT, tmp_path / "a" / "test")
    assert read_run(str(tmp_path / "a")) == run  # the folder above it will do
    line = (run.path / "predictions.jsonl").read_text().split("\n")[0]
    assert json.loads(line) == to_row(ANSWERS[2]._replace(method="mine"))


def test_natural_order() -> None:
    ids = ["q10", "q9", "b1x2", "b1x10", "7", "q", "q09"]
    assert sorted(ids, key=natural_key) == ["7", "b1x2", "b1x10", "q", "q09", "q9", "q10"]


def test_what_is_no_run_is_one_line(tmp_path: Path) -> None:
    def refuse(message: str, folder: str = "") -> None:
        with pytest.raises(UserError, match=message) as raised:
            read_run(tmp_path / folder)
        assert "\n" not in str(raised.value)

    refuse("gone: no such folder; name the folder of a run", "gone")
    refuse("no finished answers in it")
    for name in ("a", "b"):
        write_run(tmp_path / name, ABOUT, ANSWERS)
    refuse("several finished runs in it; name one of .*a, .*b")
    (tmp_path / "a" / "predictions.jsonl").write_text(json.dumps(ANSWERS[0]._asdict()) + '\n{"id": "q1"}\n')
    refuse(r"a/predictions\.jsonl:2: no answer of this package \(question: .*required.*\); remove the folder", "a")
    for about in ("{", "[]", '{"method": 3}'):
        (tmp_path / "b" / "run.json").write_text(about)
        refuse(r"b/run\.json: not the description of a run", "b")
