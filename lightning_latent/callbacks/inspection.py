"""Questions and latents to look at: what refinement changed, and how."""

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from lightning_latent.bounds import PositiveInt, check_at_least_one
from lightning_latent.callbacks import inspection_views as views
from lightning_latent.callbacks.inspection_views import PLAIN, REFINED, Looked
from lightning_latent.data.example import Example
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.figure import save_figure
from lightning_latent.evaluation.gathering import run_directory
from lightning_latent.evaluation.module import Answering
from lightning_latent.io import write_text
from lightning_latent.refinement.geometry import movement
from lightning_latent.refinement.hooks import QuestionCallback, Refining
from lightning_latent.showing.movement_figure import movement_figure
from lightning_latent.showing.words import StepWords, read_thoughts, step_words

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

PROJECTED = 32
"""Questions in the projector: every latent is written as text, at every evaluation."""

PAGE, PICTURE = "thoughts.html", "thoughts.png"


class TrajectoryInspection(Callback):
    """Shows which questions a method fixes and breaks, and what becomes of their latents, in validation and test.

    The first questions are answered with plain latents as well. Of those that are answered right by one of the two ways
    alone it writes, into the run's folder, `thoughts.html`: the words of each latent before and after refinement, the
    gold steps that they belong to, and how far each was moved; `thoughts.png` is a picture of two of them. Where no
    answer changed, some right and some wrong ones are shown. TensorBoard, where it is the logger, gets besides

    - *Scalars*: the gain over plain latents on these questions; the latents' length, how far they are moved, the cosine
      between refined and plain, and the distance from one to the next, averaged.
    - *Images*: the same by latent, of several validations as heatmaps; and a picture a question.
    - *Text*: the tables of the page.
    - *Projector*: latents of the first batch with question, step, plain or refined, and whether the answer is right.

    It looks at the first process's questions alone, and not at those that were answered before a run was resumed.

    Args:
        num_questions: Fixed questions that are shown, and as many broken ones.
        look_at: Questions that are answered with plain latents to find them; where latents are refined, the rest of the
            batch counts too.
        top_tokens: Nearest words shown of each latent.
        embedding: Write latents for the projector. They are written as text, which takes space with wide models.
    """

    only_watches = True

    def __init__(
        self,
        *,
        num_questions: PositiveInt = 3,
        look_at: PositiveInt = 500,
        top_tokens: PositiveInt = 3,
        embedding: bool = True,
    ) -> None:
        given = {"num_questions": num_questions, "look_at": look_at, "top_tokens": top_tokens}
        check_at_least_one({f"TrajectoryInspection.{name}": value for name, value in given.items()})
        self.num_questions = num_questions
        self.look_at = look_at
        self.top_tokens = top_tokens
        self.embedding = embedding
        self._changed: Counter[str] = Counter()  # questions looked at by kind
        self._found: list[Looked] = []
        self._first: _Batch | None = None
        self._evaluations: dict[str, list[tuple[int, dict[str, list[float]]]]] = {}

    def _begin(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._changed, self._found, self._first = Counter(), [], None

    def _look(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        enough = self._changed.total() >= self.look_at or not trainer.is_global_zero or trainer.sanity_checking
        if enough or not outputs or not isinstance(pl_module, Refining):
            return
        if trainer.fast_dev_run or (isinstance(pl_module, Answering) and pl_module.kept):  # type: ignore[attr-defined]
            return
        if not pl_module.refines:  # what refines may look at the whole batch, and must see it again
            batch, outputs = batch[: self.look_at], outputs[: self.look_at]
        asks_again = any(isinstance(c, QuestionCallback) and c.active for c in trainer.callbacks)  # type: ignore[attr-defined]
        plain = pl_module.answer_once(batch, plain=True) if pl_module.refines or asks_again else outputs
        kinds = [views.kind_of(*pair) for pair in zip(plain, outputs, strict=True)]
        self._changed.update(kinds)
        chosen = self._choose(kinds)
        if not chosen and self._first is not None:
            return
        trajectories = {PLAIN: pl_module.think(batch, plain=True).latents}
        if pl_module.refines:
            trajectories[REFINED] = pl_module.think(batch).latents
        if trajectories[PLAIN].shape[1] == 0 or not trajectories[PLAIN].isfinite().all():
            return
        looked_at = _Batch(batch, plain, outputs, trajectories)
        self._first = self._first or looked_at
        words = step_words(pl_module.reasoner, batch)
        self._found += [self._read(pl_module, looked_at, row, kinds[row], words[row]) for row in chosen]

    def _choose(self, kinds: list[str]) -> list[int]:
        """Rows of a batch that are to be shown: the first fixed and broken ones, and of the first batch some others."""
        have, chosen = Counter(looked.kind for looked in self._found), []
        for row, kind in enumerate(kinds):
            changed = kind in ("fixed", "broken")
            if have[kind] < self.num_questions and (changed or self._first is None):
                have[kind] += 1
                chosen.append(row)
        return chosen

    def _read(self, module: Refining, batch: "_Batch", row: int, kind: str, words: StepWords) -> Looked:
        ways = {
            way: read_thoughts(module.reasoner, words, latents[row], count=self.top_tokens)
            for way, latents in batch.trajectories.items()
        }
        moved: list[float] = []
        if REFINED in ways:
            plain, refined = (latents[row : row + 1].double() for latents in batch.trajectories.values())
            moved = movement(plain, refined).displacement[0].tolist()
        return Looked(kind, batch.examples[row], batch.plain[row], batch.answers[row], ways, moved)

    def _show(self, trainer: Trainer, pl_module: LightningModule) -> None:
        directory = run_directory(trainer)  # asks all processes
        if self._first is None or directory is None or not isinstance(pl_module, Refining):
            return
        shown, mark = views.to_show(self._found), pl_module.reasoner.metadata.answer_start.strip()
        method = pl_module.method if isinstance(pl_module, Answering) else type(pl_module).__name__
        write_text(directory / PAGE, views.looked_page(shown, title=method, note=self._note(), mark=mark))
        save_figure(views.pair_figure(shown), directory / PICTURE)
        prefix, step = "test" if trainer.testing else "val", trainer.global_step
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                writer: SummaryWriter = logger.experiment
                text = views.looked_markdown(shown, note=self._note(), mark=mark)
                writer.add_text(f"thoughts/{prefix}", text, step)
                for number, looked in enumerate(shown, start=1):
                    writer.add_figure(f"thoughts/{prefix} {number} {looked.kind}", views.looked_figure(looked), step)
                self._show_movement(writer, self._first, prefix=prefix, step=step)
                if self.embedding:
                    add_embedding(writer, self._first, tag=f"latents_{prefix}", step=step)

    def _note(self) -> str:
        """What was looked at, and what changed."""
        total, fixed, broken = self._changed.total(), self._changed["fixed"], self._changed["broken"]
        if not fixed and not broken:
            return f"Of the first {total:,} questions no answer is right or wrong otherwise than with plain latents."
        return f"Of the first {total:,} questions {fixed} are fixed and {broken} broken, against plain latents."

    def _show_movement(self, writer: "SummaryWriter", first: "_Batch", *, prefix: str, step: int) -> None:
        """Numbers averaged for scalars, and by latent as pictures: of this evaluation, and those before in the run."""
        if REFINED not in first.trajectories:
            return
        gain = (self._changed["fixed"] - self._changed["broken"]) / self._changed.total()
        writer.add_scalar(f"accuracy/gain/{prefix}", gain, step)
        moved = movement(*(latents.float().cpu() for latents in first.trajectories.values()))
        means = {kind: values.mean(0).tolist() for kind, values in moved._asdict().items() if values.numel()}
        evaluations = self._evaluations.setdefault(prefix, [])
        evaluations.append((step, means))
        for kind, by_latent in means.items():  # a single latent has no next
            writer.add_scalar(f"latents/{prefix}/{kind}", sum(by_latent) / len(by_latent), step)
            history = [(at, values[kind]) for at, values in evaluations]
            writer.add_figure(f"latents/{prefix} {kind}", movement_figure(kind, history), step)

    on_validation_start = on_test_start = _begin
    on_validation_batch_end = on_test_batch_end = _look
    on_validation_end = on_test_end = _show


class _Batch(NamedTuple):
    """A batch that was looked at: B questions, what they were answered, and latents `[B, T, D]` by way of thinking."""

    examples: list[Example]
    plain: list[Answer]
    answers: list[Answer]
    trajectories: dict[str, Tensor]


def add_embedding(writer: "SummaryWriter", batch: _Batch, *, tag: str, step: int) -> None:
    """Write latents of each way of thinking for TensorBoard's projector, with what they belong to."""
    points, metadata = [], []
    for way, latents in batch.trajectories.items():
        points.append(latents[:PROJECTED].float().cpu().flatten(0, 1))
        for answer in (batch.plain if way == PLAIN else batch.answers)[:PROJECTED]:
            verdict = "right" if answer.correct else "wrong"
            metadata += [[answer.id, str(index + 1), way, verdict] for index in range(latents.shape[1])]
    header = ["question", "step", "latents", "answer"]
    writer.add_embedding(torch.cat(points), metadata, tag=tag, global_step=step, metadata_header=header)
