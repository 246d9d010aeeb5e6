"""Trajectories rendered for people: a figure of their way through the plane, and tables of what they would say.

Legend: B batch, T latents, D hidden size, K tokens.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle, pairwise
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor

from lightning_latent.evaluation.answer import Answer
from lightning_latent.refinement.geometry import principal_plane, project

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLAIN, REFINED = "plain", "refined"
PANEL = 3.4  # inches
COLORS = ("tab:gray", "tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple")


class Lens(NamedTuple):
    """What one question's latents would say: T lists of K tokens with their probabilities."""

    tokens: list[list[str]]
    probabilities: list[list[float]]


def trajectory_figure(trajectories: Mapping[str, Tensor], answers: Sequence[Answer], *, count: int) -> "Figure":
    """Draw some questions' trajectories, a panel each, on the plane along which the plain latents spread most.

    `trajectories` give `[B, T, D]` by way of thinking, the plain way first; `answers` are the run's B answers.
    """
    from matplotlib.figure import Figure  # heavy; and without pyplot, which would keep the figure

    plane = principal_plane(trajectories[PLAIN].flatten(0, 1))
    answers = answers[:count]
    columns = min(4, len(answers))
    lines = -(-len(answers) // columns)
    figure = Figure(figsize=(PANEL * columns, PANEL * lines + 0.6), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).flatten()
    for panel, answer, index in zip(panels, answers, range(len(answers)), strict=False):
        for (way, latents), color in zip(trajectories.items(), cycle(COLORS), strict=False):
            _draw(panel, project(latents[index], plane).tolist(), color, label=way)
        panel.set_title("\n".join([answer.id, f"{_mark(answer)} {answer.answer}"]), fontsize=7)
        panel.tick_params(labelsize=6)
    for panel in panels[len(answers) :]:
        panel.set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=8)
    first, second = (f"{100 * share:.0f} %" for share in plane.share.tolist())
    figure.suptitle(
        f"latents 1 ... T on the plain ones' principal components ({first} and {second} of variance)", size=8
    )
    return figure


def lens_markdown(answers: Sequence[Answer], lenses: Mapping[str, Sequence[Lens]]) -> str:
    """Tables, one a question, of the tokens nearest to each latent, beside the question and its answer."""
    return "\n\n".join(
        _question_markdown(answer, {way: lens[index] for way, lens in lenses.items()})
        for index, answer in enumerate(answers)
    )


def _draw(panel: "Axes", points: list[list[float]], color: str, *, label: str) -> None:
    panel.plot(*zip(*points, strict=True), ".", color=color, markersize=3, label=label)
    arrow = {"arrowstyle": "->", "color": color, "lw": 0.8, "shrinkA": 0, "shrinkB": 0}
    for start, end in pairwise(points):
        panel.annotate("", (end[0], end[1]), (start[0], start[1]), arrowprops=arrow)
    for step, point in enumerate(points, start=1):
        panel.annotate(str(step), (point[0], point[1]), (2, 2), textcoords="offset points", fontsize=6, color=color)


def _mark(answer: Answer) -> str:
    return "✓" if answer.correct else "✗"


def _question_markdown(answer: Answer, lenses: Mapping[str, Lens]) -> str:
    lines = [
        f"**{_cell(answer.id)}** {_cell(answer.question)}",
        "",
        f"gold: {_cell(answer.gold)}; answer: {_cell(answer.answer)} {_mark(answer)}",
        "",
        "| latent | " + " | ".join(lenses) + " |",
        "|---" * (len(lenses) + 1) + "|",
    ]
    for step in range(len(next(iter(lenses.values())).tokens)):
        cells = [
            ", ".join(
                f"{_cell(repr(token))} {probability:.2f}"
                for token, probability in zip(lens.tokens[step], lens.probabilities[step], strict=True)
            )
            for lens in lenses.values()
        ]
        lines.append(f"| {step + 1} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text that neither breaks a table nor is read as HTML: TensorBoard renders Markdown."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace("|", "\\|")
