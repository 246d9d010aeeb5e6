"""Lightning's command line with this package's defaults, one folder a run, and one-line errors."""

import sys
from argparse import SUPPRESS
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch
from jsonargparse import Namespace
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI
from typing_extensions import override

from lightning_latent import __version__
from lightning_latent.bounds import PositiveInt
from lightning_latent.callbacks import Chosen, ContrastiveFeedback, Predictions, ResidualBlending, SymmetricViews
from lightning_latent.cli.checkpoint import check_checkpoint
from lightning_latent.cli.closing import sentence
from lightning_latent.cli.ending import next_step, outcome, place
from lightning_latent.cli.exits import one_line, relay, started_by_another
from lightning_latent.cli.help import DESCRIPTION
from lightning_latent.cli.keys import check_chosen
from lightning_latent.cli.loggers import check_loggers
from lightning_latent.cli.naming import full_name
from lightning_latent.cli.parser import LatentArgumentParser
from lightning_latent.cli.progress import with_own_progress
from lightning_latent.cli.run_folder import (
    EVALUATIONS,
    folder_above,
    name_evaluation,
    refuse_finished,
    remove_beginnings,
)
from lightning_latent.cli.saved_config import SavedConfig
from lightning_latent.cli.stopping import StopBetweenBatches, go_on
from lightning_latent.cli.surroundings import check_folder, constructor_complaint, restoring_complaint
from lightning_latent.cli.values import check_values
from lightning_latent.cli.whole_checkpoints import write_whole
from lightning_latent.data import LatentDataModule
from lightning_latent.errors import UserError
from lightning_latent.evaluation import PromptedModel
from lightning_latent.model_card import write_refinement_card
from lightning_latent.refinement import LatentRefinement
from lightning_latent.refinement.exchange import pulled
from lightning_latent.training import CoconutTraining
from lightning_latent.upstream import started_processes

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
    # A table of modules, and floating-point operations of which it knows none; how many numbers are learned is said.
    "enable_model_summary": False,
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


class LatentCLI(LightningCLI):
    """``fit``, ``validate``, ``test`` and ``predict`` for any model and data given by ``class_path`` or class name.

    Args:
        args: The arguments as a list or a dictionary; without, those of the command.
        run: Carry out the subcommand. Otherwise there is none, and the objects are only built.
    """

    def __init__(self, args: ArgsType = None, *, run: bool = True) -> None:
        self.run = run
        super().__init__(
            L.LightningModule,
            L.LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            auto_configure_optimizers=False,
            seed_everything_default=0,
            save_config_callback=SavedConfig,
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
        parser.add_argument(
            "--threads",
            type=PositiveInt | None,
            default=None,
            help="CPU threads of each process, on whose number the last bits of results depend; by default torch's "
            "choice.",
        )
        if not self.run:  # what a saved config holds beside; the subcommands have it of their own
            parser.add_argument("--ckpt_path", type=str | None, default=None, help=SUPPRESS)
            parser.add_argument("--weights_only", type=bool | None, default=None, help=SUPPRESS)
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
            check_checkpoint(pulled(self.config[subcommand].get("ckpt_path")), subcommand=subcommand)
            check_chosen(self.config[subcommand])
            check_loggers(self.config[subcommand].trainer.logger)

    def part(self, config: Namespace, key: str) -> Any:
        """What stands under a key of a config of the subcommand, or of the whole where there is none."""
        return config.get(f"{self.subcommand}.{key}" if self.subcommand else key)

    @override
    def before_instantiate_classes(self) -> None:
        if threads := self.part(self.config, "threads"):
            torch.set_num_threads(threads)
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
        given = list(self.part(self.config_init, "trainer").callbacks or [])  # to which Lightning adds its own
        try:
            trainer = super().instantiate_trainer(**kwargs)
        except Exception as error:  # it runs nothing but Lightning's look at its own options
            raise UserError(f"trainer: {one_line(error)}") from error
        write_whole(trainer)
        own = StopBetweenBatches(started=started_by_another())
        trainer.callbacks = [  # type: ignore[attr-defined]
            *with_own_progress(trainer.callbacks, given=given, terminal=sys.stdout.isatty()),  # type: ignore[attr-defined]
            own,
        ]
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
        if self.trainer.is_global_zero and self.directory is not None and isinstance(self.model, LatentRefinement):
            write_refinement_card(self.directory)

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

    def _name_method(self) -> None:
        """Let the row, and the saved config, bear the name of what was added to the config's method."""
        key = "model.init_args.method"
        if isinstance(self.model, LatentRefinement) and (method := self.part(self.config, key)):
            self.model.method = full_name(method, self.trainer.callbacks)  # type: ignore[attr-defined]
            self.config[f"{self.subcommand}.{key}"] = self.model.method

    def _carry_out(self, run: Callable[..., Any], arguments: dict[str, Any]) -> None:
        self._name_method()
        made_now = self.directory if self.trainer.is_global_zero else None
        if made_now is not None and made_now.exists():
            made_now = None
        below = made_now and folder_above(made_now)
        if self.trainer.is_global_zero:
            check_folder(self.directory or Path(self.trainer.default_root_dir))
        with relay(
            lambda: started_processes(self.trainer),
            give_up=lambda: self._give_up(made_now, below),
            advice=lambda: go_on(self.directory, subcommand=self.subcommand),
        ):
            try:
                run(**{**arguments, "ckpt_path": pulled(arguments.get("ckpt_path"))})
            except Exception as error:
                complaint = restoring_complaint(error)
                if complaint is None or not arguments.get("ckpt_path"):
                    raise
                flag = f"--ckpt_path {arguments['ckpt_path']}"
                raise UserError(f"{flag}: cannot be restored ({complaint}); give one of this run") from error
        if self.trainer.is_global_zero:
            print(self.closing_line(), flush=True)

    def closing_line(self) -> str:
        """What came out, where it is, and what to do next."""
        trainer, subcommand = self.trainer, str(self.subcommand)
        said = outcome(trainer, subcommand=subcommand)
        return sentence(said, place(trainer, self.directory, subcommand=subcommand), self.next_step())

    def next_step(self) -> str | None:
        """The command that comes next, if there is one to name."""
        logger, subcommand = self.part(self.config, "trainer.logger"), str(self.subcommand)
        named = isinstance(logger, Namespace) and isinstance(logger.get("init_args.version"), str)
        return next_step(self.trainer, self.model, self.datamodule, self.directory, subcommand=subcommand, named=named)

    def _give_up(self, made_now: Path | None, below: Path | None) -> None:
        for process in started_processes(self.trainer):
            process.kill()  # not more gently: a process that waits for another does not hear a gentle signal
        if made_now is not None and below is not None and self.trainer.global_step == 0:
            remove_beginnings(made_now, below=below)
