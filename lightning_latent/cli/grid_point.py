"""A run of a sweep: `validate` in a folder of its own below the sweep's, with what it shares with the others."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from jsonargparse import Namespace
from lightning.pytorch.callbacks import ProgressBar
from typing_extensions import override

from lightning_latent.callbacks import ConfidentViews, Predictions, SymmetricViews
from lightning_latent.cli.latent_cli import LatentCLI
from lightning_latent.cli.run_folder import name_evaluation
from lightning_latent.data import LatentDataModule
from lightning_latent.errors import UserError
from lightning_latent.evaluation.sharing import SharedReasoners
from lightning_latent.refinement import LatentRefinement
from lightning_latent.refinement.hooks import LatentCallback, QuestionCallback

_CHATTER = ("lightning.pytorch.utilities.rank_zero", "lightning.fabric.utilities.seed")


class GridPoint(LatentCLI):
    """Answers the validation questions with one setting of a sweep.

    Args:
        arguments: Those of `validate`, the setting's last.
        name: The name of its folder within that of the sweep.
        shared: Loads models.
        plain: Leave out all that refines: plain Coconut, with which costs are compared.
        answer: Answer the questions; otherwise everything is only built, which finds what is wrong with the arguments.
    """

    def __init__(
        self, arguments: Sequence[str], *, name: str, shared: SharedReasoners, plain: bool = False, answer: bool
    ) -> None:
        self.name = name
        self.shared = shared
        self.plain = plain
        self.answers = answer
        super().__init__(["validate", *arguments])

    @property
    def folder(self) -> Path:
        """The run's folder, `<run>/sweep/points/<name>/validate`."""
        assert self.directory is not None  # without a logger it is not built
        return self.directory

    @property
    def sweep_folder(self) -> Path:
        """The sweep's folder, `<run>/sweep`."""
        return self.folder.parents[2]

    @property
    def parsed(self) -> Namespace:
        """The whole config of the run."""
        return self.config["validate"]

    @override
    def before_instantiate_classes(self) -> None:
        loggers = self.parsed.trainer.logger
        for logger in loggers if isinstance(loggers, list) else [loggers]:
            options = logger.get("init_args") if isinstance(logger, Namespace) else None
            if options is None or not isinstance(options.get("version"), str):
                raise UserError("a sweep needs the name of a run; give --trainer.logger.version NAME")
            name_evaluation(logger, f"sweep/points/{self.name}")
        super().before_instantiate_classes()

    @override
    def after_instantiate_classes(self) -> None:
        super().after_instantiate_classes()
        model, data = self.model, self.datamodule
        if not isinstance(model, LatentRefinement) or not isinstance(data, LatentDataModule):
            raise UserError("sweep tries settings of a LatentRefinement on the questions of a LatentDataModule")
        if self.trainer.world_size > 1:
            raise UserError("a sweep runs in one process; set trainer.devices to 1")
        callbacks = self.trainer.callbacks  # type: ignore[attr-defined]
        shown = (Predictions, ProgressBar)
        kept = [c for c in callbacks if isinstance(c, shown) or not getattr(c, "only_watches", False)]
        if self.plain:
            asked = [c.batch_size for c in kept if isinstance(c, ConfidentViews | SymmetricViews) and c.active]
            data.eval_batch_size = min([data.eval_batch_size, *asked])  # what the model reads at a time
            model.learn = None
            kept = [c for c in kept if not isinstance(c, LatentCallback | QuestionCallback)]
        self.trainer.callbacks = kept  # type: ignore[attr-defined]
        if model.learn is None:  # a method that learns may change the model
            model.load = partial(self.shared.load, precision=str(self.trainer.precision))

    @override
    def next_step(self) -> str | None:
        return None  # the sweep's own line says

    @override
    def _with_checkpoint(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self.plain:
            return {**arguments, "ckpt_path": None}
        if isinstance(self.model, LatentRefinement) and self.model.learn is not None and not arguments.get("ckpt_path"):
            raise UserError("sweep fits nothing; name what was fitted by --ckpt_path")
        return arguments

    @override
    def _carry_out(self, run: Any, arguments: dict[str, Any]) -> None:
        if self.answers:
            super()._carry_out(run, arguments)


@contextmanager
def without_chatter() -> Iterator[None]:
    """Keep Lightning from saying at each of many runs which devices there are and what the seed is."""
    levels = {name: logging.getLogger(name).level for name in _CHATTER}
    try:
        for name in _CHATTER:
            logging.getLogger(name).setLevel(logging.WARNING)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
