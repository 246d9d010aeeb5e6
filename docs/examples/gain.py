"""Something of one's own to learn: how much longer or shorter each step's latents should be."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_latent.reasoner import LatentReasoner
from lightning_latent.refinement import Learned


class Gain(Learned):
    """`h_t -> (1 + g_t) h_t`, one number `g_t` for each step."""

    def build(self, reasoner: LatentReasoner) -> "Gain":
        """One number a step, zero at first, in single precision at least."""
        dtype = torch.promote_types(reasoner.dtype, torch.float32)
        self.gain = torch.nn.Parameter(torch.zeros(reasoner.num_latents, dtype=dtype))
        return self

    @property
    def is_identity(self) -> bool:
        """Whether nothing is learned yet."""
        return not self.gain.any()

    def forward(self, step: int, fed: Sequence[Tensor], latent: Tensor) -> Tensor:
        """Correct the latents `[B, D]` of a step."""
        return latent * (1 + self.gain[step])
