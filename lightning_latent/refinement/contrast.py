"""Contrastive reasoning feedback (arXiv 2506.08552, "Contrastive Reasoning Feedback Search"), as pure functions.

Legend: `...` any leading axes (batch, latents), D hidden size. `h` latents, `S`, `W` what the strong and the weak
reference make of them, all `[..., D]`.
"""

from typing import Literal

import torch
from torch import Tensor

Sign = Literal["descent", "ascent"]
StepScale = Literal["raw", "relative"]


def contrast_loss(latents: Tensor, strong: Tensor, weak: Tensor) -> Tensor:
    """The objective `MSE(S(h), h) - MSE(W(h), h)` of each latent, the means taken over D: `[...]`."""
    return ((strong - latents).square() - (weak - latents).square()).mean(-1)


def contrast_gradient(strong: Tensor, weak: Tensor) -> Tensor:
    """The objective's gradient in closed form, the references' outputs held constant: `(2 / D) (W(h) - S(h))`.

    The terms in `h` cancel: d/dh [(S - h)^2 - (W - h)^2] = -2 (S - h) + 2 (W - h) = 2 (W - S). No autograd is needed.
    """
    return (weak - strong) * (2.0 / strong.shape[-1])


def contrast_gradient_through(latents: Tensor, strong: Tensor, weak: Tensor) -> Tensor:
    """The objective's gradient through the references as well, by autograd.

    `latents` is a leaf that requires gradients; `strong` and `weak` are computed from it with gradients enabled.
    """
    return torch.autograd.grad(contrast_loss(latents, strong, weak).sum(), latents)[0]


def contrast_scores(base: Tensor, strong: Tensor, weak: Tensor, *, weight: float) -> Tensor:
    """The contrast in the answers: `log p(c) + alpha (log p_S(c) - log p_W(c))`.

    That of DExperts (arXiv 2105.03023) with candidates in the place of tokens; contrastive decoding (arXiv 2210.15097)
    leaves the base out. All are log-probabilities `[B, C]` over a question's C candidates,
    minus infinity where a question has fewer; `weight` is alpha.
    """
    return torch.where(base.isinf(), base, base + weight * (strong - weak))


def search_displacement(
    latents: Tensor, gradient: Tensor, *, search_step: float, scale: StepScale = "raw", sign: Sign = "descent"
) -> Tensor:
    """How far the latent moves: `-eta g` (raw), or `-eta ||h|| g / ||g||` (relative).

    Descent moves towards strong and away from weak. The paper prints `h + eta g`, which moves away from strong; its
    code subtracts. The printed sign is `ascent`.

    Args:
        latents: `[..., D]`.
        gradient: `[..., D]` of the contrastive objective.
        search_step: eta; with `relative` the length of the step as a fraction of the latent's norm.
        scale: A raw gradient's length is of no known order (MSE averages over D, norms differ between models); a
            relative step transfers between models.
        sign: `descent` or `ascent`.

    Returns:
        `[..., D]`, to be added to the latents. Zero where the gradient is zero.
    """
    direction = -gradient if sign == "descent" else gradient
    if scale == "raw":
        return search_step * direction
    # Brought to order one first: squares of very small or large components leave the range of single precision.
    peak = direction.abs().amax(dim=-1, keepdim=True)
    direction = direction / torch.where(peak > 0, peak, 1)
    unit = direction / direction.norm(dim=-1, keepdim=True).clamp(min=1)
    return search_step * latents.norm(dim=-1, keepdim=True) * unit
