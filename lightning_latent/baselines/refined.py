"""Reasoners whose latents are refined."""

import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import lightning as L
import torch
import yaml
from jsonargparse import ArgumentParser
from torch.utils.data import DataLoader

from lightning_latent.baselines.row import Answered, Row, RowRun, weight_files
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.metrics.record import StepOutput
from lightning_latent.refinement import LatentRefinement
from lightning_latent.refinement.hooks import LatentCallback
from lightning_latent.refinement.places import beside

_ACCELERATORS = {"cuda": "gpu"}


class Refined(Row):
    """What a run of `LatentRefinement` learned or does to the latents, from its directory.

    Model, callbacks and precision are those of the run's `config.yaml`. What was learned is in `checkpoints/last.ckpt`,
    where there is one: the paper's method needs none.

    Args:
        path: The run directory; relative to the folder of runs.
        row: Which of the run's rows: `feedback`, `map`, or `coconut` for the latents as they were thought. By default
            the one that was best on validation, else the first refined one.
    """

    def __init__(self, *, path: str, row: str | None = None) -> None:
        self.path = path
        self.row = row

    def locate(self, runs: Path) -> bool:
        """See `Row.locate`; a run is never on the hub."""
        super().locate(runs)
        return (Path(self.path) / "config.yaml").is_file()

    def files(self) -> list[Path]:
        """See `Row.files`."""
        config = self._config()
        own = [Path(self.path) / "config.yaml", *([self._checkpoint] if self._checkpoint.is_file() else [])]
        return [*own, *(file for model in models(config) for file in weight_files(model))]

    def run(self, batches: Sequence[list[Example]], *, benchmark: Benchmark, device: torch.device) -> RowRun:
        """See `Row.run`. One question is answered beforehand, so that starting up is not timed."""
        config = self._config()
        model, callbacks = build(config, benchmark=benchmark)
        trainer = L.Trainer(
            accelerator=_ACCELERATORS.get(device.type, device.type),
            devices=1,
            precision=config["trainer"].get("precision") or "32-true",
            callbacks=callbacks,
            logger=False,
            inference_mode=False,
            enable_checkpointing=False,
            enable_model_summary=False,
        )
        loader = DataLoader([batches[0][:1], *batches], batch_size=None, collate_fn=_as_it_is)
        checkpoint = str(self._checkpoint) if self._checkpoint.is_file() else None
        with warnings.catch_warnings():
            # Of the callbacks that made the checkpoint, those that refine are all that is wanted.
            warnings.filterwarnings("ignore", message=".*callbacks used to create the checkpoint")
            outputs: Sequence[StepOutput] = trainer.predict(model, dataloaders=loader, ckpt_path=checkpoint)
        outputs = outputs[1:]
        row = self._choose(model, list(outputs[0].seconds))
        answers = [
            Answered(
                id=record.id,
                gold=record.gold,
                prediction=record.answers[row].text,
                correct=record.answers[row].correct,
                tokens=record.answers[row].tokens,
                latents=record.num_latents,
            )
            for output in outputs
            for record in output.records
        ]
        return RowRun(answers, sum(output.seconds[row] for output in outputs))

    @property
    def _checkpoint(self) -> Path:
        return Path(self.path) / "checkpoints" / "last.ckpt"

    def _config(self) -> dict[str, Any]:
        config = yaml.safe_load((Path(self.path) / "config.yaml").read_text(encoding="utf-8"))
        if "reasoner" not in config.get("model", {}).get("init_args", {}):
            raise UserError(f"{self.path}/config.yaml: not the config of a LatentRefinement; name the run of one")
        return config

    def _choose(self, model: LatentRefinement, rows: list[str]) -> str:
        row = self.row or (model.best_row if model.best_row in rows else rows[min(1, len(rows) - 1)])
        if row not in rows:
            raise UserError(f"the run {self.path} has no row {row!r}; it has {', '.join(rows)}")
        return row


def models(config: dict[str, Any]) -> list[str]:
    """Where the reasoner of a run is, and the references that its callbacks read along with, each once.

    Args:
        config: The content of `config.yaml`.
    """
    reasoner = config["model"]["init_args"]["reasoner"]
    refining = [item.get("init_args") or {} for item in _refining(config)]
    named = [options[role] for options in refining for role in ("strong", "weak") if options.get(role)]
    return list(dict.fromkeys([reasoner, *(beside(path, reasoner) for path in named)]))


def build(config: dict[str, Any], *, benchmark: Benchmark) -> tuple[LatentRefinement, list[LatentCallback]]:
    """Make the model and the refining callbacks that a run's config describes.

    Args:
        config: The content of `config.yaml`.
        benchmark: Judges the answers, in place of the run's own, so that all rows of a table are judged alike.
    """
    callbacks = _refining(config)
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(LatentRefinement, "model")
    parser.add_argument("--callbacks", type=list[LatentCallback], default=[])
    made = parser.instantiate_classes(parser.parse_object({"model": config["model"], "callbacks": callbacks}))
    made.model.benchmark = benchmark
    return made.model, list(made.callbacks)


def _refining(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in config["trainer"].get("callbacks") or [] if _refines(item["class_path"])]


def _refines(class_path: str) -> bool:
    module, _, name = class_path.rpartition(".")
    return issubclass(getattr(import_module(module), name), LatentCallback)


def _as_it_is(batch: list[Example]) -> list[Example]:
    """Stand in for the default conversion, which would turn tuples into lists."""
    return batch
