"""Contrastive reasoning feedback as a callback."""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from lightning_latent.bounds import NonNegativeFloat
from lightning_latent.errors import UserError
from lightning_latent.refinement.contrast import (
    Sign,
    StepScale,
    contrast_gradient,
    contrast_gradient_through,
    search_displacement,
)
from lightning_latent.refinement.hooks import LatentCallback, Refining
from lightning_latent.refinement.reference import Reference


class ContrastiveFeedback(LatentCallback):
    """Moves latents towards what a strong checkpoint makes of them and away from what a weak one makes of them.

    The gradient of `MSE(S(h), h) - MSE(W(h), h)` with respect to the latent (arXiv 2506.08552). With one reference
    alone only its term counts; without any the callback does nothing.

    Args:
        strong: Directory, hub id or adapter of the strong reference (e.g. a late chain-of-thought checkpoint);
            `beside:strong` is the directory of that name beside the reasoner's.
        weak: Likewise of the weak reference (e.g. an early one).
        search_step: eta, how far to go; with `scale: relative` a fraction of the latent's norm.
        scale: `relative` transfers between models, `raw` is the paper's.
        sign: `descent` goes towards strong; `ascent` is the sign that the paper prints.
        gradient: `closed_form` holds the references' outputs constant (no backward pass); `through` differentiates
            them too, which the same slot does not need: there they do not depend on h_t.
        slot: `next` compares h_t with what a reference makes of h_t (the paper); `same` with what it would put in h_t's
            place.
    """

    def __init__(
        self,
        *,
        strong: str | None = None,
        weak: str | None = None,
        search_step: NonNegativeFloat = 0.05,
        scale: StepScale = "relative",
        sign: Sign = "descent",
        gradient: Literal["closed_form", "through"] = "closed_form",
        slot: Literal["next", "same"] = "next",
    ) -> None:
        self.strong = strong
        self.weak = weak
        self.search_step = search_step
        self.scale: StepScale = scale
        self.sign: Sign = sign
        self.gradient = gradient
        self.slot = slot
        self.references: dict[str, Reference] = {}

    @property
    def active(self) -> bool:
        """Whether there is a reference."""
        return bool(self.references or self.strong or self.weak)

    def prepare(self, module: Refining) -> None:
        """Load the references beside the base."""
        for role, path in (("strong", self.strong), ("weak", self.weak)):
            if path is not None:
                self.references[role] = module.load_reference(path, role=role)

    def begin(self, questions: Sequence[str]) -> None:
        """Let the references read the questions."""
        for reference in self.references.values():
            reference.begin(questions)

    def end(self) -> None:
        """Let the references forget them."""
        for reference in self.references.values():
            reference.end()

    def displacement(self, step: int, fed: Sequence[Tensor], latent: Tensor) -> Tensor:
        """Stepwise: see the class."""
        if self.slot == "next":
            return self._displace(latent, lambda reference, h: reference.next_latent(fed, h))
        return self._displace(latent, lambda reference, h: reference.same_latent(fed))

    def trajectory_displacement(self, latents: Tensor) -> Tensor:
        """Trajectory: see the class. `through` differentiates the sum over slots: later ones count for earlier ones."""
        if self.slot == "next":
            return self._displace(latents, lambda reference, h: reference.next_latents(h))
        return self._displace(latents, lambda reference, h: reference.same_latents(h.detach()))

    def _displace(self, latents: Tensor, ask: Callable[[Reference, Tensor], Tensor]) -> Tensor:
        through = self.gradient == "through" and self.slot == "next"  # in the same slot S does not depend on h_t
        if through and torch.is_inference_mode_enabled():
            raise UserError(
                "gradient: through of ContrastiveFeedback needs gradients; set trainer.inference_mode to false"
            )
        with torch.set_grad_enabled(through):
            leaf = latents.detach().requires_grad_() if through else latents.detach()
            # A missing reference makes what it is given: its term, and the term's gradient, is zero.
            strong, weak = (
                ask(self.references[role], leaf).to(leaf) if role in self.references else leaf
                for role in ("strong", "weak")
            )
            gradient = contrast_gradient_through(leaf, strong, weak) if through else contrast_gradient(strong, weak)
        return search_displacement(
            latents.detach(), gradient, search_step=self.search_step, scale=self.scale, sign=self.sign
        )
