"""One question's thoughts as a picture: which gold step each latent speaks of, by one way of thinking or several."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lightning_latent.showing.drawing import new_figure, plain_axis
from lightning_latent.showing.html import visible
from lightning_latent.showing.style import STEP_COLORS
from lightning_latent.showing.words import Thought

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

OTHER_COLOR = "#e9ecef"
WIDTH = 6.4  # inches, of one question's picture
_ROW, _REST, _LINE = 1.7, 1.2, 0.18


def thought_figure(
    ways: Mapping[str, Sequence[Thought]], steps: Sequence[str], *, title: str = "", moved: Sequence[float] = ()
) -> "Figure":
    """Draw the T latents of one question as bars: of the question's own words, how much of each gold step they speak.

    Upon each bar stands the likeliest of these words. Several ways of thinking stand one below the other, and below
    them how far each latent was moved.

    Args:
        ways: The thoughts by the name of each way, one at least.
        steps: The gold steps, in order.
        title: What the question is.
        moved: Of each latent, the distance between the two ways as a fraction of its length; none is drawn without.
    """
    figure = new_figure(WIDTH, height(ways, steps, moved))
    draw_thoughts(figure, ways, steps, title=title, moved=moved)
    return figure


def height(ways: Mapping[str, Sequence[Thought]], steps: Sequence[str], moved: Sequence[float]) -> float:
    """How many inches a question's picture is high."""
    return _REST + sum(_heights(ways, moved)) * _ROW + _LINE * (len(steps) + 1)


def draw_thoughts(
    figure: "FigureBase",
    ways: Mapping[str, Sequence[Thought]],
    steps: Sequence[str],
    *,
    title: str,
    moved: Sequence[float],
) -> None:
    """Draw a question's thoughts into a figure, or a part of one; see `thought_figure`."""
    heights = _heights(ways, moved)
    axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (name, thoughts) in zip(axes, ways.items(), strict=False):
        _bars(axis, thoughts, count=len(steps))
        axis.set_title(name, fontsize=9, loc="left")
    if moved:
        _moved(axes[-1], moved)
    axes[-1].set_xlabel("latent", fontsize=9)
    axes[-1].set_xticks(range(1, len(next(iter(ways.values()))) + 1))
    _legend(figure, steps)
    if title:
        figure.suptitle(title, fontsize=10, x=0.02, ha="left")


def _heights(ways: Mapping[str, Sequence[Thought]], moved: Sequence[float]) -> list[float]:
    return [1.0] * len(ways) + ([0.45] if moved else [])


def _bars(axis: "Axes", thoughts: Sequence[Thought], *, count: int) -> None:
    for place, thought in enumerate(thoughts, start=1):
        bottom = 0.0
        for number in range(count):
            part = 100 * thought.shares[number]
            axis.bar(place, part, bottom=bottom, width=0.92, color=STEP_COLORS[number % len(STEP_COLORS)])
            bottom += part
        axis.bar(place, max(0.0, 100 - bottom), bottom=bottom, width=0.92, color=OTHER_COLOR)
        word = textwrap.shorten(visible(thought.own_word), 20, placeholder="...")
        axis.text(place, 50, word, rotation=90, ha="center", va="center", fontsize=7.5)
    axis.set_ylim(0, 100)
    axis.set_xlim(0.4, len(thoughts) + 0.6)
    axis.set_ylabel("among the question's\nwords, %", fontsize=8)
    plain_axis(axis)


def _moved(axis: "Axes", moved: Sequence[float]) -> None:
    axis.bar(range(1, len(moved) + 1), [100 * part for part in moved], width=0.92, color="#5b6673")
    axis.set_ylabel("moved,\n%", fontsize=8)
    plain_axis(axis)


def _legend(figure: "FigureBase", steps: Sequence[str]) -> None:
    from matplotlib.patches import Patch

    labels = [f"step {number}: {textwrap.shorten(step, 70)}" for number, step in enumerate(steps, start=1)]
    colors = [STEP_COLORS[number % len(STEP_COLORS)] for number in range(len(steps))]
    patches = [
        Patch(color=color, label=label)
        for color, label in zip([*colors, OTHER_COLOR], [*labels, "words of no gold step"], strict=True)
    ]
    figure.legend(handles=patches, loc="outside lower left", fontsize=8, frameon=False)
