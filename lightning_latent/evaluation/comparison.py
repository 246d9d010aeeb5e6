"""Any number of runs over the same questions in one comparison, the content of `comparison.json`."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import natural_key
from lightning_latent.evaluation.paired import contrast, holm
from lightning_latent.evaluation.run import Run, summarise

PLAIN = "Coconut"
"""The method that leaves latents as they are thought."""


def compare(runs: Sequence[Run], *, against: str | None = None) -> dict[str, Any]:
    """Compare runs with one of them, question by question.

    Args:
        runs: At least one, all over the same questions.
        against: The method to compare with, or the folder of its run; by default `Coconut` where it is among the runs,
            else the first.

    Returns:
        Plain numbers, strings, lists and dictionaries. Accuracies and gains are fractions of one; `cost` is seconds
        relative to the run compared with; `p_holm` is corrected over the comparison.

    Raises:
        UserError: The runs answer different questions, or there is no run to compare with.
    """
    names = row_names(runs)
    base = _index_of(against, runs, names)
    check_same_questions(runs)
    methods = {name: {"run": str(run.path), **summarise(run.answers)} for name, run in zip(names, runs, strict=True)}
    for name, run in zip(names, runs, strict=True):
        if run.about.get("chosen"):
            methods[name]["chosen"] = run.about["chosen"]
    right = [_verdicts(run) for run in runs]
    others = [index for index in range(len(runs)) if index != base]
    seconds = methods[names[base]]["seconds_per_question"]
    for method in methods.values():
        method["cost"] = method["seconds_per_question"] / seconds if seconds else None
    paired = {index: contrast(right[base], right[index]) for index in others}
    corrected = holm([paired[index]["mcnemar"]["p"] for index in others])
    for index, p in zip(others, corrected, strict=True):
        changed = sum(a.answer != b.answer for a, b in zip(runs[base].answers, runs[index].answers, strict=True))
        methods[names[index]] |= {**paired[index], "p_holm": p, "answers_changed": changed}
    return {
        "benchmark": runs[base].about.get("benchmark"),
        "split": runs[base].about.get("split"),
        "n": len(runs[base].answers),
        "against": names[base],
        "methods": methods,
        "devices": sorted({str(run.about.get("device")) for run in runs}),
        "batch_sizes": sorted({run.about.get("batch_size") or 0 for run in runs}),
    }


def _verdicts(run: Run) -> list[bool]:
    verdicts = [answer.correct for answer in run.answers if answer.correct is not None]
    if len(verdicts) < len(run.answers):
        raise UserError(
            f"{run.path}: it holds predictions without gold answers, which cannot be compared; leave it out"
        )
    return verdicts


def row_names(runs: Sequence[Run]) -> list[str]:
    """The methods' names; runs of the same method are told apart by their folders, of which none may be named twice."""
    for folder, count in Counter(str(run.path) for run in runs).items():
        if count > 1:
            raise UserError(f"{folder} is named {count} times; name each run once")
    counts = Counter(run.method for run in runs)
    return [run.method if counts[run.method] == 1 else f"{run.method} ({run.path})" for run in runs]


def check_same_questions(runs: Sequence[Run]) -> None:
    """Refuse runs whose questions differ, by a `UserError` that says how many differ in what, and the first of them."""
    first = {answer.id: answer for answer in runs[0].answers}
    for run in runs[1:]:
        other = {answer.id: answer for answer in run.answers}
        differences = []
        for words, ids in (
            (f"only in {runs[0].path}", first.keys() - other.keys()),
            (f"only in {run.path}", other.keys() - first.keys()),
            ("asked otherwise", _unlike(first, other, "question")),
            ("with another gold answer", _unlike(first, other, "gold")),
        ):
            if ids:
                differences.append(f"{len(ids):,} {words} (first {min(ids, key=natural_key)})")
        if differences:
            raise UserError(
                f"{runs[0].path} and {run.path} answer different questions: {', '.join(differences)}; compare runs of "
                "the same data and split"
            )


def nothing_changed(comparison: dict[str, Any]) -> bool:
    """Whether there are methods beside the one compared with, and none of them gave another answer anywhere."""
    others = [row for row in comparison["methods"].values() if "answers_changed" in row]
    return bool(others) and all(row["answers_changed"] == 0 for row in others)


def _index_of(against: str | None, runs: Sequence[Run], names: Sequence[str]) -> int:
    if against is None:
        methods = [run.method for run in runs]
        return methods.index(PLAIN) if PLAIN in methods else 0
    for index, (run, name) in enumerate(zip(runs, names, strict=True)):
        if against in (name, run.method, str(run.path)):
            return index
    raise UserError(f"--against {against}: no run of that method; there is {', '.join(names)}")


def _unlike(first: dict[str, Any], other: dict[str, Any], field: str) -> set[str]:
    return {id for id in first.keys() & other.keys() if getattr(first[id], field) != getattr(other[id], field)}
