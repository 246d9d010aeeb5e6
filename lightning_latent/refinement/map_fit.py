"""Learning the shared map by answer likelihood through the frozen model."""

import math
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn

from lightning_latent.data.example import Example
from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.reasoner import LatentReasoner, Refine


def answer_loss(
    reasoner: LatentReasoner,
    context: Context,
    answers: Sequence[str],
    *,
    steps: Sequence[Sequence[str]] | None = None,
    refine: Refine | None = None,
) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood of the gold answers: `-sum_i log p(answer_i | question_i, h_i)`, `h_i` the latents.

    Args:
        reasoner: The frozen model.
        context: B encoded questions.
        answers: B gold answers.
        steps: The steps that the latents do not replace, which are said before the answers.
        refine: What is done to each latent before it is fed; gradients reach its parameters.

    Returns:
        The sum over the answers' tokens in nats, and the number of tokens, two scalars.
    """
    rollout = reasoner.rollout(context, refine=refine)
    scores, tokens = reasoner.score(reasoner.answer_context(rollout), answers, steps=steps)
    return -scores.sum(), tokens.sum().to(scores)


def said_steps(batch: Sequence[Example], replaced: int | None) -> list[Sequence[str]] | None:
    """The steps of each question that the latents do not replace; None where they replace all."""
    return None if replaced is None else [example.steps[replaced:] for example in batch]


def share_gradients(parameters: Iterable[nn.Parameter], reduce: Callable[[Tensor], Tensor]) -> bool:
    """Sum gradients over processes, in one communication; a process without questions takes part with zeros.

    Args:
        parameters: What is learned, the same in every process.
        reduce: Sums a tensor over processes; it may do so in place.

    Returns:
        Whether the sum is finite. Otherwise the gradients are dropped, in every process alike.
    """
    parameters = list(parameters)
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    total = reduce(torch.cat([gradient.flatten() for gradient in gradients]))
    sound = bool(total.isfinite().all())
    for parameter, gradient in zip(parameters, total.split([p.numel() for p in parameters]), strict=True):
        parameter.grad = gradient.view_as(parameter) if sound else None
    return sound


def linear_decay(done: float, total: float) -> float:
    """The factor of a learning rate that falls from 1 to 0; it stays 1 where the end is not known.

    Args:
        done: Steps done.
        total: Steps in all; infinite or not a number where it is not known.

    >>> linear_decay(1, 4), linear_decay(9, 4), linear_decay(1, float("inf"))
    (0.75, 0.0, 1.0)
    """
    if not math.isfinite(total) or total <= 0:
        return 1.0
    return min(1.0, max(0.0, 1.0 - done / total))
