"""Files that are either wholly there or not at all.

What is written goes to a temporary file in the same directory, is forced to disk, and takes the final name in one
atomic step. A reader, or a killed run, never sees half a file.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def replaced(path: str | Path) -> Iterator[Path]:
    """Give a temporary file to write to, which replaces ``path`` at the end, and not at all after an error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Opened by name rather than by `tempfile`, whose files stay readable by their owner alone after the rename.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if error.errno and error.filename in (None, str(temporary)):  # a write that fails does not say of which file
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` atomically, as UTF-8."""
    with replaced(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | Path, content: Mapping[str, Any]) -> None:
    """Write one JSON object atomically, indented; not-a-number and infinity are refused: JSON has neither."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_jsonl(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line atomically."""
    write_text(path, "".join(json_line(row) for row in rows))


def json_line(row: Mapping[str, Any]) -> str:
    r"""Give ``row`` as one line of JSON, its newline included.

    >>> json_line({"id": "a", "correct": True})
    '{"id": "a", "correct": true}\n'
    """
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"
