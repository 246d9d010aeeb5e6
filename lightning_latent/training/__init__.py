"""Training latent reasoners by curriculum (Coconut, arXiv 2412.06769) and its baselines."""

from lightning_latent.training.export import ExportReasoners
from lightning_latent.training.grouped import LengthGrouped
from lightning_latent.training.module import CoconutTraining
from lightning_latent.training.pretrained import PretrainedBase
from lightning_latent.training.scratch import ScratchProsQA, ScratchText
from lightning_latent.training.staged import StagedSource

__all__ = [
    "CoconutTraining",
    "ExportReasoners",
    "LengthGrouped",
    "PretrainedBase",
    "ScratchProsQA",
    "ScratchText",
    "StagedSource",
]
