"""How far refinement moves latents, over latents and over the evaluations of a run: one picture a kind of number."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightning_latent.showing.drawing import new_figure, plain_axis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES = {
    "displacement": "how far refinement moves a latent, as a part of its length",
    "cosine": "cosine of the angle between a refined latent and the plain one",
    "norm": "length of a refined latent",
    "stride": "distance from a refined latent to the next",
}
"""What the numbers of `Movement` are, in words."""


def movement_figure(kind: str, evaluations: Sequence[tuple[int, Sequence[float]]]) -> "Figure":
    """Draw means over questions: bars by latent after one evaluation, after several a heatmap, a column each.

    Args:
        kind: One of `TITLES`.
        evaluations: The training step of each, and a number for each latent.
    """
    figure = new_figure(5.2, 3.6)
    axis = figure.subplots()
    count = len(evaluations[0][1])
    if len(evaluations) == 1:
        axis.bar(range(1, count + 1), evaluations[0][1], color="#1b6ca8")
        axis.set_xticks(range(1, count + 1))
        axis.set_xlabel("latent")
        plain_axis(axis)
    else:
        columns = list(zip(*(values for _, values in evaluations), strict=True))
        shown = axis.imshow(columns, aspect="auto", cmap="viridis", origin="lower")
        every = -(-len(evaluations) // 8)  # labels that do not lie upon each other
        axis.set_xticks(range(0, len(evaluations), every), [str(step) for step, _ in evaluations[::every]])
        axis.set_yticks(range(count), [str(latent) for latent in range(1, count + 1)])
        axis.set_xlabel("training step")
        axis.set_ylabel("latent")
        figure.colorbar(shown, ax=axis)
    axis.set_title(TITLES[kind], fontsize=10)
    return figure
