"""Answer the same questions in every row, and write one table."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from rich.console import Console

from lightning_latent.baselines.row import Answered, Row, RowRun, options_of
from lightning_latent.baselines.summary import summarise_all
from lightning_latent.baselines.table import console_table, markdown_table
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.data.streaming.row_source import open_rows
from lightning_latent.data.streaming.source import ExampleSource
from lightning_latent.errors import UserError
from lightning_latent.io import write_json, write_text
from lightning_latent.metrics.comparison import package_versions

Device = Literal["auto", "cpu", "cuda", "mps"]


def evaluate(
    *,
    benchmark: Benchmark,
    data: str | Path | ExampleSource,  # Path: see LatentDataModule
    output: str,
    rows: dict[str, Row] | None = None,
    more_rows: dict[str, Row] | None = None,
    runs: str = ".",
    against: str | None = None,
    skip_missing: bool = False,
    batch_size: int = 64,
    limit: int | None = None,
    device: Device = "auto",
    redo: bool = False,
) -> dict[str, Any]:
    """Answer the same questions in every row, and write one table.

    A finished row is kept and not answered again, as long as its options, its models' files, the benchmark's options,
    the questions, the batch size and the device stay the same.

    Args:
        benchmark: How answers are read and judged.
        data: The questions, written as `data.test` of the data module.
        output: Folder for `baselines.json`, `baselines.md` and the rows' answers.
        rows: Name to way of answering: Trained, Refined or Prompted.
        more_rows: Further rows: of two config files that give `rows`, the later one's would replace the other's.
        runs: Folder that the rows' relative paths start from.
        against: The row that every other is compared with, question by question.
        skip_missing: Leave out rows whose directory is not there, instead of refusing.
        batch_size: Questions answered at a time; latency depends on it.
        limit: Only the first so many questions.
        device: Where to compute; `auto` takes a GPU where there is one.
        redo: Answer finished rows again.

    Returns:
        The content of `baselines.json`.
    """
    rows = {**(rows or {}), **(more_rows or {})}
    _check_names(rows, against)
    missing = [name for name, row in rows.items() if not row.locate(Path(runs))]
    if missing and not (skip_missing and len(missing) < len(rows)):
        raise UserError(
            f"row {missing[0]!r}: nothing at {rows[missing[0]].path!r}, nor in the folder of runs {runs!r}; train it, "
            "correct the path, or set skip_missing to true"
        )
    if against in missing:
        raise UserError(f"the row {against!r} to compare with is missing; name another in against")
    examples = read_questions(data, benchmark, limit=limit)
    place = choose_device(device)
    measured = {"questions": digest(examples), "batch_size": batch_size, "device": device_name(place)}
    batches = [examples[start : start + batch_size] for start in range(0, len(examples), batch_size)]
    finished: dict[str, RowRun] = {}
    for name, row in rows.items():
        if name in missing:
            continue
        file = Path(output) / "rows" / f"{slug(name)}.json"
        key = {**depends_on(row, benchmark), **measured}
        kept = None if redo else load_row(file, key)
        if kept is None:
            kept = _run(name, row, batches, benchmark=benchmark, device=place)
            save_row(file, name, key, kept)
        finished[name] = kept
    content = {
        "benchmark": benchmark.name,
        "data": type(data).__qualname__ if isinstance(data, ExampleSource) else str(data),
        "n": len(examples),
        **measured,
        "against": against,
        "rows": summarise_all(finished, against=against),
        "missing": missing,
        "versions": package_versions(),
    }
    write_json(Path(output) / "baselines.json", content)
    write_text(Path(output) / "baselines.md", markdown_table(content))
    return content


def report(content: Mapping[str, Any]) -> None:
    """Print the table, whole even where the output is narrow or a file."""
    console = Console()
    console = console if console.is_terminal else Console(width=160)
    console.print(console_table(content))
    for name in content["missing"]:
        console.print(f"Left out, nothing there yet: {name}", markup=False)


def read_questions(data: str | Path | ExampleSource, benchmark: Benchmark, *, limit: int | None) -> list[Example]:
    """The questions to answer, in their source's order."""
    source = data
    if not isinstance(data, ExampleSource):
        source = open_rows(str(data), benchmark, default_split="test", streaming=True)
    examples = list(source)[:limit]
    if not examples:
        raise UserError(f"data {data!r} holds no question; name a file, or a hub dataset, with at least one")
    return examples


def choose_device(device: Device) -> torch.device:
    """The device of that name, `auto` being the accelerator where there is one; a `UserError` if it is not there."""
    if device == "auto":
        found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        return torch.device("cpu") if found is None else found
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device, True):
        raise UserError(f"device {device} is not available on this machine; set device to auto")
    return torch.device(device)


def device_name(device: torch.device) -> str:
    """What a latency was measured on."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def slug(name: str) -> str:
    """A row's name as a file name.

    >>> slug("CoT, likelihood")
    'cot_likelihood'
    """
    return re.sub(r"[^\w.-]+", "_", name.lower()).strip("_")


def digest(examples: list[Example]) -> str:
    """A hash of the questions and gold answers."""
    lines = (json.dumps([e.id, e.question, e.answer, *e.options]) for e in examples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def depends_on(row: Row, benchmark: Benchmark) -> dict[str, Any]:
    """What a row's answers depend on, apart from the questions and how they are batched."""
    judged = {name: str(value) for name, value in options_of(benchmark).items()}
    return {
        "row": row.options(),
        "benchmark": judged,
        "files": {str(path): file_hash(path) for path in row.files()},
    }


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_row(file: Path, name: str, key: Mapping[str, Any], run: RowRun) -> None:
    """Write a finished row with all its answers, atomically."""
    answers = [answer._asdict() for answer in run.answers]
    write_json(file, {"name": name, "depends_on": key, "seconds": run.seconds, "answers": answers})


def load_row(file: Path, key: Mapping[str, Any]) -> RowRun | None:
    """Read a finished row; None where there is none, or where it depends on something else."""
    if not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    if content["depends_on"] != json.loads(json.dumps(key)):
        return None
    return RowRun([Answered(**answer) for answer in content["answers"]], content["seconds"])


def _run(name: str, row: Row, batches: list[list[Example]], *, benchmark: Benchmark, device: torch.device) -> RowRun:
    try:
        return row.run(batches, benchmark=benchmark, device=device)
    except UserError as error:
        raise UserError(f"row {name!r}: {error}") from error


def _check_names(rows: Mapping[str, Row], against: str | None) -> None:
    if not rows:
        raise UserError("rows is empty; name at least one")
    if against is not None and against not in rows:
        raise UserError(f"against is {against!r}, which is no row; there is {', '.join(rows)}")
    slugs: dict[str, str] = {}
    for name in rows:
        other = slugs.setdefault(slug(name), name)
        if other != name:
            raise UserError(f"rows {other!r} and {name!r} would share a file; rename one")
