"""The page's pictures, as SVG that a page can hold."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lightning_latent.doctor.telling import CHANGES
from lightning_latent.showing.drawing import new_figure, plain_axis, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OWN_COLOR, CHANGED_COLOR, SWAP_COLOR = "#1b6ca8", "#9aa5b1", "#d1603d"


def dependence_picture(report: Mapping[str, Any]) -> str:
    """Accuracy with its interval by what stands in the place of the latents."""
    rows = [("as they are thought", report["own"])]
    rows += [(CHANGES[name], entry["accuracy"]) for name, entry in report["dependence"].items()]
    figure = new_figure(4.8, 0.5 + 0.36 * len(rows))
    axis = figure.subplots()
    for place, (_, entry) in enumerate(reversed(rows)):
        color = OWN_COLOR if place == len(rows) - 1 else CHANGED_COLOR
        low, high = entry["ci95"]
        axis.barh(place, 100 * entry["share"], color=color, height=0.62)
        axis.plot([100 * low, 100 * high], [place, place], color="black", lw=1.2)
    axis.set_yticks(range(len(rows)), [name for name, _ in reversed(rows)])
    axis.set_xlim(0, 100)
    axis.set_xlabel("right, %")
    _guessing(axis, report["chance"], vertical=True)
    plain_axis(axis)
    return svg(figure)


def place_picture(report: Mapping[str, Any]) -> str:
    """Accuracy by the latent at which thinking stops, and by the one that is swapped."""
    place = report["place"]
    figure = new_figure(4.8, 3.1)
    axis = figure.subplots()
    _band(axis, range(len(place["stop"])), place["stop"], OWN_COLOR, "thinking stops here")
    _band(axis, range(1, len(place["swap"]) + 1), place["swap"], SWAP_COLOR, "this one is another question's")
    axis.set_xticks(range(len(place["stop"])), ["none", *map(str, range(1, len(place["stop"])))])
    axis.set_ylim(0, 102)
    axis.set_xlabel("latent")
    axis.set_ylabel("right, %")
    _guessing(axis, report["chance"], vertical=False)
    axis.legend(frameon=False, fontsize=8)
    plain_axis(axis)
    return svg(figure)


def steps_picture(steps: Mapping[str, Any]) -> str:
    """How often each latent says each gold step, beside what another question's latents say."""
    figure = new_figure(4.8, max(2.4, 1.2 + 0.2 * len(steps["matrix_own"])))
    left, right = figure.subplots(1, 2, sharey=True)
    for axis, whose, title in ((left, "own", "own latents"), (right, "other", "another question's")):
        matrix = steps[f"matrix_{whose}"]
        shown = axis.imshow(matrix, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axis.set_xticks(range(len(matrix[0])), range(1, len(matrix[0]) + 1))
        axis.set_yticks(range(len(matrix)), range(1, len(matrix) + 1))
        axis.set_title(title, fontsize=9)
        axis.set_xlabel("gold step")
    left.set_ylabel("latent")
    figure.colorbar(shown, ax=[left, right], label="says it, share of questions")
    return svg(figure)


def _band(axis: "Axes", places: Sequence[int], entries: Sequence[Mapping[str, Any]], color: str, label: str) -> None:
    """A line of accuracies over their intervals."""
    accuracies = [entry["accuracy"] for entry in entries]
    low, high = zip(*(entry["ci95"] for entry in accuracies), strict=True)
    axis.fill_between(places, [100 * x for x in low], [100 * x for x in high], color=color, alpha=0.2, lw=0)
    axis.plot(
        places, [100 * entry["share"] for entry in accuracies], "o-", color=color, markersize=3.5, lw=1.4, label=label
    )


def _guessing(axis: "Axes", chance: float | None, *, vertical: bool) -> None:
    if chance is not None:
        (axis.axvline if vertical else axis.axhline)(100 * chance, color="#555", lw=1, ls=":", zorder=0)
