"""The answers of a run, written down."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning as L
import torch
import torch.distributed as dist
from lightning.pytorch.loggers import TensorBoardLogger

from lightning_latent.callbacks.chosen import Chosen
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer, natural_key
from lightning_latent.evaluation.calibration import calibration, reliability
from lightning_latent.evaluation.course import accuracy_against_rounds, curve_csv
from lightning_latent.evaluation.course_figure import course_figure
from lightning_latent.evaluation.figure import save_figure
from lightning_latent.evaluation.fingerprint import fingerprint
from lightning_latent.evaluation.journal import Journal
from lightning_latent.evaluation.module import Answering, AnsweringModule
from lightning_latent.evaluation.run import PREDICTIONS, package_versions, summarise, write_run
from lightning_latent.evaluation.table import answers_markdown
from lightning_latent.io import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVE = "accuracy_against_cost"
QUESTIONS_SHOWN = 10  # in TensorBoard, which stores every one again at every evaluation
SPLITS = {"fit": "validation", "validate": "validation", "test": "test", "predict": "predict"}


class Predictions(L.Callback):
    """Writes `predictions.jsonl`, one line a question, and `run.json`, whose answers they are, into the run's folder.

    `fit` writes those of its last validation into `validate/` below its folder. `validate`, `test` and `predict` append
    answers as they come: a run that was killed goes on when it is started again in the same folder, with any number of
    processes, and one that is finished is not repeated. Answers that depend on something else (model, learned state,
    options, callbacks, code) are refused, not mixed in. Where questions got views until they were sure,
    `accuracy_against_cost.png` and `.csv` show what smaller thresholds would have given.

    Args:
        resume: Keep the answers that are in the folder; otherwise they are given anew.
    """

    only_watches = True

    def __init__(self, *, resume: bool = True) -> None:
        self.resume = resume
        self.summary: dict[str, Any] | None = None
        self.directory: Path | None = None
        self._journal: Journal | None = None
        self._answers: list[Answer] = []
        self._seen: dict[str, Example] = {}
        self._batch_size = 0

    def _begin(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._answers, self._seen, self._batch_size = [], {}, 0
        if not isinstance(pl_module, Answering):
            return
        pl_module.kept = {}
        self.directory = run_directory(trainer)
        if self.directory is None or trainer.state.fn == "fit":
            return
        # On every process, though one needs it: a module's `state_dict` may communicate.
        depends_on = fingerprint(trainer, pl_module)
        self._journal = Journal(self.directory)
        if trainer.is_global_zero:
            if not self.resume:
                self._journal.clear()
            self._journal.claim(depends_on)
        trainer.strategy.barrier("predictions: folder is ready")
        pl_module.kept = self._journal.read()
        trainer.strategy.barrier("predictions: all have read what is there")
        self._journal.open(trainer.global_rank)

    def _look_at(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        if not isinstance(pl_module, Answering):
            return
        if (
            batch_idx == 0
            and isinstance(pl_module, AnsweringModule)
            and self._journal is not None
            and not pl_module.kept
        ):
            pl_module.warm_up(batch)
        self._batch_size = max(self._batch_size, len(batch))
        for example in batch:
            if self._seen.setdefault(example.id, example) is not example:
                raise UserError(f"question id {example.id!r} occurs twice: make ids unique")
            kept = pl_module.kept.get(example.id)
            if kept is not None and (kept.question, kept.gold) != (example.question, example.answer):
                raise UserError(
                    f"{self.directory} holds answers to other data (question id {example.id!r} differs); name this run "
                    "otherwise (--trainer.logger.version NAME), or remove that folder"
                )

    def _take(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        # No communication here: processes may have different numbers of batches.
        if isinstance(pl_module, Answering) and outputs:
            self._answers += outputs
            if self._journal is not None:
                self._journal.append([answer for answer in outputs if answer.id not in pl_module.kept])

    def _conclude(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if not isinstance(pl_module, Answering) or trainer.sanity_checking:
            return
        self._close()
        answers = gather_answers(self._answers, world_size=trainer.world_size)
        split = SPLITS[trainer.state.fn.value]  # type: ignore[union-attr]
        self.summary = {
            "method": pl_module.method,
            "benchmark": pl_module.benchmark.name,
            "split": split,
            **summarise(answers),
            "batch_size": self._batch_size,
            "device": device_name(trainer.strategy.root_device),
            "processes": trainer.world_size,
            "threads": torch.get_num_threads(),
            "seed": int(os.environ["PL_GLOBAL_SEED"]) if "PL_GLOBAL_SEED" in os.environ else None,  # Lightning's
            "versions": package_versions(),
            "models": pl_module.identities,
            "depends_on": fingerprint(trainer, pl_module),
        }
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, Chosen):
                self.summary |= callback.note
        pl_module.kept, self._answers = {}, []
        if trainer.is_global_zero:
            if self.directory is not None:
                write_run(self.directory, self.summary, answers)
                Journal(self.directory).remove()
            self._show(trainer, answers, split=split)
        trainer.strategy.barrier("predictions: written")

    def _show(self, trainer: L.Trainer, answers: list[Answer], *, split: str) -> None:
        """Log how far confidences can be trusted; let TensorBoard have some questions and the figures there are."""
        said = calibration(answers)
        figures = {**({"reliability": reliability(answers)} if said else {}), **self._figures(answers)}
        prefix, step = "val" if split == "validation" else split, trainer.global_step
        for logger in trainer.loggers:
            logger.log_metrics({f"{prefix}/{name}": v for name, v in said.items() if v is not None}, step)
            if isinstance(logger, TensorBoardLogger):
                text = answers_markdown(answers, count=QUESTIONS_SHOWN)
                logger.experiment.add_text(f"questions/{split}", text, step)
                for name, figure in figures.items():
                    logger.experiment.add_figure(f"{name}/{split}", figure, step)

    def _figures(self, answers: list[Answer]) -> dict[str, "Figure"]:
        """Accuracy against cost, where answers have a course; it is written into the run's folder as well."""
        curve = accuracy_against_rounds(answers)
        if not curve or self.summary is None:
            return {}
        figure = course_figure(curve, title=f"{self.summary['method']}: {len(answers):,} questions")
        if self.directory is not None:
            write_text(self.directory / f"{CURVE}.csv", curve_csv(curve))
            save_figure(figure, self.directory / f"{CURVE}.png")
        return {CURVE: figure}

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Close what is open."""
        self._close()

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """Close what is open; what has been answered stays."""
        self._close()

    def _close(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    # The same in whatever questions are answered for.
    on_validation_start = on_test_start = on_predict_start = _begin
    on_validation_batch_start = on_test_batch_start = on_predict_batch_start = _look_at
    on_validation_batch_end = on_test_batch_end = on_predict_batch_end = _take
    on_validation_end = on_test_end = on_predict_end = _conclude

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


def run_directory(trainer: L.Trainer) -> Path | None:
    """Where a run's answers go: the first logger's folder or `default_root_dir`, for `fit` one below it.

    It communicates, so every process must call it. Under `fast_dev_run` nothing is written, as by Lightning itself.
    """
    if trainer.fast_dev_run:  # type: ignore[attr-defined]
        return None
    directory = Path(trainer.log_dir or trainer.default_root_dir)
    return directory / "validate" if trainer.state.fn == "fit" else directory


def gather_answers(answers: list[Answer], *, world_size: int) -> list[Answer]:
    """Join what the processes answered, each question once, sorted by id; every process gets the same.

    A sampler that pads gives some questions to two processes; the lowest rank's answer counts.

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
