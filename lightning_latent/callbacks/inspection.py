"""Latents to look at in TensorBoard."""

from typing import TYPE_CHECKING, Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from lightning_latent.bounds import PositiveInt
from lightning_latent.callbacks.inspection_views import PLAIN, REFINED, Lens, lens_markdown, trajectory_figure
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.module import Answering
from lightning_latent.reasoner.open_thoughts import nearest
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.refinement.geometry import movement
from lightning_latent.refinement.hooks import Refining

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

# Of the first batch: every latent is written as text for the projector, at every evaluation.
QUESTIONS_SHOWN = 32


class TrajectoryInspection(Callback):
    """Shows in TensorBoard what refinement does to latents, on the first batch of every validation and test.

    - *Scalars*: the latents' norm, their distance from the plain ones as a fraction of those' norm, the cosine between
      the two, and the distance from one to the next, averaged (`latents/val/norm` and so on).
    - *Images*: a few questions' trajectories, plain and refined, projected on the plane along which the plain latents
      spread most.
    - *Text*: the tokens that each latent is nearest to, by the model's own output head (the logit lens), beside
      question and answer.
    - *Projector*: latents with question, step, plain or refined, and whether the answer is right.

    It does nothing without a TensorBoard logger, and looks at the first process's first questions alone.

    Args:
        num_questions: Questions in the figure and in the tables.
        top_tokens: Tokens shown for each latent.
        embedding: Write latents for the projector. They are written as text, which takes space with wide models.
    """

    only_watches = True

    def __init__(self, *, num_questions: PositiveInt = 4, top_tokens: PositiveInt = 3, embedding: bool = True) -> None:
        for name, value in (("num_questions", num_questions), ("top_tokens", top_tokens)):
            if value < 1:
                raise UserError(f"TrajectoryInspection.{name} is {value}; it must be at least 1")
        self.num_questions = num_questions
        self.top_tokens = top_tokens
        self.embedding = embedding

    def _show(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        loggers = [logger for logger in trainer.loggers if isinstance(logger, TensorBoardLogger)]
        wanted = batch_idx == 0 and loggers and trainer.is_global_zero and not trainer.sanity_checking
        if not wanted or not outputs or not isinstance(pl_module, Refining):
            return
        if isinstance(pl_module, Answering) and pl_module.kept:  # shown when they were answered
            return
        batch, answers = batch[:QUESTIONS_SHOWN], outputs[:QUESTIONS_SHOWN]
        on_device = {way: pl_module.think(batch, plain=way == PLAIN).latents for way in (PLAIN, REFINED)}
        # Enough precision for pictures, whatever the model's.
        trajectories = {way: latents.float().cpu() for way, latents in on_device.items()}
        if trajectories[PLAIN].shape[1] == 0 or not trajectories[PLAIN].isfinite().all():
            return
        figure = trajectory_figure(trajectories, answers, count=self.num_questions)
        shown = answers[: self.num_questions]
        lenses = {
            way: read_lenses(pl_module.reasoner, latents[: len(shown)], count=self.top_tokens)
            for way, latents in on_device.items()
        }
        prefix, step = "test" if trainer.testing else "val", trainer.global_step
        for writer in (logger.experiment for logger in loggers):
            for name, values in movement(trajectories[PLAIN], trajectories[REFINED])._asdict().items():
                if values.numel():  # a single latent has no next
                    writer.add_scalar(f"latents/{prefix}/{name}", values.mean(), step)
            writer.add_figure(f"trajectories/{prefix}", figure, step)
            writer.add_text(f"latents/{prefix}", lens_markdown(shown, lenses), step)
            if self.embedding:
                add_embedding(writer, trajectories, answers, tag=f"latents_{prefix}", step=step)

    on_validation_batch_end = on_test_batch_end = _show


@torch.no_grad()
def read_lenses(reasoner: LatentReasoner, latents: Tensor, *, count: int) -> list[Lens]:
    """What latents `[B, T, D]` would say if the output head read them, `count` tokens each.

    See `nearest`.
    """
    return [
        Lens([[word.text for word in step] for step in row], [[word.probability for word in step] for step in row])
        for row in nearest(reasoner, latents, count=count)
    ]


def add_embedding(
    writer: "SummaryWriter", trajectories: dict[str, Tensor], answers: list[Answer], *, tag: str, step: int
) -> None:
    """Write latents `[B, T, D]` of each way of thinking for TensorBoard's projector, with what they belong to."""
    points = torch.cat([latents.flatten(0, 1) for latents in trajectories.values()])
    metadata = [
        [answer.id, str(index + 1), way, "right" if answer.correct else "wrong"]
        for way, latents in trajectories.items()
        for answer in answers
        for index in range(latents.shape[1])
    ]
    header = ["question", "step", "latents", "answer"]
    writer.add_embedding(points, metadata, tag=tag, global_step=step, metadata_header=header)
