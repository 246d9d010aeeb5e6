"""Base and refined answers compared, as the content of ``comparison.json``."""

import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from lightning_latent.errors import UserError
from lightning_latent.metrics.paired import accuracy_ci, contrast
from lightning_latent.metrics.record import Record

BASE_ROW = "coconut"


def natural_key(id: str) -> tuple[list[str | int], str]:
    """Sort key that puts ``q2`` before ``q10``.

    >>> sorted(["q10", "q2", "a"], key=natural_key)
    ['a', 'q2', 'q10']
    """
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", id)], id


def merge_processes(parts: Iterable[Sequence[Record]]) -> list[Record]:
    """Join the processes' records, each question once.

    A sampler that pads gives some questions to two processes; the lowest rank's answer counts. Within one process an
    id may occur once only.

    Args:
        parts: One sequence of records a process, by rank.

    Returns:
        The records sorted by id, numbers within ids by their value.

    Raises:
        UserError: Two questions of the data have the same id.
    """
    merged: dict[str, Record] = {}
    for part in parts:
        _check_unique(part)
        for record in part:
            first = merged.setdefault(record.id, record)
            if first.question != record.question:
                raise UserError(f"question id {record.id!r} belongs to two different questions: make ids unique")
    return sorted(merged.values(), key=lambda record: natural_key(record.id))


def compare(
    records: Sequence[Record],
    seconds: Mapping[str, float],
    *,
    benchmark: str,
    split: str,
    best: str | None = None,
    seed: int | None = None,
    models: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Compare every refined row with the base row, question by question.

    The row reported as ``refined`` is chosen on validation, as the most accurate there (the first of equals), and never
    on another split: there it is ``best``, or without it the first refined row, and ``refined_chosen_on`` says which.

    Args:
        records: One record a question, all with the same rows.
        seconds: Row name to wall-clock seconds, summed over batches and processes.
        benchmark: The benchmark's name.
        split: ``"validation"`` or ``"test"``.
        best: The refined row that validation chose; ignored on validation itself.
        seed: The run's seed.
        models: Role to identity of the models at work.

    Returns:
        Plain numbers, strings, lists and dictionaries, in the order in which a reader wants them. Accuracies and gains
        are fractions of one. Without a refined row ``refined``, ``gain``, ``gain_ci95`` and ``mcnemar`` are null.

    Raises:
        UserError: There is no record, or an id occurs twice.
    """
    if not records:
        raise UserError(f"no question was answered on {split}: check the data file and trainer.limit_*_batches")
    _check_unique(records)
    names = _row_names(records)
    rows = {name: _refined_row(records, name, seconds) for name in names if name != BASE_ROW}
    refined, chosen_on = _choose(rows, split, best)
    return {
        "benchmark": benchmark,
        "split": split,
        "n": len(records),
        "base": {"row": BASE_ROW, **_row(records, BASE_ROW, seconds)},
        "refined": {"row": refined, **rows[refined]} if refined else None,
        "refined_chosen_on": chosen_on,
        "gain": rows[refined]["gain"] if refined else None,
        "gain_ci95": rows[refined]["gain_ci95"] if refined else None,
        "mcnemar": rows[refined]["mcnemar"] if refined else None,
        "rows": rows,
        "fallbacks": sum(record.fallback for record in records),
        "seed": seed,
        "versions": package_versions(),
        "models": dict(models or {}),
    }


def package_versions() -> dict[str, str | None]:
    """Give the versions that a result depends on; null for a package that is imported without being installed."""
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for package in ("lightning_latent", "torch", "lightning", "transformers"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return versions


def _check_unique(records: Sequence[Record]) -> None:
    seen: set[str] = set()
    for record in records:
        if record.id in seen:
            raise UserError(f"question id {record.id!r} occurs twice: make ids unique")
        seen.add(record.id)


def _row_names(records: Sequence[Record]) -> list[str]:
    names = list(records[0].answers)
    for record in records:
        if record.answers.keys() != set(names):
            raise ValueError(f"question {record.id!r} has rows {list(record.answers)}, others have {names}")
    return names


def _row(records: Sequence[Record], name: str, seconds: Mapping[str, float]) -> dict[str, Any]:
    n = len(records)
    correct = sum(record.answers[name].correct for record in records)
    return {
        "accuracy": correct / n,
        "accuracy_ci95": list(accuracy_ci(correct, n)),
        "correct": correct,
        "tokens_per_question": sum(record.answers[name].tokens for record in records) / n,
        "seconds": seconds[name],
    }


def _refined_row(records: Sequence[Record], name: str, seconds: Mapping[str, float]) -> dict[str, Any]:
    before, after = ([record.answers[row].correct for record in records] for row in (BASE_ROW, name))
    return {**_row(records, name, seconds), **contrast(before, after)}


def _choose(rows: Mapping[str, Mapping[str, Any]], split: str, best: str | None) -> tuple[str | None, str]:
    if not rows:
        return None, "none"
    if split == "validation":
        return max(rows, key=lambda name: rows[name]["correct"]), "validation"
    return (best, "validation") if best in rows else (next(iter(rows)), "none")
