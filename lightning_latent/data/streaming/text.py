"""Files of text, line by line or as one JSON document, read without unpacking them to disk.

The bytes come from Arrow, and the rows are made here, because `datasets` is not exact on such files. Its JSON reader
makes a date of a text that looks like one and 1.0 of 1 where another row has 2.5, gives every row the fields of all,
takes an object of rows for one row, and names no line. Its text reader ends at the first byte that is no UTF-8 without
saying where, and forgets the encoding that it is given where a file is compressed. Zstd it leaves to a package that it
does not bring, with which a file that breaks off ends without a word. Its cache maps the rows into memory, undecoded.
"""

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from lightning_latent.data.streaming.rows import Row, Rows, in_one_line
from lightning_latent.errors import UserError

_MEANT = re.compile(r"[^\s,:]")  # where an element, a key, a value or the end of the document begins
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # how JSON writes a half of a pair of UTF-16; two of them may be whole


def open_text(path: str, *, name: str, suffix: str, streaming: bool) -> Rows:
    """Open `.txt` and `.tsv`, of which a row is `{"text": line}`, or JSON, one object a line or one document."""
    stream = partial(read_document if suffix == ".json" and is_document(path) else read_lines, path)
    rows = Rows(name, path, stream, as_text if suffix in (".txt", ".tsv") else as_json).counted()
    return rows if streaming or not rows.size else _mapped(rows)


def read_lines(path: str) -> Iterator[Row]:
    """One undecoded row a line; blank lines are no rows."""
    lines = ((line, data) for line, data in enumerate(_lines(path), start=1) if not data.isspace())
    return (Row(number, line, data) for number, (line, data) in enumerate(lines))


def read_document(path: str) -> Iterator[Row]:
    """The rows of a JSON document, which is held as text meanwhile, undecoded like lines."""
    data = b"".join(_lines(path))
    try:
        for number, (line, value) in enumerate(document_rows(data.decode("utf-8-sig"))):
            yield Row(number, line, json.dumps(value).encode())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: not UTF-8 ({error.reason}); save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        problem = f"not JSON ({error.msg}, column {error.colno})"
        raise UserError(f"{path}:{error.lineno}: {problem}; correct the file") from None
    except RecursionError:
        raise UserError(f"{path}: not JSON that can be read (nested too deeply); correct the file") from None
    except ValueError as error:  # a number of thousands of digits
        raise UserError(f"{path}: not JSON that can be read ({error}); correct the file") from None


def is_document(path: str) -> bool:
    """Whether a `.json` file is one document, by its first line that is not blank, rather than one row a line."""
    first = next((row.data for row in read_lines(path)), b"").removeprefix(b"\xef\xbb\xbf").lstrip()
    if not first.startswith(b"{"):
        return first.startswith(b"[")
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return True
    return bool(value) and all(isinstance(item, dict) for item in value.values())


def document_rows(text: str) -> Iterator[tuple[int, Any]]:
    r"""The elements of a JSON array, or the values of an object, each with its line; a `JSONDecodeError` if it is none.

    The key of an object's row becomes its `id`, unless it has one.

    >>> list(document_rows('[{"a": 1},\n{"a": 2}]'))
    [(1, {'a': 1}), (2, {'a': 2})]
    >>> list(document_rows('{"first": {"a": 1}}'))
    [(1, {'id': 'first', 'a': 1})]
    """
    keyed = isinstance(json.loads(text), dict)  # where it is not whole, this says so, with the line
    position, line, counted = text.index("{" if keyed else "[") + 1, 1, 0
    keys: set[str] = set()
    while text[position := next(_MEANT.finditer(text, position)).start()] not in "]}":
        line, counted = line + text.count("\n", counted, position), position
        try:
            value, position = _DECODER.raw_decode(text, position)
            if keyed:
                key, below = value, next(_MEANT.finditer(text, position)).start()
                without_repeated([(key, None), *((known, None) for known in keys & {key})])
                keys.add(key)
                value, position = _DECODER.raw_decode(text, below)
                value = {"id": key, **value} if isinstance(value, dict) else value
        except RepeatedKeyError as error:
            raise json.JSONDecodeError(str(error), text, position) from None
        yield line, value


def as_text(data: bytes) -> Mapping[str, Any]:
    r"""The row of a line of text; a `ValueError` if it is not UTF-8.

    >>> as_text(b"one\ttwo\n")
    {'text': 'one\ttwo'}
    """
    try:
        return {"text": data.decode("utf-8-sig").rstrip("\r\n")}
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 ({error.reason})") from None


def as_json(data: bytes) -> Mapping[str, Any]:
    """The row of a line of JSON; a `ValueError` if it is none.

    >>> as_json(b'{"a": [1]}')
    {'a': [1]}
    """
    try:
        value = _DECODER.decode(as_text(data)["text"])
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg}, column {error.colno})") from None
    except RecursionError:
        raise ValueError("not JSON that can be read (nested too deeply)") from None
    if not isinstance(value, dict):
        raise ValueError(f"a row must be a JSON object, not {type(value).__name__}")
    if _HALF.search(data):
        check_characters(value)
    return value


class RepeatedKeyError(ValueError):
    """A key that stands twice in one object of JSON, of whose values only one would be read."""


def without_repeated(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object of JSON with these keys and values; a `RepeatedKeyError` if two keys are the same.

    >>> without_repeated([("a", 1), ("a", 2)])
    Traceback (most recent call last):
    lightning_latent.data.streaming.text.RepeatedKeyError: the key 'a' occurs twice
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise RepeatedKeyError(f"the key {twice[:60]!r} occurs twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=without_repeated)


def check_characters(fields: Mapping[str, Any]) -> None:
    r"""Refuse, by a `ValueError`, text that no tokenizer reads and no file holds: a half of a pair of UTF-16.

    >>> check_characters({"answer": "\ud800"})
    Traceback (most recent call last):
    ValueError: answer holds '\ud800', half a character
    """
    for name, value in fields.items():
        try:
            f"{name}{json.dumps(value, ensure_ascii=False)}".encode()
        except UnicodeEncodeError as error:
            shown = name.encode("ascii", "backslashreplace").decode()
            raise ValueError(f"{shown} holds {error.object[error.start]!r}, half a character") from None


def _lines(path: str) -> Iterator[bytes]:
    """Decompressed on the way, files of several frames included; a truncated file is told from a whole one."""
    line = 0
    try:
        with io.BufferedReader(pa.input_stream(path, compression="detect"), 1 << 16) as stream:
            for data in stream:
                line += 1
                yield data
    except OSError as error:
        raise UserError(f"{path}:{line + 1}: cannot be read ({error}); fetch or pack the file again") from None


def _mapped(rows: Rows) -> Rows:
    """The same rows, written once to the cache of `datasets`; a file that has changed is another one there."""
    from datasets import Dataset, Features, Value  # takes a second, and streaming does not need it

    file = Path(rows.place)
    source = {"stream": rows.stream, "file": f"{file.resolve()} {file.stat().st_mtime_ns}"}
    features = Features({"line": Value("int64"), "data": Value("large_binary")})
    mend = "name another folder in HF_DATASETS_CACHE, or set data.streaming to true"
    with in_one_line(f"{rows.place}: cannot be mapped into memory", mend):
        return replace(rows, table=Dataset.from_generator(_columns, gen_kwargs=source, features=features))


def _columns(stream: Callable[[], Iterator[Row]], file: str) -> Iterator[Mapping[str, Any]]:
    return ({"line": row.line, "data": row.data} for row in stream())
