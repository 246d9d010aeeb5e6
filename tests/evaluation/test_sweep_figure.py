"""A sweep as a picture, for any number of keys."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib import image, pyplot

from lightning_latent.evaluation.grid import points
from lightning_latent.evaluation.sweep_figure import best_accuracies, draw_sweep

GRID: dict[str, list[Any]] = {"a.x": [0.1, 0.2], "b.y": ["same", "next", None], "c.z": [1, 2]}


def sweep(count: int) -> dict[str, Any]:
    keys = {key: GRID[key] for key in list(GRID)[:count]}
    rows = [
        {"settings": one, "accuracy": 0.5 + number / 100, "accuracy_ci95": [0.4, 0.9]}
        for number, one in enumerate(points(keys))
    ]
    chosen = {"settings": rows[-1]["settings"]}
    return {
        "benchmark": "prosqa",
        "n": 40,
        "keys": keys,
        "plain": {"accuracy": 0.45},
        "points": rows,
        "chosen": chosen,
    }


@pytest.mark.parametrize("count", [1, 2, 3])
def test_picture_is_drawn_and_not_kept(count: int, tmp_path: Path) -> None:
    draw_sweep(sweep(count), tmp_path / "sweep.png")
    height, width, _ = image.imread(tmp_path / "sweep.png").shape
    assert width > height > 300
    assert pyplot.get_fignums() == []


def test_of_more_than_two_keys_the_best_over_the_others_is_shown() -> None:
    # The last key changes fastest, and what comes later is better: its second value counts.
    upper, lower = best_accuracies(sweep(3))
    assert upper == pytest.approx([0.51, 0.53, 0.55]) and lower == pytest.approx([0.57, 0.59, 0.61])
