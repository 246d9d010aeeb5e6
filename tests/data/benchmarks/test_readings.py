"""The table of texts and their right readings, to which a line is all that another text takes."""

import re
from collections import Counter
from pathlib import Path

import pytest

from lightning_latent.data import GSM8K, AquaRat, StrategyQA
from lightning_latent.data.answers.numbers import read_number
from lightning_latent.data.answers.options import same_option

BENCHMARKS = {"number": GSM8K(), "option": AquaRat(), "word": StrategyQA()}


def readings(kind: str) -> list[tuple[str, str]]:
    """Text and reading of every line of a kind; the reading `-` is no answer."""
    lines = (Path(__file__).parent / "readings.tsv").read_text(encoding="utf-8").split("\n")
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(unescaped(text), "" if reading == "-" else reading) for name, reading, text in rows if name == kind]


def unescaped(text: str) -> str:
    signs = {"n": "\n", "t": "\t", "\\": "\\"}
    return re.sub(r"\\(?:u([0-9a-f]{4})|([nt\\]))", lambda m: chr(int(m[1], 16)) if m[1] else signs[m[2]], text)


def right(kind: str, answer: str, reading: str) -> bool:
    if not reading or not answer:
        return answer == reading
    if kind == "number":
        found, wanted = read_number(answer), read_number(reading)
        # A unit that the reading names must have been read: 15 cents are not 15.
        unit = found is not None and wanted is not None and bool(found.unit.kind or not wanted.unit.kind)
        return unit and BENCHMARKS[kind].matches(answer, reading)
    if kind == "option":
        return answer == reading if len(reading) == 1 else same_option(answer, reading)
    return answer == reading


@pytest.mark.parametrize("kind", BENCHMARKS)
def test_texts_are_read_as_a_person_reads_them(kind):
    rows = readings(kind)
    wrong = [
        (text, answer, reading)
        for text, reading in rows
        if not right(kind, answer := BENCHMARKS[kind].extract(text), reading)
    ]
    assert not wrong, "\n".join(map(repr, wrong))


def test_table_is_large_and_no_text_is_read_twice():
    rows = [(kind, text) for kind in BENCHMARKS for text, _ in readings(kind)]
    assert len(rows) >= 300
    assert [row for row, count in Counter(rows).items() if count > 1] == []
    assert all(sum(reading == "" for _, reading in readings(kind)) >= 10 for kind in BENCHMARKS)
