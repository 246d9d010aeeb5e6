"""How a run of one of Lightning's subcommands ended: what came out, where it is, and what to do next."""

from pathlib import Path
from typing import Any

import lightning.pytorch as L
from lightning.pytorch.callbacks import ModelCheckpoint

from lightning_latent.callbacks import Predictions
from lightning_latent.cli.closing import after_evaluation, after_fit, after_training, learned, sentence
from lightning_latent.data import LatentDataModule
from lightning_latent.evaluation.module import AnsweringModule
from lightning_latent.refinement import LatentRefinement
from lightning_latent.training import ExportReasoners


def outcome(trainer: L.Trainer, *, subcommand: str) -> str:
    """What came out: accuracy and where the answers are, or the last loss."""
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Predictions) and (line := callback.closing_line()):
            return line
    if subcommand == "fit":
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        answers = isinstance(trainer.lightning_module, AnsweringModule)
        without = "no question was answered (trainer.check_val_every_n_epoch)" if answers else None
        return sentence(learned(trainer.current_epoch, metrics), without)
    return f"{subcommand} is done"


def place(trainer: L.Trainer, folder: Path | None, *, subcommand: str) -> str | None:
    """Where the rest is, beside the answers, of which the outcome tells."""
    if (exported := exported_to(trainer, subcommand=subcommand)) is not None:
        return f"the reasoners are in {exported}"
    if folder is None or subcommand != "fit":
        return None
    shown = f" (tensorboard --logdir {folder})" if any(folder.glob("events.out.tfevents.*")) else ""
    return f"the run is in {folder}{shown}"


def next_step(
    trainer: L.Trainer,
    model: Any,
    data: Any,
    folder: Path | None,
    *,
    subcommand: str,
    named: bool,
) -> str | None:
    """The command that comes next; see `closing`.

    Args:
        trainer: What has run.
        model: Its model.
        data: Its data module.
        folder: The run's folder.
        subcommand: What it has done.
        named: Whether the config names the folder.
    """
    if folder is None or trainer.fast_dev_run:  # type: ignore[attr-defined]
        return None
    split = "validate" if isinstance(data, LatentDataModule) and data.test is None else "test"
    if (exported := exported_to(trainer, subcommand=subcommand)) is not None:
        thinks = model.metadata().num_latents > 0  # of a CoconutTraining, as ExportReasoners has seen
        return after_training(folder, exported / "final", thinks=thinks, split=split)
    if subcommand == "fit":
        callback = trainer.checkpoint_callback
        saved = callback.last_model_path or callback.best_model_path if isinstance(callback, ModelCheckpoint) else None
        return after_fit(folder, split=split, named=named, checkpoint=saved or None)
    examined = isinstance(model, LatentRefinement) and isinstance(data, LatentDataModule)
    return after_evaluation(folder, examined=examined)


def exported_to(trainer: L.Trainer, *, subcommand: str) -> Path | None:
    """Where a training has put its reasoners; None for anything else."""
    callbacks = trainer.callbacks if subcommand == "fit" else []  # type: ignore[attr-defined]
    roots = [callback.root(trainer) for callback in callbacks if isinstance(callback, ExportReasoners)]
    return roots[0] if roots else None
