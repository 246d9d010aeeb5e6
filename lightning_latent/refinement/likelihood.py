"""What fit learns by: the likelihood of the gold answers through the frozen model."""

import math
from collections.abc import Sequence

from torch import Tensor

from lightning_latent.data.example import Example
from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.reasoner import LatentReasoner


def answer_loss(
    reasoner: LatentReasoner,
    context: Context,
    answers: Sequence[str],
    *,
    steps: Sequence[Sequence[str]] | None = None,
) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood of the gold answers: `-sum_i log p(answer_i | question_i, h_i)`, `h_i` the latents.

    The sum over the answers' tokens in nats, and the number of tokens, two scalars. `context` has read B questions up
    to the end marker; `steps` are those that the latents do not replace, which are said before the answers.
    """
    scores, tokens = reasoner.score(context, answers, steps=steps)
    return -scores.sum(), tokens.sum().to(scores)


def said_steps(batch: Sequence[Example], replaced: int | None) -> list[Sequence[str]] | None:
    """The steps of each question that the latents do not replace; None where they replace all."""
    return None if replaced is None else [example.steps[replaced:] for example in batch]


def linear_decay(done: float, total: float) -> float:
    """The factor of a learning rate that falls from 1 to 0; it stays 1 where the total is infinite or not a number.

    >>> linear_decay(1, 4), linear_decay(9, 4), linear_decay(1, float("inf"))
    (0.75, 0.0, 1.0)
    """
    if not math.isfinite(total) or total <= 0:
        return 1.0
    return min(1.0, max(0.0, 1.0 - done / total))
