"""From questions to judged answers, once; runs, and their comparison."""

from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.comparison import compare
from lightning_latent.evaluation.module import AnsweringModule
from lightning_latent.evaluation.prompted import PromptedModel
from lightning_latent.evaluation.run import Run, read_run

__all__ = ["Answer", "AnsweringModule", "PromptedModel", "Run", "compare", "read_run"]
