"""The shared map: a per-step low-rank correction of latents, learned with the language model frozen."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lightning_latent.bounds import NonNegativeInt
from lightning_latent.errors import UserError
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.refinement.learned import Learned


class LatentMap(Learned):
    """`h_t -> h_t + (h_t A_t) B_t + b_t`, one map for each step t, the same for all questions.

    Legend: B batch, T latents, D hidden size, r rank. It starts as the identity (`B_t = b_t = 0`) and needs no
    reference model at inference.

    Args:
        rank: Rank r of the map; 0 leaves the shared offset `b_t` alone.
    """

    def __init__(self, *, rank: NonNegativeInt = 8) -> None:
        super().__init__()
        if rank < 0:
            raise UserError(f"the rank of a LatentMap is {rank}; it must be at least 0")
        self.rank = rank

    def build(self, reasoner: LatentReasoner) -> "LatentMap":
        """See `Learned.build`: a drawn `A_t`, zeros else."""
        total, size = reasoner.num_latents, reasoner.hidden_size
        dtype = torch.promote_types(reasoner.dtype, torch.float32)
        if self.rank > size:
            raise UserError(f"the rank of a LatentMap is {self.rank}; it must be at most {size}, the hidden size")
        down = torch.randn(total, size, self.rank) / size**0.5
        self.down = nn.Parameter(down.to(dtype))
        self.up = nn.Parameter(torch.zeros(total, self.rank, size, dtype=dtype))
        self.offset = nn.Parameter(torch.zeros(total, size, dtype=dtype))
        return self

    @property
    def is_identity(self) -> bool:
        """See `Learned.is_identity`."""
        return not (self.up.any() or self.offset.any())

    def forward(self, step: int, fed: Sequence[Tensor], latent: Tensor) -> Tensor:
        """Correct the latents `[B, D]` of one step, in the map's own precision."""
        latent = latent.to(self.offset.dtype)
        return latent + latent @ self.down[step] @ self.up[step] + self.offset[step]
