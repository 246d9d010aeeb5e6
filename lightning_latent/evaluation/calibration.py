"""Whether answers are as likely to be right as their method says."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torchmetrics.functional.classification import binary_auroc, binary_calibration_error

from lightning_latent.evaluation.answer import Answer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 10


def calibration(answers: Sequence[Answer]) -> dict[str, float | None]:
    """How well a method's confidence tells right answers from wrong ones; nothing where it gives none.

    `auc` is the area under the ROC curve, None where all answers are right or all wrong; `calibration_error` is the
    expected calibration error, the mean distance of confidence and accuracy over ten bins of confidence.
    """
    confidence, right = _pairs(answers)
    if not len(right):
        return {}
    told_apart = 0 < int(right.sum()) < len(right)
    error = binary_calibration_error(confidence, right, n_bins=BINS, norm="l1")
    return {"auc": float(binary_auroc(confidence, right)) if told_apart else None, "calibration_error": float(error)}


def reliability(answers: Sequence[Answer]) -> "Figure":
    """Accuracy of the answers of each bin of confidence against their mean confidence, and how many they are."""
    from matplotlib.figure import Figure  # heavy; and without pyplot, which would keep the figure

    confidence, right = _pairs(answers)
    bins = (confidence * BINS).long().clamp(max=BINS - 1)
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for number in bins.unique().tolist():
        here = bins == number
        x, y = float(confidence[here].mean()), float(right[here].double().mean())
        axes.plot(x, y, "o", color="C0")
        axes.annotate(f"{int(here.sum()):,}", (x, y), textcoords="offset points", xytext=(4, -9), fontsize=7)
    axes.set(xlabel="confidence", ylabel="right", xlim=(0, 1), ylim=(-0.02, 1.02))
    return figure


def _pairs(answers: Sequence[Answer]) -> tuple[Tensor, Tensor]:
    said = [(a.confidence, int(a.correct)) for a in answers if a.confidence is not None and a.correct is not None]
    confidence = torch.tensor([pair[0] for pair in said], dtype=torch.float64)
    return confidence, torch.tensor([pair[1] for pair in said])
