"""Accuracy against cost as a picture: what a run's smaller thresholds would have given."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightning_latent.evaluation.course import Stop

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELS = 6  # thresholds that are written beside the curve, at most


def course_figure(stops: Sequence[Stop], *, title: str) -> "Figure":
    """Draw accuracy with its 95 % interval against mean rounds, the thresholds of some points beside them."""
    from matplotlib.figure import Figure  # heavy; and without pyplot, which would keep the figure

    figure = Figure(figsize=(6.5, 4.2), layout="constrained")
    axis = figure.subplots()
    rounds = [stop.rounds for stop in stops]
    low, high = zip(*([100 * bound for bound in stop.accuracy_ci95] for stop in stops), strict=True)
    axis.fill_between(rounds, low, high, color="tab:blue", alpha=0.2, lw=0)
    axis.plot(rounds, [100 * stop.accuracy for stop in stops], "-", color="tab:blue", marker=".", markersize=4)
    for stop in _labelled(stops):
        at = (stop.rounds, 100 * stop.accuracy)
        axis.annotate(f"{stop.threshold:.2g}", at, (2, -12), textcoords="offset points", fontsize=8)
    axis.set_xlabel("rounds a question, mean (beside points: threshold in nats)")
    axis.set_ylabel("accuracy, % (95 % interval)")
    axis.grid(alpha=0.3)
    axis.set_title(title, fontsize=10)
    return figure


def _labelled(stops: Sequence[Stop]) -> list[Stop]:
    """Some of the points, evenly spread over the picture's width."""
    first, last = stops[0].rounds, stops[-1].rounds
    wanted = [first + (last - first) * place / (LABELS - 1) for place in range(LABELS)]
    found = [min(stops, key=lambda stop: abs(stop.rounds - rounds)) for rounds in wanted]
    return list(dict.fromkeys(found))
