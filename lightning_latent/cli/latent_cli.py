"""Lightning's command line with this package's defaults, one folder a run, and one-line errors."""

import logging
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as L
from jsonargparse import Namespace
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI
from transformers.utils.logging import disable_progress_bar
from typing_extensions import override

from lightning_latent import __version__
from lightning_latent.callbacks import Chosen, ContrastiveFeedback, Predictions, ResidualBlending, SymmetricViews
from lightning_latent.cli.checkpoint import check_checkpoint
from lightning_latent.cli.exits import one_line, relay, started_by_another
from lightning_latent.cli.keys import check_chosen
from lightning_latent.cli.parser import LatentArgumentParser
from lightning_latent.cli.stopping import StopBetweenBatches, go_on
from lightning_latent.cli.surroundings import check_folder, constructor_complaint, restoring_complaint
from lightning_latent.cli.values import check_values
from lightning_latent.cli.whole_checkpoints import write_whole
from lightning_latent.data import LatentDataModule
from lightning_latent.errors import UserError
from lightning_latent.evaluation import PromptedModel
from lightning_latent.refinement import LatentRefinement
from lightning_latent.training import CoconutTraining
from lightning_latent.upstream import started_processes

DESCRIPTION = """Refine the latent thoughts of a frozen language model: learn (fit), answer questions (validate, test,
predict), choose settings on the validation questions (sweep ...), put any number of finished runs into one table
(compare RUN ...), and import published checkpoints (import ...). See docs/cli.md."""

TRAINER_DEFAULTS: dict[str, Any] = {
    # One folder a run: runs/<name>/<version>.
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
NAMED_BY_CLASS = (LatentRefinement, PromptedModel, CoconutTraining, LatentDataModule)

# The keys that hold options of a class that is always there.
GROUPS: dict[str, Callable[..., Any]] = {
    "trainer": L.Trainer,
    "feedback": ContrastiveFeedback,
    "blending": ResidualBlending,
    "views": SymmetricViews,
    "chosen": Chosen,
    "predictions": Predictions,
}

EVALUATIONS = ("validate", "test", "predict")


class LatentCLI(LightningCLI):
    """``fit``, ``validate``, ``test`` and ``predict`` for any model and data given by ``class_path`` or class name.

    Args:
        args: The arguments as a list or a dictionary; without, those of the command.
        run: Carry out the subcommand. Otherwise there is none, and the objects are only built.
    """

    def __init__(self, args: ArgsType = None, *, run: bool = True) -> None:
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
            parser_kwargs={"description": DESCRIPTION, "version": __version__},
            args=args,
            run=run,
        )

    @staticmethod
    @override
    def subcommands() -> dict[str, set[str]]:
        skipped = {"validate": {"verbose"}, "test": {"verbose"}, "predict": {"return_predictions"}}
        return {name: known | skipped.get(name, set()) for name, known in LightningCLI.subcommands().items()}

    @override
    def init_parser(self, **kwargs: Any) -> LightningArgumentParser:
        # A shortened name of an option is more often a misspelt one.
        return super().init_parser(**kwargs, allow_abbrev=False)

    @override
    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        for key, made in GROUPS.items():
            if made is not L.Trainer:
                parser.add_lightning_class_args(made, key)

    @override
    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        super().parse_arguments(parser, args)
        subcommand = self.config.get("subcommand")
        if subcommand:
            # Found out before a model loads.
            check_values(self.config[subcommand], groups=GROUPS)
            check_checkpoint(self.config[subcommand].get("ckpt_path"), subcommand=subcommand)
            check_chosen(self.config[subcommand])

    @override
    def before_instantiate_classes(self) -> None:
        if self.subcommand in EVALUATIONS:
            loggers = self.config[self.subcommand].trainer.logger
            for logger in loggers if isinstance(loggers, list) else [loggers]:
                name_evaluation(logger, self.subcommand)

    @override
    def instantiate_classes(self) -> None:
        try:
            super().instantiate_classes()
        except Exception as error:
            complaint = constructor_complaint(error)
            if complaint is None:
                raise
            raise UserError(one_line(complaint)) from error

    @override
    def instantiate_trainer(self, **kwargs: Any) -> L.Trainer:
        try:
            trainer = super().instantiate_trainer(**kwargs)
        except Exception as error:  # it runs nothing but Lightning's look at its own options
            raise UserError(f"trainer: {one_line(error)}") from error
        write_whole(trainer)
        trainer.callbacks.append(StopBetweenBatches(started=started_by_another()))  # type: ignore[attr-defined]
        return trainer

    @override
    def after_instantiate_classes(self) -> None:
        # The run's folder; None where there is no logger. Asked for now, as the trainer later asks all processes.
        self.directory = Path(self.trainer.log_dir) if self.trainer.log_dir else None

    # The subcommands, in the place of the trainer's own.

    def fit(self, **arguments: Any) -> None:
        """Learn."""
        if self.trainer.is_global_zero:
            refuse_finished(self.directory, checkpoint=arguments.get("ckpt_path"))
        self._carry_out(self.trainer.fit, arguments)

    def validate(self, **arguments: Any) -> None:
        """Answer the validation questions; the metrics are in the closing line, not in a table."""
        self._carry_out(self.trainer.validate, {**self._with_checkpoint(arguments), "verbose": False})

    def test(self, **arguments: Any) -> None:
        """Answer the test questions, likewise."""
        self._carry_out(self.trainer.test, {**self._with_checkpoint(arguments), "verbose": False})

    def predict(self, **arguments: Any) -> None:
        """Answer the questions to predict; predictions are in predictions.jsonl, not in memory."""
        self._carry_out(self.trainer.predict, {**self._with_checkpoint(arguments), "return_predictions": False})

    def _with_checkpoint(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Add what fit has learned in the same run's folder, where the method learns and no checkpoint is named."""
        learns = isinstance(self.model, LatentRefinement) and self.model.learn is not None
        if not learns or arguments.get("ckpt_path"):
            return arguments
        fitted = None if self.directory is None else self.directory.parent / "checkpoints" / "last.ckpt"
        if fitted is None or not fitted.is_file():
            mend = "run fit with the same configs, or give --ckpt_path"
            raise UserError(f"nothing is learned yet: there is no {fitted or 'run folder'}; {mend}")
        check_checkpoint(str(fitted), subcommand="test")
        return {**arguments, "ckpt_path": str(fitted)}

    def _carry_out(self, run: Callable[..., Any], arguments: dict[str, Any]) -> None:
        made_now = self.directory if self.trainer.is_global_zero else None
        if made_now is not None and made_now.exists():
            made_now = None
        if self.trainer.is_global_zero:
            check_folder(self.directory or Path(self.trainer.default_root_dir))
        with relay(
            lambda: started_processes(self.trainer),
            give_up=lambda: self._give_up(made_now),
            advice=lambda: go_on(self.directory, subcommand=self.subcommand),
        ):
            try:
                run(**arguments)
            except Exception as error:
                complaint = restoring_complaint(error)
                if complaint is None or not arguments.get("ckpt_path"):
                    raise
                flag = f"--ckpt_path {arguments['ckpt_path']}"
                raise UserError(f"{flag}: cannot be restored ({complaint}); give one of this run") from error
        if self.trainer.is_global_zero:
            for callback in self.trainer.callbacks:  # type: ignore[attr-defined]
                if isinstance(callback, Predictions) and (line := callback.closing_line()):
                    print(line, flush=True)

    def next_step(self) -> str | None:
        """What to do with what came out, in one line."""
        if not self.trainer.is_global_zero or self.directory is None:
            return None
        if self.subcommand == "fit":
            return f"The run is in {self.directory}; see it with: tensorboard --logdir {self.directory}"
        return f"Compare it with other runs: python train.py compare {self.directory} OTHER_RUN ..."

    def _give_up(self, made_now: Path | None) -> None:
        for process in started_processes(self.trainer):
            process.kill()  # not more gently: a process that waits for another does not hear a gentle signal
        if made_now is not None and self.trainer.global_step == 0:
            remove_beginnings(made_now)


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


def remove_beginnings(directory: Path) -> None:
    """Remove the folder of a run that this command has begun, unless it holds more than what comes before a result."""
    names = ("events.out.*", "config.yaml", "hparams.yaml", "predictions.shards")
    beginnings = [file for name in names for file in directory.glob(name)]
    answered = any(file.stat().st_size for file in directory.glob("predictions.shards/rank*.jsonl"))
    if directory.exists() and not answered and set(directory.iterdir()) <= set(beginnings):
        shutil.rmtree(directory)


UNHELPFUL = (
    r"Found .* module\(s\) in eval mode",  # the language model is frozen and in eval mode on purpose
    "The dirpath has changed",  # every run has a folder of its own, so a checkpoint always comes from another
    ".*LeafSpec",  # Lightning 2.6 uses a name that torch 2.13 deprecates
    ".*callbacks used to create the checkpoint",  # an evaluation has other callbacks than the fit whose state it takes
    ".*does not have many workers",  # small data are read faster by the main process
    "LightningCLI's args parameter",  # `compare` runs methods by arguments of its own making
)


def quiet_start() -> None:
    """Silence what Lightning says at every start or evaluation and nobody can act on: advertising, and `UNHELPFUL`."""
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(lambda record: "Tip:" not in record.msg)
    for message in UNHELPFUL:
        warnings.filterwarnings("ignore", message=message)
    if not sys.stderr.isatty():
        disable_progress_bar()  # transformers' own, of loading weights
