"""Refining latents: update rules, loops, what fit learns, and the LightningModule around them."""

from lightning_latent.refinement.correctness import CorrectnessHead
from lightning_latent.refinement.hooks import LatentCallback, Refining
from lightning_latent.refinement.latent_map import LatentMap
from lightning_latent.refinement.learned import Learned
from lightning_latent.refinement.low_rank_weights import LowRankWeights
from lightning_latent.refinement.module import LatentRefinement
from lightning_latent.refinement.schedule import Schedule

__all__ = [
    "CorrectnessHead",
    "LatentCallback",
    "LatentMap",
    "LatentRefinement",
    "Learned",
    "LowRankWeights",
    "Refining",
    "Schedule",
]
