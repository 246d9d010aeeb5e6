"""A sweep as a picture: a line for one key, a heatmap for two; of more keys the best over the others."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_latent.evaluation.figure import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_sweep(sweep: Mapping[str, Any], path: Path) -> None:
    """Draw the accuracies of `sweep.json` into a PNG file, with what was chosen marked."""
    from matplotlib.figure import Figure  # heavy; and without pyplot, which would keep the figure

    keys = sweep["keys"]
    widths = [len(values) for values in keys.values()]
    figure = Figure(figsize=(max(5.5, 2.0 + 0.9 * widths[-1 if len(keys) < 2 else 1]), 4.2), layout="constrained")
    (_line if len(keys) == 1 else _heatmap)(figure.subplots(), sweep)
    over = f", best over {', '.join(list(keys)[2:])}" if len(keys) > 2 else ""
    plain = f"plain Coconut {100 * sweep['plain']['accuracy']:.1f}"
    figure.suptitle(
        f"accuracy %{over}: {sweep['n']:,} validation questions of {sweep['benchmark']}; {plain}", fontsize=9
    )
    save_figure(figure, path)


def _line(axis: "Axes", sweep: Mapping[str, Any]) -> None:
    ((key, values),) = sweep["keys"].items()
    rows = sweep["points"]
    low, high = zip(*([100 * bound for bound in row["accuracy_ci95"]] for row in rows), strict=True)
    places = range(len(values))
    axis.fill_between(places, low, high, color="tab:blue", alpha=0.2, lw=0)
    axis.plot(places, [100 * row["accuracy"] for row in rows], "o-", color="tab:blue")
    axis.axhline(100 * sweep["plain"]["accuracy"], color="tab:gray", ls="--")
    chosen = [row["settings"] for row in rows].index(sweep["chosen"]["settings"])
    axis.plot(chosen, 100 * rows[chosen]["accuracy"], "o", color="black", markersize=10, fillstyle="none")
    axis.set_xticks(places, [str(value) for value in values])
    axis.set_xlabel(key)
    axis.set_ylabel("accuracy, % (95 % interval)")
    axis.grid(alpha=0.3)


def best_accuracies(sweep: Mapping[str, Any]) -> list[list[float]]:
    """The best accuracy for each value of the first key (rows) and of the second (columns), over all others."""
    (down, rows), (across, columns) = list(sweep["keys"].items())[:2]
    best = [[0.0] * len(columns) for _ in rows]
    for point in sweep["points"]:
        row, column = rows.index(point["settings"][down]), columns.index(point["settings"][across])
        best[row][column] = max(best[row][column], point["accuracy"])
    return best


def _heatmap(axis: "Axes", sweep: Mapping[str, Any]) -> None:
    (down, rows), (across, columns) = list(sweep["keys"].items())[:2]
    best = best_accuracies(sweep)
    axis.imshow(best, cmap="Blues", aspect="auto")
    middle = (min(map(min, best)) + max(map(max, best))) / 2
    for row, line in enumerate(best):
        for column, accuracy in enumerate(line):
            color = "white" if accuracy > middle else "black"
            axis.text(column, row, f"{100 * accuracy:.1f}", ha="center", va="center", color=color)
    settings = sweep["chosen"]["settings"]
    at = (columns.index(settings[across]), rows.index(settings[down]))
    axis.plot(*at, "s", color="tab:orange", markersize=36, fillstyle="none", markeredgewidth=2)
    axis.set_xticks(range(len(columns)), [str(value) for value in columns])
    axis.set_yticks(range(len(rows)), [str(value) for value in rows])
    axis.set_xlabel(across)
    axis.set_ylabel(down)
