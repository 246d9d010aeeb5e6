"""A comparison as a picture: each method's accuracy with its 95 % interval."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_latent.evaluation.table import small
from lightning_latent.io import replaced

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_comparison(comparison: Mapping[str, Any], path: Path) -> None:
    """Draw a dot and an interval a method, with the gain in words, into a PNG file."""
    from matplotlib.figure import Figure  # heavy; and without pyplot, which would keep the figure

    methods = dict(reversed(comparison["methods"].items()))
    figure = Figure(figsize=(7.5, 0.9 + 0.55 * len(methods)), layout="constrained")
    axis = figure.subplots()
    for place, (name, row) in enumerate(methods.items()):
        low, high = (100 * bound for bound in row["accuracy_ci95"])
        color = "tab:gray" if name == comparison["against"] else "tab:blue"
        axis.plot([low, high], [place, place], color=color, lw=4, alpha=0.6, solid_capstyle="butt")
        axis.plot(100 * row["accuracy"], place, "o", color="black", markersize=4)
        # Beside the plot, where no interval reaches.
        axis.text(1.02, place, _words(row), transform=axis.get_yaxis_transform(), va="center", fontsize=9)
    axis.set_yticks(range(len(methods)), list(methods))
    axis.set_ylim(-0.6, len(methods) - 0.4)
    axis.set_xlabel("accuracy, % (95 % interval)")
    axis.grid(axis="x", alpha=0.3)
    axis.set_title(f"{comparison['benchmark']}, {comparison['split']}: {comparison['n']:,} questions", fontsize=10)
    save_figure(figure, path)


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a figure into a PNG file, wholly or not at all."""
    with replaced(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")


def _words(row: Mapping[str, Any]) -> str:
    accuracy = f"{100 * row['accuracy']:.1f}"
    if "gain" not in row:
        return accuracy
    return f"{accuracy}  ({100 * row['gain']:+.1f}, p {small(row['p_holm'])})"
