"""Figures without a window, and figures that a page can hold: no script, no font, nothing from elsewhere."""

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of so many inches."""
    from matplotlib.figure import Figure  # heavy; and without pyplot, which would keep the figure

    return Figure(figsize=(width, height), layout="constrained")


def plain_axis(axis: "Axes") -> None:
    """Leave out what holds no information."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)


def svg(figure: "Figure") -> str:
    """The figure as the address of an image that holds it; the same figure gives the same text."""
    import matplotlib as mpl

    drawn = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "lightning_latent", "font.family": "sans-serif"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()
