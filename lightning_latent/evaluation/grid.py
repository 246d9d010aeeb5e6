"""A grid of settings: which values of which keys are tried, and which of them is chosen."""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from lightning_latent.errors import UserError

Settings = Mapping[str, str]
"""Key to value, as they are written on the command line."""


def read_over(text: str) -> tuple[str, list[str]]:
    """Read a key and its values, `KEY=VALUE,VALUE`; commas within brackets do not separate.

    Raises:
        UserError: There is no key or no value, or a value occurs twice.

    >>> read_over("feedback.slot=same,next")
    ('feedback.slot', ['same', 'next'])
    >>> read_over("data.limits=[1,2],null")
    ('data.limits', ['[1,2]', 'null'])
    """
    key, _, listed = text.partition("=")
    values, depth = [""], 0
    for letter in listed:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            values.append("")
        else:
            values[-1] += letter
    values = [value.strip() for value in values]
    if not re.fullmatch(r"\w+(\.\w+)*", key) or "" in values:
        raise UserError(f"--over {text}: write KEY=VALUE,VALUE, such as feedback.search_step=0.01,0.05")
    if len(set(values)) < len(values):
        raise UserError(f"--over {text}: a value occurs twice; name each once")
    return key, values


def read_grid(over: Sequence[str]) -> dict[str, list[str]]:
    """Read several keys with their values; a `UserError` where a key occurs twice."""
    grid: dict[str, list[str]] = {}
    for text in over:
        key, values = read_over(text)
        if key in grid:
            raise UserError(f"--over {key} is given twice; list all its values at once")
        grid[key] = values
    return grid


def points(grid: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """All settings of a grid, the last key changing fastest.

    >>> points({"a": ["1", "2"], "b": ["x"]})
    [{'a': '1', 'b': 'x'}, {'a': '2', 'b': 'x'}]
    """
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """The last part of each key, or the whole key where that is another's as well.

    >>> short_names(["feedback.search_step", "model.loop"])
    {'feedback.search_step': 'search_step', 'model.loop': 'loop'}
    >>> short_names(["views.seed", "data.seed"])
    {'views.seed': 'views.seed', 'data.seed': 'data.seed'}
    """
    last = [key.rpartition(".")[2] for key in keys]
    return {key: name if last.count(name) == 1 else key for key, name in zip(keys, last, strict=True)}


def words(settings: Mapping[str, Any]) -> str:
    """Settings for people.

    >>> words({"feedback.search_step": 0.05, "blending.memory_rate": 0})
    'search_step 0.05, memory_rate 0'
    """
    names = short_names(list(settings))
    return ", ".join(f"{names[key]} {value}" for key, value in settings.items())


def choose(
    rows: Sequence[Mapping[str, Any]], *, most_cost: float | None = None, least_accuracy: float | None = None
) -> int:
    """Choose one of several rows of a comparison.

    The most accurate one, among those that cost at most `most_cost`; or the cheapest one that reaches `least_accuracy`.
    Of equals the cheaper, or more accurate one, then the first.

    Args:
        rows: What each gave: `accuracy`, and `cost`, seconds a question relative to plain Coconut.
        most_cost: Greatest cost.
        least_accuracy: Smallest accuracy, a fraction of one.

    Raises:
        UserError: None of them is as cheap, or as accurate.
    """
    within = [
        index
        for index, row in enumerate(rows)
        if (most_cost is None or row["cost"] <= most_cost)
        and (least_accuracy is None or row["accuracy"] >= least_accuracy)
    ]
    if not within and least_accuracy is not None:
        best = max(row["accuracy"] for row in rows)
        raise UserError(f"no setting reaches --least_accuracy {least_accuracy}; the best has {best:.4g}")
    if not within:
        cheapest = min(row["cost"] for row in rows)
        raise UserError(f"no setting costs at most --most_cost {most_cost}; the cheapest costs {cheapest:.2f}")
    if least_accuracy is not None:
        return min(within, key=lambda index: (rows[index]["cost"], -rows[index]["accuracy"]))
    return min(within, key=lambda index: (-rows[index]["accuracy"], rows[index]["cost"]))


def rule(*, most_cost: float | None = None, least_accuracy: float | None = None) -> str:
    """What `choose` goes by, for people."""
    if least_accuracy is not None:
        return f"the cheapest that reaches {100 * least_accuracy:g} %"
    if most_cost is not None:
        return f"the most accurate at no more than {most_cost:g} times plain Coconut's seconds"
    return "the most accurate, of equals the cheaper"
