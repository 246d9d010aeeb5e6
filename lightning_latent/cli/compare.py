"""`compare`: any number of runs in one table."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console
from rich.measure import Measurement

from lightning_latent.cli.exits import EXIT_BAD_INPUT, say
from lightning_latent.cli.latent_cli import LatentCLI
from lightning_latent.errors import UserError
from lightning_latent.evaluation.comparison import compare
from lightning_latent.evaluation.figure import draw_comparison
from lightning_latent.evaluation.run import read_run
from lightning_latent.evaluation.table import console_table, csv_table, markdown_table, note
from lightning_latent.io import write_json, write_text


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        say(f"compare: {message}; see compare --help")
        raise SystemExit(EXIT_BAD_INPUT)


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = _Parser(
        prog="train.py compare",
        description="Put any number of runs over the same questions into one table: accuracy, gain and its "
        "significance, tokens, latents, cost. Written as comparison.json, .md, .csv and .png.",
        allow_abbrev=False,
    )
    made.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="the folder of a finished run, or a method's config, which is run on the questions of --config first, "
        "unless its run is finished already",
    )
    made.add_argument(
        "--against", metavar="NAME", help="the method to compare with; Coconut where it is among the runs"
    )
    made.add_argument("--output", metavar="FOLDER", help="where to write; the folder that the runs have in common")
    made.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="FILE",
        help="the config of the questions, for methods' configs",
    )
    made.add_argument(
        "--split", choices=("validate", "test"), default="test", help="the questions that methods' configs are run on"
    )
    return made


def compare_command(args: Sequence[str]) -> dict[str, Any]:
    """Run the command, and give the content of `comparison.json`."""
    given = parser().parse_args(list(args))
    folders = [
        run_method(name, configs=given.config, split=given.split) if is_config(name) else Path(name)
        for name in given.runs
    ]
    runs = [read_run(folder) for folder in folders]
    comparison = compare(runs, against=given.against)
    output = Path(given.output) if given.output else common_folder([run.path for run in runs])
    write_json(output / "comparison.json", comparison)
    write_text(output / "comparison.md", markdown_table(comparison))
    write_text(output / "comparison.csv", csv_table(comparison))
    draw_comparison(comparison, output / "comparison.png")
    report(comparison)
    print(f"The comparison is in {output}: comparison.json, .md, .csv and .png", flush=True)
    return comparison


def is_config(name: str) -> bool:
    """Whether a name is that of a method's config rather than of a run's folder."""
    return name.endswith((".yaml", ".yml"))


def run_method(method: str, *, configs: Sequence[str], split: str) -> Path:
    """Answer the questions by a method's config after others, unless that is done already, and give the run's folder.

    A `UserError` where no config names the questions, or the run would take several processes.
    """
    if not configs:
        raise UserError(f"{method} is the config of a method; give that of the questions with --config")
    arguments = [split, *(part for config in (*configs, method) for part in ("--config", config))]
    cli = LatentCLI(arguments)
    if cli.trainer.world_size > 1:
        raise UserError("compare runs methods in one process; run them with test first, and name their folders")
    if cli.directory is None:
        raise UserError(f"{method}: a run without a logger leaves no folder; set trainer.logger")
    return cli.directory


def common_folder(paths: Sequence[Path]) -> Path:
    """The deepest folder that all runs are in; of a single run its own."""
    return Path(os.path.commonpath([os.path.normpath(path) for path in paths]))


def report(comparison: dict[str, Any]) -> None:
    """Print a comparison as a table, whole even where the output is narrow or a file: no number is cut short."""
    console, table = Console(), console_table(comparison)
    needed = Measurement.get(console, console.options.update(max_width=1000), table).maximum
    if needed > console.width:
        console = Console(width=needed)
    console.print(table)
    console.print(note(comparison), markup=False, highlight=False)
