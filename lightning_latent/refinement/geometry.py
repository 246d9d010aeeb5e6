"""How latents move, in numbers: along a trajectory, and away from another one.

Legend: B batch, T latents, D hidden size.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Movement(NamedTuple):
    """Numbers about a trajectory beside the one it was refined from."""

    norm: Tensor  # [B, T], ||h_t||
    displacement: Tensor  # [B, T], ||h_t - b_t|| / ||b_t||, how far the latent is from the base's
    cosine: Tensor  # [B, T], of the angle between h_t and b_t
    stride: Tensor  # [B, T - 1], ||h_{t+1} - h_t||, the way from one latent to the next


def movement(base: Tensor, latents: Tensor) -> Movement:
    """Measure a trajectory `h` against the base's `b`, both `[B, T, D]`.

    >>> moved = movement(torch.tensor([[[3.0, 0.0], [0.0, 4.0]]]), torch.tensor([[[3.0, 0.0], [4.0, 4.0]]]))
    >>> moved.displacement.tolist(), moved.stride.round(decimals=2).tolist()
    ([[0.0, 1.0]], [[4.119999885559082]])
    """
    return Movement(
        norm=latents.norm(dim=-1),
        displacement=(latents - base).norm(dim=-1) / base.norm(dim=-1),
        cosine=torch.cosine_similarity(latents, base, dim=-1),
        stride=latents.diff(dim=1).norm(dim=-1),
    )
