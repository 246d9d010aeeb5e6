"""Controls: what latents are replaced by to see whether answers depend on what is in them.

Pure functions of latents `[B, T, D]`. Legend: B batch, T latents, D hidden size.
"""

import hashlib

import torch
from torch import Tensor


def zero(latents: Tensor) -> Tensor:
    """Nothing: zeros."""
    return torch.zeros_like(latents)


def mean(latents: Tensor) -> Tensor:
    """The same for all questions: the mean over the batch of each step's latents."""
    return latents.mean(0, keepdim=True).expand_as(latents)


def other(latents: Tensor) -> Tensor:
    """Another question's latents: each row takes those of the row before it."""
    return latents.roll(1, dims=0)


def first(latents: Tensor) -> Tensor:
    """The first latent in the place of all."""
    return latents[:, :1].expand_as(latents)


def random_directions(questions: list[str], *, steps: int, size: int, seed: int) -> Tensor:
    """A direction of length 1 for each step of each question, drawn by the question's text and the seed alone.

    `[B, T, D]` in float32 on the CPU, for B questions, T steps and a hidden size of D.
    """
    drawn = []
    for question in questions:
        digest = hashlib.blake2b(f"{seed}/{question}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)
        drawn.append(torch.randn(steps, size, generator=generator))
    directions = torch.stack(drawn)
    return directions / directions.norm(dim=-1, keepdim=True)


def random_moves(latents: Tensor, directions: Tensor, *, fraction: float) -> Tensor:
    """Moves `s ||h_t|| z_t` of latents `[..., D]` in directions of length 1, `fraction` being s."""
    return fraction * latents.norm(dim=-1, keepdim=True) * directions
