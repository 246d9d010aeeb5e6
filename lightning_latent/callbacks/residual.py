"""Residual embedding refinement as a callback."""

from collections.abc import Sequence

from torch import Tensor

from lightning_latent.bounds import BelowOne
from lightning_latent.errors import UserError
from lightning_latent.refinement.blending import accumulate, blend
from lightning_latent.refinement.hooks import LatentCallback


class ResidualBlending(LatentCallback):
    """Blends each new latent with the one before it, and each update direction with the earlier ones.

    `h_t = alpha h_{t-1} + (1 - alpha) f(h_{t-1})`, and `m_k = beta m_{k-1} + (1 - beta) u_k` for the updates of a
    question (arXiv 2506.08552). The first latent has none before it and stays.

    Args:
        memory_rate: alpha, the part of the latent before that is kept; 0 switches the blending of latents off.
        gradient_history: beta, the part of the earlier update directions that is kept; 0 switches it off.

    Raises:
        UserError: A rate is below 0, or 1 and more.
    """

    def __init__(self, *, memory_rate: BelowOne = 0.0, gradient_history: BelowOne = 0.0) -> None:
        for name, value in (("memory_rate", memory_rate), ("gradient_history", gradient_history)):
            if not 0.0 <= value < 1.0:
                raise UserError(f"blending.{name} is {value}; it must be at least 0 and below 1")
        self.memory_rate = memory_rate
        self.gradient_history = gradient_history
        self._history: Tensor | None = None

    @property
    def active(self) -> bool:
        """Whether a rate is above 0."""
        return self.memory_rate > 0 or self.gradient_history > 0

    def begin(self, questions: Sequence[str]) -> None:
        """Forget the last batch's updates."""
        self._history = None

    def end(self) -> None:
        """Forget this batch's updates."""
        self._history = None

    def blend(self, previous: Tensor | None, latent: Tensor) -> Tensor:
        """See the class."""
        return latent if previous is None else blend(previous, latent, memory_rate=self.memory_rate)

    def accumulate(self, update: Tensor) -> Tensor:
        """See the class."""
        self._history = accumulate(self._history, update, history_rate=self.gradient_history)
        return self._history
