"""Rows summed up and compared, as the content of `baselines.json`."""

from collections.abc import Mapping
from typing import Any

from lightning_latent.baselines.row import RowRun
from lightning_latent.metrics.paired import accuracy_ci, contrast


def summarise(run: RowRun) -> dict[str, Any]:
    """Accuracy and cost of one row.

    Args:
        run: All questions with the row's answers, at least one.

    Returns:
        Plain numbers; accuracies are fractions of one, with Wilson's 95 % interval.
    """
    n = len(run.answers)
    correct = sum(answer.correct for answer in run.answers)
    return {
        "n": n,
        "correct": correct,
        "accuracy": correct / n,
        "accuracy_ci95": list(accuracy_ci(correct, n)),
        "tokens_per_question": sum(answer.tokens for answer in run.answers) / n,
        "seconds_per_question": run.seconds / n,
        "latents": run.answers[0].latents,
    }


def summarise_all(runs: Mapping[str, RowRun], *, against: str | None) -> dict[str, dict[str, Any]]:
    """Sum up all rows, and compare each with one of them.

    Args:
        runs: Name to run, all of the same questions.
        against: The row to compare with; None compares nothing.
    """
    rows = {name: summarise(run) for name, run in runs.items()}
    if against is not None:
        right = {name: [answer.correct for answer in run.answers] for name, run in runs.items()}
        for name in rows.keys() - {against}:
            rows[name] |= contrast(right[against], right[name])
    return rows
