"""Callbacks that refine latents, control what refining does, look at latents, and write down the answers."""

from lightning_latent.callbacks.confident_views import ConfidentViews
from lightning_latent.callbacks.contrastive import ContrastiveFeedback
from lightning_latent.callbacks.controls import RandomDirection, ReplacedLatents
from lightning_latent.callbacks.inspection import TrajectoryInspection
from lightning_latent.callbacks.predictions import Predictions
from lightning_latent.callbacks.residual import ResidualBlending
from lightning_latent.callbacks.views import AgreedAnswers, SymmetricViews

__all__ = [
    "AgreedAnswers",
    "ConfidentViews",
    "ContrastiveFeedback",
    "Predictions",
    "RandomDirection",
    "ReplacedLatents",
    "ResidualBlending",
    "SymmetricViews",
    "TrajectoryInspection",
]
