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
        '{"question": "q", "steps": [], "answer": "3", "text": ["\\udfff"]}',
        '{"question": "q", "steps": [], "answer": "3", "answer": "4"}',
        '{"question": "q", "steps": [], "answer": "3", "text": {"a": 1, "b": 2, "a": 1}}',
        '{"question": "q", "steps": [], "answer": ' + "9" * 5000 + "}",
        '{"question": ' + "[" * 20_000 + "]" * 20_000 + "}",
    ],
    ids=[
        "half a character",
        "half a character in a step",
        "half one elsewhere",
        "repeated key",
        "repeated below",
        "digits",
        "nesting",
    ],
)
@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
def test_traps_of_json_are_told_when_they_are_read(content, suffix, tmp_path):
    path = tmp_path / f"rows{suffix}"
    path.write_text(f"[{content}]" if suffix == ".json" else content + "\n")
    assert str(path) in (one_line(lambda: read(path, ProsQA())) or "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"question": "q", "answer": "#### 3\\ud800"}', ":1: answer holds '\\ud800', half a character"),
        ('{"question": "q", "answer": "#### 3", "answer": "#### 4"}', ":1: the key 'answer' occurs twice"),
    ],
    ids=["half a character", "repeated key"],
)
def test_a_line_that_says_two_things_or_half_a_one_is_named(content, said, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(content + "\n")
    assert str(path) + said in (one_line(lambda: read(path, GSM8K())) or "")


def test_whole_characters_written_as_pairs_are_read(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": "\\ud83d\\ude00?", "answer": "#### 3"}\n')
    assert read(path, GSM8K()) == ["\U0001f600?"]


def test_two_rows_of_one_key_are_told_by_their_line(tmp_path):
    path = tmp_path / "rows.json"
    row = '{"question": "q", "answer": "#### 3"}'
    path.write_text(f'{{"a": {row},\n"b": {row},\n"a": {row}}}')
    assert f"{path}:3: not JSON (the key 'a' occurs twice" in (one_line(lambda: read(path, GSM8K())) or "")


@pytest.mark.parametrize("damaged", [b"", b"abc" * 30], ids=["empty", "another"])
def test_a_damaged_table_is_told_once(damaged, tmp_path, capfd):
    path = tmp_path / "rows.parquet"
    path.write_bytes(damaged)
    assert str(path) in (one_line(lambda: read(path, GSM8K())) or "")
    assert capfd.readouterr().err == ""
