"""How latents move, in numbers: along a trajectory, away from another one, and on a plane to look at.

Legend: B batch, T latents, D hidden size, V vocabulary, K tokens.
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


class Plane(NamedTuple):
    """A plane through points, along which they spread most."""

    center: Tensor  # [D], their mean
    axes: Tensor  # [D, 2], orthonormal; zero where the points do not spread
    share: Tensor  # [2], the part of their variance along each axis


def principal_plane(points: Tensor) -> Plane:
    """The first two principal components of points `[N, D]`, by singular values, which needs no random numbers.

    An axis points to where its largest component is positive, so that pictures of one model look alike.
    """
    center = points.mean(0)
    _, values, directions = torch.linalg.svd(points - center, full_matrices=False)
    axes, variances = points.new_zeros(points.shape[1], 2), points.new_zeros(2)
    for index in range(min(2, len(values))):
        if values[index] > 0:
            direction = directions[index]
            axes[:, index] = direction * direction[direction.abs().argmax()].sign()
            variances[index] = values[index] ** 2
    return Plane(center, axes, variances / values.square().sum().clamp(min=torch.finfo(values.dtype).tiny))


def project(points: Tensor, plane: Plane) -> Tensor:
    """Coordinates on a plane: `[..., D]` to `[..., 2]`."""
    return (points - plane.center) @ plane.axes
