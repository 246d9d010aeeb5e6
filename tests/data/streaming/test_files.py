"""Files of every kind give their rows, and bad ones one clear line."""

import csv
import gzip
import json
import pickle

import pyarrow as pa
import pyarrow.parquet
import pytest

from lightning_latent.data import Benchmark, Example
from lightning_latent.data.streaming.row_source import open_file, open_rows
from lightning_latent.errors import UserError

OBJECTS = [{"a": 1}, {"a": "zwei \u2028 \u00e9"}, {"a": [3]}, {"b": "2020-01-01", "a": 2.5}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in OBJECTS)
KEYED = json.dumps({f"k{i}": row for i, row in enumerate(OBJECTS)})


class Anything(Benchmark):
    """Reads every row."""

    name = "any"

    def parse(self, row, *, index):
        return Example(str(index), str(row), (), "a")

    def extract(self, text):
        return text

    def matches(self, prediction, gold):
        return prediction == gold


def zstd(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


def decoded(path) -> list:
    """The rows, which are the same streamed and mapped, and after a copy to another process."""
    found = []
    for streaming in (True, False):
        rows = pickle.loads(pickle.dumps(open_file(str(path), streaming=streaming)))
        kept = [rows.row(key) for key in rows.keys()]  # noqa: SIM118 - no dictionary
        assert [row.number for row in kept] == list(range(rows.size))
        found.append([(rows.where(row), rows.decode(row.data)) for row in kept])
    assert found[0] == found[1]
    return [row for _, row in found[0]]


@pytest.mark.parametrize("pack", [(lambda data: data, ""), (gzip.compress, ".gz"), (zstd, ".zst")])
def test_every_kind_of_json_gives_the_same_rows(tmp_path, pack):
    compress, suffix = pack
    for number, (name, text) in enumerate(
        [
            ("rows.jsonl", LINES),
            ("rows.ndjson", LINES.replace("\n", "\r\n\n")),
            ("rows.jsonl", "\ufeff" + LINES.rstrip("\n")),
            ("rows.json", LINES),
            ("rows.json", json.dumps(OBJECTS)),
            ("rows.json", "\n" + json.dumps(OBJECTS, indent=2) + "\n"),
            ("rows.json", "\ufeff" + json.dumps(OBJECTS)),
        ]
    ):
        path = tmp_path / f"{number}{name}{suffix}"
        path.write_bytes(compress(text.encode()))
        assert decoded(path) == OBJECTS, path


@pytest.mark.parametrize("text", [KEYED, json.dumps(json.loads(KEYED), indent=1)])
def test_keys_become_ids(tmp_path, text):
    (tmp_path / "rows.json").write_text(text)
    assert decoded(tmp_path / "rows.json") == [{"id": f"k{i}", **row} for i, row in enumerate(OBJECTS)]


@pytest.mark.parametrize("name", ["rows.txt", "rows.tsv"])
def test_text_lines(tmp_path, name):
    (tmp_path / name).write_text("one\ttwo\n\n three \n")
    assert decoded(tmp_path / name) == [{"text": "one\ttwo"}, {"text": " three "}]


def test_tables(tmp_path):
    rows = [{"question": "one\ntwo, \u00e9", "answer": "007"}, {"question": "NA", "answer": ""}]
    with (tmp_path / "rows [1]*.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["question", "answer"])
        writer.writeheader()
        writer.writerows(rows)
    table = pa.Table.from_pylist(rows)
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    with pa.ipc.new_stream(tmp_path / "rows.arrow", table.schema) as stream:
        stream.write_table(table)
    for name in ("rows [1]*.csv", "rows.parquet", "rows.arrow"):
        assert decoded(tmp_path / name) == rows


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".zst", zstd)])
def test_several_frames_are_one_file(tmp_path, suffix, compress):
    path = tmp_path / f"rows.jsonl{suffix}"
    path.write_bytes(compress(b'{"a": 1}\n') + compress(b'{"a": 2}\n'))
    assert decoded(path) == [{"a": 1}, {"a": 2}]


def test_name_has_no_suffixes(tmp_path):
    (tmp_path / "train.v2.jsonl.gz").write_bytes(gzip.compress(b"{}\n"))
    assert open_file(str(tmp_path / "train.v2.jsonl.gz"), streaming=True).name == "train.v2"


def test_a_mapped_file_that_changes_is_read_anew(tmp_path):
    for text in ("one\n", "two\n"):
        (tmp_path / "rows.txt").write_text(text)
        assert decoded(tmp_path / "rows.txt") == [{"text": text.strip()}]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", b'{"a": 1}\n\n{"a": \n', r"a.jsonl:3: not JSON \(Expecting value.*column 7"),
        ("a.jsonl", b'{"a": 1}\n[2]\n', "a.jsonl:2: a row must be a JSON object, not list"),
        ("a.jsonl", b'{"a": 1}\n{"a": "\xff"}\n', "a.jsonl:2: not UTF-8"),
        ("a.txt", b"one\n\xff\n", "a.txt:2: not UTF-8"),
        ("a.json", b'{"a": 1}\n{"a": 2\n', "a.json:2: not JSON"),
        ("a.json", b'[{"a": 1},\n{"a" 2}]', "a.json:2: not JSON"),
        ("a.json", b'[{"a": 1},\n\n3]', "a.json:3: a row must be a JSON object, not int"),
        ("a.json", b'[{"a": 1}', "a.json:1: not JSON"),
        ("a.json", b'[{"a": 1}]\n]', "a.json:2: not JSON"),
        ("a.json", b'{"k": {"a": 1},\n"l": 2}', "a.json:2: a row must be a JSON object"),
        ("a.json", b'[{"a":\n"\xff"}]', "a.json:2: not UTF-8"),
        ("a.jsonl", b" \n\n", "a.jsonl:1: no rows"),
        ("a.json", b"[]", "a.json:1: no rows"),
        ("a.jsonl", b'{"a": 1}\n{"a": ' + b"[" * 100_000, "a.jsonl:2: not JSON that can be read"),
        ("a.json", b'{"a": ' + b"[" * 100_000, "a.json: not JSON that can be read"),
        ("a.jsonl.gz", gzip.compress(LINES.encode())[:-12], r"a.jsonl.gz:\d: cannot be read"),
        ("a.jsonl.zst", zstd(LINES.encode())[:-4], r"a.jsonl.zst:\d: cannot be read"),
        ("a.txt.gz", b"not gzip at all", "a.txt.gz:1: cannot be read"),
        ("a.parquet", b"no table", "a.parquet: cannot be read"),
        ("a.csv", b"a,b\n1,2,3\n4,5,6,7\n", "a.csv: cannot be read"),
        ("a.csv", b"a,b\n", "a.csv:1: no rows"),
        ("a.json.bz2", b"", "unknown kind of file; give .json, .jsonl"),
    ],
)
def test_bad_files_name_path_line_and_mend(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    for streaming in (True, False):
        with pytest.raises(UserError, match=message) as caught:
            list(open_rows(str(tmp_path / name), Anything(), default_split="test", streaming=streaming))
        assert "\n" not in str(caught.value) and "; " in str(caught.value)


def test_missing_file_says_so(tmp_path):
    with pytest.raises(UserError, match=r"none.json: no such file"):
        open_file(str(tmp_path / "none.json"), streaming=True)


def test_lines_are_decoded_one_by_one(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1}\nnot json\n')
    rows = open_file(str(tmp_path / "a.jsonl"), streaming=True)
    assert rows.size == 2
    assert rows.decode(next(rows.keys()).data) == {"a": 1}
