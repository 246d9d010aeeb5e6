"""The command line: Lightning's, with this package's defaults and one-line errors."""

import logging
import shutil
import signal
import warnings
import zipfile
from pathlib import Path
from typing import Any

import lightning.pytorch as L
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.trainer.connectors.accelerator_connector import _AcceleratorConnector
from typing_extensions import override

from lightning_latent.arguments import LatentArgumentParser
from lightning_latent.callbacks.comparison import ComparisonWriter
from lightning_latent.callbacks.predictions import PredictionWriter
from lightning_latent.data import LatentDataModule
from lightning_latent.errors import UserError
from lightning_latent.exits import BAD_INPUT, exit_codes, one_line, relay
from lightning_latent.refinement import LatentRefinement
from lightning_latent.strategy import UNWRAPPED_DDP, UnwrappedDDPStrategy
from lightning_latent.training import CoconutTraining

TRAINER_DEFAULTS: dict[str, Any] = {
    # One folder a run: runs/<name>/version_<n>.
    "logger": {
        "class_path": "lightning.pytorch.loggers.TensorBoardLogger",
        "init_args": {"save_dir": "runs", "name": "latent", "default_hp_metric": False},
    },
    # Runs are short; Lightning's 50 would leave many without a single point.
    "log_every_n_steps": 1,
    # Latents are refined by gradients in validate, test and predict too, which inference mode forbids.
    "inference_mode": False,
    # The data module divides the questions itself, none twice; Lightning would repeat some to fill up.
    "use_distributed_sampler": False,
    # Evaluation is the point, not a check before it, and a partial one would only cost time.
    "num_sanity_val_steps": 0,
}

# Once imported, these can be named without their module, as in `--model LatentRefinement`.
NAMED_BY_CLASS = (LatentRefinement, CoconutTraining, LatentDataModule)

# What --ckpt_path may be besides a path; Lightning finds out what they stand for.
CHECKPOINT_WORDS = ("last", "hpc", "registry")


class LatentCLI(LightningCLI):
    """``fit``, ``validate``, ``test`` and ``predict`` for any model and data given by ``class_path`` or class name.

    Args:
        args: The arguments as a list or a dictionary; without, those of the command.
        run: Carry out the subcommand. Otherwise there is none, and the objects are only built.
    """

    def __init__(self, args: ArgsType = None, *, run: bool = True) -> None:
        """Parse the arguments, build the objects and carry out the subcommand."""
        super().__init__(
            L.LightningModule,
            L.LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            auto_configure_optimizers=False,
            seed_everything_default=0,
            save_config_kwargs={"overwrite": True},
            trainer_defaults=TRAINER_DEFAULTS,
            parser_class=LatentArgumentParser,
            args=args,
            run=run,
        )

    @override
    def init_parser(self, **kwargs: Any) -> LightningArgumentParser:
        # A shortened name of an option is more often a misspelt one.
        return super().init_parser(**kwargs, allow_abbrev=False)

    @override
    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_lightning_class_args(ComparisonWriter, "comparison")
        parser.add_lightning_class_args(PredictionWriter, "predictions")

    @override
    def _prepare_subcommand_parser(self, klass: type, subcommand: str, **kwargs: Any) -> LightningArgumentParser:
        parser = super()._prepare_subcommand_parser(klass, subcommand, **kwargs)
        if subcommand == "predict":
            parser.set_defaults(return_predictions=False)  # they are in predictions.jsonl
        return parser

    @override
    def _parse_ckpt_path(self) -> None:
        # Lightning would lay the checkpoint's options over those of the command line. Here the command line wins, and a
        # path that leads nowhere is found out before a model loads.
        if self.config.get("subcommand"):
            subcommand = self.config.subcommand
            check_checkpoint(self.config[subcommand].get("ckpt_path"), subcommand=subcommand)

    @override
    def instantiate_classes(self) -> None:
        try:
            super().instantiate_classes()
        except ValueError as error:
            # What a constructor raises comes wrapped in the types that the parser tried besides.
            cause: BaseException = error
            while cause.__cause__ is not None:
                cause = cause.__cause__
            if isinstance(cause, (*BAD_INPUT, ValueError)):
                raise UserError(one_line(cause)) from error
            raise

    @override
    def instantiate_trainer(self, **kwargs: Any) -> L.Trainer:
        if isinstance(self.model, LatentRefinement):
            self._choose_strategy()
        else:
            # They compare base and refined answers, and other models have none.
            self._parser(self.subcommand).callback_keys.clear()
        try:
            return super().instantiate_trainer(**kwargs)
        except (TypeError, ValueError, RuntimeError) as error:
            raise UserError(f"trainer: {one_line(error)}") from error

    @override
    def _run_subcommand(self, subcommand: str) -> None:
        directory = Path(self.trainer.log_dir) if self.trainer.is_global_zero and self.trainer.log_dir else None
        made_now = directory if directory is not None and not directory.exists() else None
        with relay(lambda: self._give_up(made_now)):
            super()._run_subcommand(subcommand)

    def _choose_strategy(self) -> None:
        trainer = self._get(self.config_init, "trainer")
        strategy = wrapping_strategy(trainer)
        if strategy is None:
            return
        if trainer["strategy"] != "auto":
            raise UserError(
                f"trainer.strategy: {type(strategy).__name__} would mix the latents of different questions; "
                f"use auto or {UNWRAPPED_DDP}"
            )
        # In both, so that the saved config says what ran.
        for config in (self.config, self.config_init):
            self._get(config, "trainer")["strategy"] = UNWRAPPED_DDP

    def _give_up(self, run_directory: Path | None) -> None:
        # Not more gently: a process that waits for another does not hear a gentle signal.
        launcher = self.trainer.strategy.launcher
        if launcher is not None:
            launcher.kill(signal.SIGKILL)
        if run_directory is not None and self.trainer.global_step == 0:
            remove_beginnings(run_directory)


def wrapping_strategy(trainer: Any) -> DDPStrategy | None:
    """Give the strategy that a trainer would take, where it would wrap the module in ``DistributedDataParallel``.

    Args:
        trainer: The trainer's arguments, of which only those that choose the strategy are read.
    """
    # The class that decides it inside the Trainer, for what "auto" means depends on the machine and its surroundings.
    names = ("accelerator", "devices", "num_nodes", "strategy", "plugins")
    strategy = _AcceleratorConnector(**{name: trainer[name] for name in names}).strategy
    return strategy if isinstance(strategy, DDPStrategy) and not isinstance(strategy, UnwrappedDDPStrategy) else None


def check_checkpoint(path: str | None, *, subcommand: str) -> None:
    """Refuse a ``--ckpt_path`` that leads to no checkpoint.

    Args:
        path: A path, an address, one of Lightning's words, or None.
        subcommand: Which is to use it.

    Raises:
        UserError: Nothing is there, or it is no checkpoint.
    """
    if not path:
        return
    # Lightning would look for these in the new run's folder, and evaluate what is not fitted when it finds none.
    if path == "best" or (path == "last" and subcommand != "fit"):
        raise UserError(f"--ckpt_path {path}: known only within the run that wrote it; give the checkpoint's path")
    if path.split(":")[0] in CHECKPOINT_WORDS or "://" in path or Path(path).is_dir():
        return
    if not Path(path).exists():
        raise UserError(f"--ckpt_path {path}: no such file; checkpoints are in runs/<name>/version_<n>/checkpoints/")
    if not zipfile.is_zipfile(path):
        raise UserError(f"--ckpt_path {path}: not a checkpoint that Lightning has written")


def remove_beginnings(run_directory: Path) -> None:
    """Remove a run directory, unless it holds more than what is written before the first result.

    Args:
        run_directory: One that this command has made.
    """
    beginnings = [
        path for pattern in ("events.out.*", "config.yaml", "hparams.yaml") for path in run_directory.glob(pattern)
    ]
    if run_directory.exists() and set(run_directory.iterdir()) <= set(beginnings):
        shutil.rmtree(run_directory)


def quiet_start() -> None:
    """Silence what Lightning says at every start or evaluation and nobody can act on."""
    # Advertising of services.
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(lambda record: "Tip:" not in record.msg)
    # The language model is frozen and in eval mode on purpose.
    warnings.filterwarnings("ignore", message=r"Found .* module\(s\) in eval mode")
    # Every run has a folder of its own, so a checkpoint always comes from another.
    warnings.filterwarnings("ignore", message="The dirpath has changed")
    # Lightning 2.6 uses a name that torch 2.13 deprecates.
    warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)


def main(args: ArgsType = None) -> None:
    """Run the command; see ``docs/cli.md`` for its exit codes.

    Args:
        args: The arguments, as of :class:`LatentCLI`.
    """
    with exit_codes():
        quiet_start()
        LatentCLI(args)
