"""Refining latents: update rules, loops, what fit learns, and the LightningModule around them."""

from lightning_latent.refinement.hooks import LatentCallback, Refining
from lightning_latent.refinement.latent_map import LatentMap
from lightning_latent.refinement.module import LatentRefinement

__all__ = ["LatentCallback", "LatentMap", "LatentRefinement", "Refining"]
