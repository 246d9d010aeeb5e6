"""One folder a run: what it is called, when it is refused, and what of it is taken away again."""

import shutil
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

from jsonargparse import Namespace

from lightning_latent.errors import UserError

EVALUATIONS = ("validate", "test", "predict")


def name_evaluation(logger: Any, subcommand: str) -> None:
    """Let an evaluation write into a folder of its own below the run's: `runs/quickstart/map/test`.

    Args:
        logger: A logger's part of the config; one without a version of its own gets a new number at every command.
        subcommand: Which names the folder.
    """
    options = logger.get("init_args") if isinstance(logger, Namespace) else None
    if options is not None and isinstance(options.get("version"), str):
        run, _, last = options["version"].rpartition("/")  # a saved config has the folder's name already
        options["version"] = f"{run if last in EVALUATIONS else options['version']}/{subcommand}"


def refuse_finished(directory: Path | None, *, checkpoint: str | None) -> None:
    """Refuse, by a `UserError`, to fit in an earlier run's folder, unless that run goes on from a checkpoint in it."""
    if directory is None or not (directory / "config.yaml").exists():
        return
    if checkpoint is not None and Path(checkpoint).resolve().is_relative_to(directory.resolve()):
        return
    last = directory / "checkpoints" / "last.ckpt"
    go_on = f"go on with it by --ckpt_path {last}, " if last.is_file() else ""
    raise UserError(
        f"{directory} holds an earlier run; {go_on}name this one otherwise (--trainer.logger.version NAME), or remove "
        "that folder"
    )


def folder_above(directory: Path) -> Path:
    """The innermost of the folders above one that is there already."""
    return next(above for above in directory.parents if above.exists())


def remove_beginnings(directory: Path, *, below: Path) -> None:
    """Remove the folder of a run that this command has begun, unless it holds more than what comes before a result.

    Args:
        directory: The folder.
        below: The folder above it that was there before; those between are removed where they are empty.
    """
    names = ("events.out.*", "config.yaml", "hparams.yaml", "predictions.shards")
    beginnings = [file for name in names for file in directory.glob(name)]
    answered = any(file.stat().st_size for file in directory.glob("predictions.shards/rank*.jsonl"))
    if directory.exists() and not answered and set(directory.iterdir()) <= set(beginnings):
        shutil.rmtree(directory)
    with suppress(OSError):  # another run is in it
        for above in takewhile(lambda above: above != below, directory.parents):
            above.rmdir()
