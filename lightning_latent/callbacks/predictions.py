"""The answers of a run, written down."""

import os
from pathlib import Path
from typing import Any

import lightning as L
import torch
import torch.distributed as dist
from lightning.pytorch.loggers import TensorBoardLogger
from typing_extensions import override

from lightning_latent.callbacks.run_directory import run_directory
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer, natural_key
from lightning_latent.evaluation.fingerprint import fingerprint
from lightning_latent.evaluation.journal import Journal
from lightning_latent.evaluation.protocol import Answering
from lightning_latent.evaluation.run import PREDICTIONS, write_run
from lightning_latent.evaluation.summary import package_versions, summarise
from lightning_latent.evaluation.table import answers_markdown

QUESTIONS_SHOWN = 10  # in TensorBoard, which stores every one again at every evaluation


class Predictions(L.Callback):
    """Writes `predictions.jsonl`, one line a question, and `run.json`, whose answers they are, into the run's folder.

    `fit` writes those of its last validation into `validate/` below its folder. `validate`, `test` and `predict` append
    answers as they come: a run that was killed goes on when it is started again in the same folder, with any number of
    processes, and one that is finished is not repeated. Answers that depend on something else (model, learned state,
    options, callbacks, code) are refused, not mixed in.

    Args:
        resume: Keep the answers that are in the folder; otherwise they are given anew.
    """

    def __init__(self, *, resume: bool = True) -> None:
        """Write nothing before a run starts."""
        self.resume = resume
        self.summary: dict[str, Any] | None = None
        self.directory: Path | None = None
        self._journal: Journal | None = None
        self._answers: list[Answer] = []
        self._seen: dict[str, Example] = {}
        self._batch_size = 0

    # Beginning.

    @override
    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._begin(trainer, pl_module)

    @override
    def on_test_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._begin(trainer, pl_module)

    @override
    def on_predict_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._begin(trainer, pl_module)

    def _begin(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        self._answers, self._seen, self._batch_size = [], {}, 0
        if not isinstance(module, Answering):
            return
        module.kept = {}
        directory = run_directory(trainer)
        fitting = trainer.state.fn == "fit"
        self.directory = directory / "validate" if fitting and directory is not None else directory
        # On every process, though one needs it: a module's `state_dict` may communicate.
        depends_on = fingerprint(trainer, module, leave_out=self)
        if self.directory is None or fitting:
            return
        journal = Journal(self.directory)
        if trainer.is_global_zero:
            if not self.resume:
                journal.clear()
            journal.claim(depends_on)
        trainer.strategy.barrier("predictions: folder is ready")
        module.kept = journal.read()
        trainer.strategy.barrier("predictions: all have read what is there")
        journal.open(trainer.global_rank)
        self._journal = journal

    # While it runs.

    @override
    def on_validation_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._look_at(pl_module, batch)

    @override
    def on_test_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._look_at(pl_module, batch)

    @override
    def on_predict_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._look_at(pl_module, batch)

    @override
    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self._take(pl_module, outputs)

    @override
    def on_test_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self._take(pl_module, outputs)

    @override
    def on_predict_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self._take(pl_module, outputs)

    def _look_at(self, module: L.LightningModule, batch: list[Example]) -> None:
        if not isinstance(module, Answering):
            return
        self._batch_size = max(self._batch_size, len(batch))
        for example in batch:
            if self._seen.setdefault(example.id, example) is not example:
                raise UserError(f"question id {example.id!r} occurs twice: make ids unique")
            kept = module.kept.get(example.id)
            if kept is not None and (kept.question, kept.gold) != (example.question, example.answer):
                raise UserError(
                    f"{self.directory} holds answers to other data (question id {example.id!r} differs); name this run "
                    "otherwise (--trainer.logger.version NAME), or remove that folder"
                )

    def _take(self, module: L.LightningModule, answers: list[Answer] | None) -> None:
        # No communication here: processes may have different numbers of batches.
        if isinstance(module, Answering) and answers:
            self._answers += answers
            if self._journal is not None:
                self._journal.append([answer for answer in answers if answer.id not in module.kept])

    # Ending.

    @override
    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if not trainer.sanity_checking:
            self._conclude(trainer, pl_module, split="validation")

    @override
    def on_test_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._conclude(trainer, pl_module, split="test")

    @override
    def on_predict_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._conclude(trainer, pl_module, split="predict")

    def _conclude(self, trainer: L.Trainer, module: L.LightningModule, *, split: str) -> None:
        if not isinstance(module, Answering):
            return
        self._close()
        answers = gather_answers(self._answers, world_size=trainer.world_size)
        depends_on = fingerprint(trainer, module, leave_out=self)
        module.kept = {}
        self._answers = []
        self.summary = {
            "method": module.method,
            "benchmark": module.benchmark.name,
            "split": split,
            **summarise(answers),
            "batch_size": self._batch_size,
            "device": device_name(trainer.strategy.root_device),
            "processes": trainer.world_size,
            "threads": torch.get_num_threads(),
            "seed": _seed(),
            "versions": package_versions(),
            "models": module.identities,
            "depends_on": depends_on,
        }
        if trainer.is_global_zero:
            if self.directory is not None:
                write_run(self.directory, self.summary, answers)
                Journal(self.directory).remove()
            text = answers_markdown(answers, count=QUESTIONS_SHOWN)
            for logger in trainer.loggers:
                if isinstance(logger, TensorBoardLogger):
                    logger.experiment.add_text(f"questions/{split}", text, trainer.global_step)
        trainer.strategy.barrier("predictions: written")

    @override
    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        self._close()

    @override
    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        self._close()

    def _close(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def closing_line(self) -> str | None:
        """What came out of the last evaluation and where it is, in one line; None before there was one."""
        if self.summary is None:
            return None
        low, high = self.summary["accuracy_ci95"]
        where = "" if self.directory is None else f"; the answers are in {self.directory / PREDICTIONS}"
        return (
            f"{self.summary['method']}: {100 * self.summary['accuracy']:.1f} % [{100 * low:.1f}, {100 * high:.1f}] of "
            f"{self.summary['n']:,} questions right ({self.summary['benchmark']}, {self.summary['split']}){where}"
        )


def gather_answers(answers: list[Answer], *, world_size: int) -> list[Answer]:
    """Join what the processes answered, each question once, sorted by id; every process gets the same.

    Args:
        answers: This process's answers. A sampler that pads gives some questions to two processes; the lowest rank's
            answer counts.
        world_size: How many processes take part.

    Raises:
        UserError: There is none, or one id belongs to two questions.
    """
    parts = [answers] * world_size
    if world_size > 1:
        dist.all_gather_object(parts, answers)
    joined: dict[str, Answer] = {}
    for answer in (answer for part in parts for answer in part):
        if joined.setdefault(answer.id, answer).question != answer.question:
            raise UserError(f"question id {answer.id!r} belongs to two different questions: make ids unique")
    if not joined:
        raise UserError("no question was answered: check the data file and trainer.limit_*_batches")
    return sorted(joined.values(), key=lambda answer: natural_key(answer.id))


def device_name(device: torch.device) -> str:
    """What seconds were measured on."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _seed() -> int | None:
    seed = os.environ.get("PL_GLOBAL_SEED")  # where Lightning's seed_everything leaves it
    return None if seed is None else int(seed)
