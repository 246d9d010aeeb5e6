"""An objective of one's own: move each latent towards what another checkpoint would put in its place."""

from collections.abc import Sequence

from torch import Tensor

from lightning_latent.refinement import LatentCallback, Refining
from lightning_latent.refinement.reference import Reference


class Attraction(LatentCallback):
    """Adds `rate (S(h_{t-1}) - h_t)` to each latent `h_t`, S being another checkpoint of the same model.

    Args:
        towards: Directory or hub id of the other checkpoint.
        rate: Part of the way, from 0 (stay) to 1 (take the other checkpoint's latent).
    """

    reference: Reference

    def __init__(self, *, towards: str, rate: float = 0.3) -> None:
        self.towards = towards
        self.rate = rate

    def prepare(self, module: Refining) -> None:
        """Load the checkpoint, beside the model that the answers are from."""
        self.reference = module.load_reference(self.towards, role="other")

    def begin(self, questions: Sequence[str]) -> None:
        """Let it read the questions."""
        self.reference.begin(questions)

    def displacement(self, step: int, fed: Sequence[Tensor], latent: Tensor) -> Tensor:
        """Stepwise: `[B, D]`, given the refined latents before."""
        return self.rate * (self.reference.same_latent(fed).to(latent) - latent)

    def trajectory_displacement(self, latents: Tensor) -> Tensor:
        """Trajectory: `[B, T, D]`, all slots in one call of the other checkpoint."""
        return self.rate * (self.reference.same_latents(latents).to(latents) - latents)

    def end(self) -> None:
        """Let it forget them."""
        self.reference.end()
