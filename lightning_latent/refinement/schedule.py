"""The learned schedule: how much of the latent before is kept, and how far callbacks move, at each step."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.refinement.blending import blend
from lightning_latent.refinement.learned import Learned


class Schedule(Learned):
    """The paper's two numbers, one of each for every step t, learned in the place of set by hand.

        h_t <- alpha_t h_{t-1} + (1 - alpha_t) h_t        then        h_t <- h_t + eta_t u_t

    `u_t` is what callbacks would move: with `ContrastiveFeedback` of `search_step: 1` a step along the contrastive
    direction as long as the latent, so that `eta_t` counts in parts of it. Without a callback that moves, no references
    are needed, `eta_t` stays 0 and `alpha_t` alone is learned. Both are free: a negative one goes the other way. They
    start at 0, which is plain Coconut.

    Legend: T latents; 2 T numbers.
    """

    def build(self, reasoner: LatentReasoner) -> "Schedule":
        """See `Learned.build`."""
        dtype = torch.promote_types(reasoner.dtype, torch.float32)
        self.memory_rate = nn.Parameter(torch.zeros(reasoner.num_latents, 1, dtype=dtype))
        self.search_step = nn.Parameter(torch.zeros(reasoner.num_latents, 1, dtype=dtype))
        return self

    @property
    def is_identity(self) -> bool:
        """See `Learned.is_identity`."""
        return not (self.memory_rate.any() or self.search_step.any())

    def forward(self, step: int, fed: Sequence[Tensor], latent: Tensor) -> Tensor:
        """Blend latents `[B, D]` with those before; the first, which has none before it, with itself."""
        return blend(fed[-1] if fed else latent, latent, memory_rate=self.memory_rate[step])

    def pace(self, steps: int | slice, update: Tensor) -> Tensor:
        """See `Learned.pace`: `eta_t u_t`."""
        return self.search_step[steps] * update
