"""Callbacks that refine latents, control what refining does, ask more than once, and write down the answers."""

from lightning_latent.callbacks.borrowed import BorrowedLatents
from lightning_latent.callbacks.chosen import Chosen
from lightning_latent.callbacks.confidence import AnswerConfidence
from lightning_latent.callbacks.confident_views import ConfidentViews
from lightning_latent.callbacks.contrastive import ContrastiveFeedback
from lightning_latent.callbacks.contrastive_logits import ContrastiveLogits
from lightning_latent.callbacks.controls import RandomDirection, ReplacedLatents
from lightning_latent.callbacks.early import EarlyAnswer
from lightning_latent.callbacks.inspection import TrajectoryInspection
from lightning_latent.callbacks.predictions import Predictions
from lightning_latent.callbacks.progress import ProgressLines
from lightning_latent.callbacks.residual import ResidualBlending
from lightning_latent.callbacks.samples import NoiseSamples
from lightning_latent.callbacks.stable import StableAnswer
from lightning_latent.callbacks.views import AgreedAnswers, SymmetricViews

__all__ = [
    "AgreedAnswers",
    "AnswerConfidence",
    "BorrowedLatents",
    "Chosen",
    "ConfidentViews",
    "ContrastiveFeedback",
    "ContrastiveLogits",
    "EarlyAnswer",
    "NoiseSamples",
    "Predictions",
    "ProgressLines",
    "RandomDirection",
    "ReplacedLatents",
    "ResidualBlending",
    "StableAnswer",
    "SymmetricViews",
    "TrajectoryInspection",
]
