"""`doctor`: whether a latent reasoner thinks, on one page."""

import argparse
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from lightning_latent.bounds import AtLeastTwo, argument
from lightning_latent.cli.closing import command, sentence
from lightning_latent.cli.command_parser import CommandParser
from lightning_latent.cli.latent_cli import LatentCLI
from lightning_latent.data import Example, LatentDataModule
from lightning_latent.doctor.asking import Subject
from lightning_latent.doctor.console import print_report
from lightning_latent.doctor.examine import examine
from lightning_latent.doctor.page import html_page
from lightning_latent.doctor.verdict import headline, planned_questions
from lightning_latent.errors import UserError
from lightning_latent.evaluation.run import package_versions
from lightning_latent.io import write_json, write_text
from lightning_latent.model_card import CARD, add_verdict
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.refinement import LatentRefinement

SPLITS = {"validate": "validation", "test": "test"}


def parser() -> CommandParser:
    """The command's own arguments; all others are those of `test`."""
    made = CommandParser(
        "doctor",
        description="Examine whether a latent reasoner's answers depend on its latents, and whether refining "
        "these can help. Takes --config and every other key of test (see test --help); what refines in it is left out. "
        "Writes doctor.json and doctor.html, one page. See docs/doctor.md.",
    )
    made.add_argument(
        "--questions",
        type=argument(AtLeastTwo),
        default=planned_questions(),
        metavar="N",
        help="how many questions, at most; by default as many (%(default)s) as the verdict needs",
    )
    made.add_argument(
        "--split", choices=tuple(SPLITS), default="validate", help="whose questions; by default those of validate"
    )
    made.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        metavar="DIR",
        help="another checkpoint that is asked the same, such as beside:strong; may be given several times",
    )
    made.add_argument("--output", metavar="FOLDER", help="where to write; by default doctor/ in the run's folder")
    return made


def doctor_command(args: Sequence[str]) -> dict[str, Any]:
    """Run the command, and give the content of `doctor.json`."""
    given, cli = build(args)
    output = output_folder(given.output, cli)
    examples = questions(cli.datamodule, split=SPLITS[given.split], count=given.questions)
    model = cli.model
    print(f"examining {model.path} on {len(examples):,} questions", flush=True)
    subject = subject_of(model.reasoner, cli)
    checkpoints = {
        path: subject_of(model.load_beside(path, num_latents=model.num_latents), cli) for path in given.checkpoint
    }
    report = {
        "reasoner": model.identities["reasoner"],
        "benchmark": cli.datamodule.benchmark.name,
        "split": SPLITS[given.split],
        "versions": package_versions(),
        **examine(subject, examples, checkpoints=checkpoints, announce=lambda line: print(f"- {line}", flush=True)),
    }
    write_json(output / "doctor.json", report)
    write_text(output / "doctor.html", html_page(report))
    print_report(report)
    if add_verdict(model.path, report):
        print(f"The verdict stands in the reasoner's model card, {Path(model.path) / CARD}", flush=True)
    print(closing_line(report, output, parser().parse_known_args(list(args))[1]), flush=True)
    return report


def closing_line(report: Mapping[str, Any], output: Path, arguments: Sequence[str]) -> str:
    """What the verdict is, where the page is, and the command that tries what it names first.

    Args:
        report: The content of `doctor.json`.
        output: Its folder.
        arguments: Those that are the keys of `test`.
    """
    method = report["verdict"]["method"]
    learns = method is not None and Path(method).stem == "map"
    return sentence(
        headline(report).rstrip("."),
        f"the page is {output / 'doctor.html'}, its numbers are in doctor.json beside it",
        None if method is None else f"next: {command('fit' if learns else 'test', *arguments, '--config', method)}",
    )


def build(args: Sequence[str]) -> tuple[argparse.Namespace, LatentCLI]:
    """Read the arguments and build model, data and trainer, without loading or running anything.

    A `UserError` where the model is no `LatentRefinement`, the data no `LatentDataModule`, or processes would be many.
    """
    given, rest = parser().parse_known_args(list(args))
    cli = LatentCLI(rest, run=False)
    if not isinstance(cli.model, LatentRefinement):
        raise UserError(
            f"the doctor examines the reasoner of a LatentRefinement, not of {type(cli.model).__name__}; put --config "
            "configs/refine.yaml after the training's config, and give --model.reasoner"
        )
    if not isinstance(cli.datamodule, LatentDataModule):
        raise UserError(f"the doctor takes questions of a LatentDataModule, not of {type(cli.datamodule).__name__}")
    if cli.trainer.world_size > 1:
        raise UserError("the doctor works in one process; give --trainer.devices 1")
    return given, cli


def output_folder(named: str | None, cli: LatentCLI) -> Path:
    """Where to write."""
    if named is not None:
        return Path(named)
    if cli.directory is None:
        raise UserError("a run without a logger has no folder; give --output")
    return cli.directory / "doctor"


def questions(data: LatentDataModule, *, split: str, count: int) -> list[Example]:
    """The first so many questions of a split."""
    found = list(islice(data.source(split), count))
    if len(found) < 2:
        raise UserError(f"data.{split} has {len(found)} questions; the doctor needs at least two")
    return found


def subject_of(reasoner: LatentReasoner, cli: LatentCLI) -> Subject:
    """A reasoner on the trainer's device, asked as the config says."""
    benchmark = cli.datamodule.benchmark
    return Subject(
        reasoner=reasoner.to(cli.trainer.strategy.root_device),
        benchmark=benchmark,
        max_new_tokens=cli.model.max_new_tokens or benchmark.max_new_tokens,
        scoring=cli.model.scoring,
        batch_size=cli.datamodule.eval_batch_size,
    )
