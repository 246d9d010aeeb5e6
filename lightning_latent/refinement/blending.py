"""Residual embedding refinement (arXiv 2506.08552, "Residual Embedding Refinement"), as pure functions.

Legend: `...` any leading axes, D hidden size.
"""

from torch import Tensor


def blend(previous: Tensor, proposed: Tensor, *, memory_rate: float | Tensor) -> Tensor:
    """`h_t = alpha h_{t-1} + (1 - alpha) f(h_{t-1})`: the new latent keeps a part of the one before it.

    All `[..., D]`; `memory_rate` is alpha, from 0 (no memory) to 1, `proposed` what the model makes of the one before.

    >>> import torch
    >>> blend(torch.tensor([0.0]), torch.tensor([1.0]), memory_rate=0.25)
    tensor([0.7500])
    """
    return memory_rate * previous + (1.0 - memory_rate) * proposed


def accumulate(history: Tensor | None, update: Tensor, *, history_rate: float) -> Tensor:
    """Blend current and historical update directions: `m_k = beta m_{k-1} + (1 - beta) u_k`, `m_1 = u_1`.

    All `[..., D]`; `history` is None at the first update, `history_rate` is beta, from 0 (no history) to 1. What is
    returned is the update to apply and the next history.
    """
    return update if history is None else history_rate * history + (1.0 - history_rate) * update
