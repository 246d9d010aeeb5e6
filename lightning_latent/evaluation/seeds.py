"""Comparisons of several reasoners, such as training seeds, put together: the content of `seeds.json`.

A gain on one reasoner may be its own luck. With several, the reasoner is what is drawn at random: the interval of a
mean gain is over reasoners, however many questions each of them answered.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from scipy.stats import t

from lightning_latent.errors import UserError
from lightning_latent.evaluation.paired import holm, mcnemar_exact

SAME = ("benchmark", "split", "n", "against")


def mean_ci(values: Sequence[float], *, confidence: float = 0.95) -> tuple[float, float]:
    """Student's t interval of a mean, from at least two values.

    >>> mean_ci([1.0, 1.0, 1.0])
    (1.0, 1.0)
    """
    half = float(t.ppf((1 + confidence) / 2, len(values) - 1)) * stdev(values) / math.sqrt(len(values))
    return fmean(values) - half, fmean(values) + half


def combine_seeds(comparisons: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Put comparisons of the same methods on several reasoners together.

    Args:
        comparisons: Where each comes from, and the content of its `comparison.json`.

    Returns:
        Plain numbers, strings, lists and dictionaries, by method: means over reasoners; `gain_ci95`, Student's t
        interval of the mean gain; the questions fixed and broken in all, with the exact McNemar test of their sums
        (stratified by reasoner); `errors_removed`, the part of all errors. Methods that are not in all comparisons are
        in `left_out`.

    Raises:
        UserError: There are fewer than two, or they are of other questions or against another method.
    """
    if len(comparisons) < 2:
        raise UserError("the comparisons of at least two reasoners are needed; name one comparison.json for each")
    check_same(comparisons)
    contents = list(comparisons.values())
    counts = {name: sum(name in content["methods"] for content in contents) for c in contents for name in c["methods"]}
    against = contents[0]["against"]
    methods: dict[str, dict[str, Any]] = {}
    for name in (name for name, count in counts.items() if count == len(contents)):
        rows = [content["methods"][name] for content in contents]
        methods[name] = {**_means(rows), **({} if name == against else _paired(rows, contents))}
    others = [row for row in methods.values() if "p" in row]
    for row, p in zip(others, holm([row["p"] for row in others]), strict=True):
        row["p_holm"] = p
    return {
        **{key: contents[0][key] for key in SAME},
        "comparisons": list(comparisons),
        "methods": methods,
        "left_out": {name: count for name, count in counts.items() if count < len(contents)},
    }


def check_same(comparisons: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse comparisons of other questions, or against another method, by a `UserError` that says what differs."""
    (first, content), *others = comparisons.items()
    for path, other in others:
        for key in SAME:
            if other[key] != content[key]:
                raise UserError(
                    f"{first} and {path} differ in {key} ({content[key]} and {other[key]}); put comparisons of the "
                    "same questions, against the same method, together"
                )


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    accuracies, costs = [row["accuracy"] for row in rows], [row["cost"] for row in rows]
    return {
        "accuracy": fmean(accuracies),
        "accuracies": accuracies,
        "cost": None if None in costs else fmean(costs),
    }


def _paired(rows: Sequence[Mapping[str, Any]], contents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    gains = [row["gain"] for row in rows]
    fixed, broken = (sum(row["mcnemar"][key] for row in rows) for key in ("fixed", "broken"))
    base = [content["methods"][content["against"]] for content in contents]
    errors = sum(row["n"] - row["correct"] for row in base)
    return {
        "gain": fmean(gains),
        "gain_ci95": list(mean_ci(gains)),
        "gains": gains,
        "fixed": fixed,
        "broken": broken,
        "p": mcnemar_exact(fixed, broken),
        "errors_removed": (fixed - broken) / errors if errors else None,
    }
