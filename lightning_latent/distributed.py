"""What several processes must agree on."""

from collections.abc import Iterable

import lightning as L
import torch
from torch import Tensor, nn


def share_of_tokens(trainer: L.Trainer, tokens: Tensor) -> float:
    """Weigh this rank's mean over its tokens, so that the average over ranks is the mean over all their tokens.

    With n_r tokens on rank r of R, the mean of the n tokens of all ranks is `sum_r n_r / n * mean_r`. Lightning's `ddp`
    averages gradients, `1 / R * sum_r`, so a rank's loss, and with it its gradient, counts `R * n_r / n` times. Every
    rank has to call this, also one without tokens: the others wait for it.

    Args:
        trainer: The trainer of the run.
        tokens: How many tokens this rank's mean is over; scalar, on this rank's device.

    Returns:
        The weight; 1 in a single process, 0 where no rank has a token.
    """
    own = tokens.detach().float()
    total = trainer.strategy.reduce(own.clone(), reduce_op="sum")  # in place
    # A number, so that it is as precise as the loss that it weighs.
    return float(own) * trainer.world_size / max(float(total), 1.0)


def loss_without_questions(trainer: L.Trainer, parameters: Iterable[nn.Parameter]) -> Tensor:
    """The loss of a rank that ran out of questions: no gradient, but the other ranks wait for its part.

    Args:
        trainer: The trainer of the run.
        parameters: What is trained.
    """
    share_of_tokens(trainer, torch.zeros((), device=trainer.strategy.root_device))
    return taking_part(parameters)


def taking_part(parameters: Iterable[nn.Parameter]) -> Tensor:
    """Zero, on which every parameter that is trained has a gradient of zero: `ddp` wants a gradient of each."""
    return torch.stack([parameter.sum() for parameter in parameters if parameter.requires_grad]).sum() * 0.0
