"""Rows by the hundred that no benchmark was made for: an example, or one line that names the file and the row."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_latent.data import GSM8K, AquaRat, Benchmark, MathQA, ProntoQA, ProsQA, StrategyQA
from lightning_latent.data.streaming.row_source import open_rows
from tests.malformed import examples, one_line, values

BENCHMARKS = [GSM8K(), AquaRat(), MathQA(), ProntoQA(), ProsQA(), StrategyQA()]
FIELDS = ["question", "answer", "steps", "options", "correct", "rationale", "text", "id", "Problem", "Rationale"]
FIELDS += ["annotated_formula", "facts", "context", "chain_of_thought", "qid", "linear_formula", "query"]

rows = st.dictionaries(st.sampled_from(FIELDS), values, min_size=1, max_size=6) | values


def read(path: Path, benchmark: Benchmark) -> list[str]:
    source = open_rows(str(path), benchmark, default_split="test", streaming=True)
    return [example.question for example in source]


def is_named(line: str | None, path: Path) -> bool:
    return line is None or str(path) in line


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda benchmark: benchmark.name)
@examples(30)
@given(row=rows, suffix=st.sampled_from([".jsonl", ".json"]))
def test_a_row_of_any_kind_is_an_example_or_a_line(benchmark, row, suffix, tmp_path):
    path = tmp_path / f"rows{suffix}"
    path.write_text(json.dumps([row] if suffix == ".json" else row) + "\n")
    assert is_named(one_line(lambda: read(path, benchmark)), path)


@examples(60)
@given(content=st.binary(max_size=60), suffix=st.sampled_from([".jsonl", ".json", ".txt", ".tsv"]))
def test_bytes_of_any_kind_are_told_in_one_line(content, suffix, tmp_path):
    path = tmp_path / f"rows{suffix}"
    path.write_bytes(content)
    line = one_line(lambda: read(path, GSM8K()))
    assert line is not None and is_named(line, path)


@pytest.mark.parametrize(
    "content",
    [
        '{"question": "a \\ud800 b", "steps": [], "answer": "3"}',
        '{"question": "q", "steps": ["\\udfff"], "answer": "3"}',
        '{"question": "q", "steps": [], "answer": ' + "9" * 5000 + "}",
        '{"question": ' + "[" * 20_000 + "]" * 20_000 + "}",
    ],
    ids=["half a character", "half a character in a step", "digits", "nesting"],
)
@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
def test_traps_of_json_are_told_when_they_are_read(content, suffix, tmp_path):
    path = tmp_path / f"rows{suffix}"
    path.write_text(f"[{content}]" if suffix == ".json" else content + "\n")
    assert str(path) in (one_line(lambda: read(path, ProsQA())) or "")
