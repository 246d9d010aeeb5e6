"""`compare`: any number of runs in one table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import override

from lightning_latent.cli.closing import sentence
from lightning_latent.cli.command_parser import CommandParser
from lightning_latent.cli.latent_cli import LatentCLI
from lightning_latent.cli.printing import common_folder, show, width
from lightning_latent.cli.seeds import compare_seeds, is_comparison
from lightning_latent.embedded import PREFIX
from lightning_latent.errors import UserError
from lightning_latent.evaluation.comparison import compare
from lightning_latent.evaluation.figure import draw_comparison
from lightning_latent.evaluation.run import RUN, read_run
from lightning_latent.evaluation.table import console_table, csv_table, markdown_table, note, small
from lightning_latent.io import write_json, write_text

WRITTEN = ("comparison.json", "comparison.md", "comparison.csv", "comparison.png")
OF_A_RUN = ("--threads", "--seed_everything")  # keys of a run whose names have no dot
ROOMY = 100  # columns that a table may take for what is in its files anyway


def parser() -> CommandParser:
    """The command's arguments."""
    made = CommandParser(
        "compare",
        description="Put any number of runs over the same questions into one table: accuracy, gain and its "
        "significance, tokens, latents, cost. Written as comparison.json, .md, .csv and .png.",
    )
    made.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="the folder of a finished run, or a method's config, which is run on the questions of --config first, "
        "with any --key value that test takes, unless its run is finished already; or comparison.json of several "
        "reasoners, such as training seeds",
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
        "--split",
        choices=("validate", "test"),
        default="test",
        help="the questions that methods' configs are run on, and whose answers are taken where a folder has several",
    )
    return made


def compare_command(args: Sequence[str]) -> dict[str, Any]:
    """Run the command, and give the content of `comparison.json`, or of `seeds.json`."""
    own, keys = apart(args)
    given = parser().parse_args(own)
    names = without_written(given.runs)
    if keys and not any(map(is_config, names)):
        raise UserError(f"{keys[0]} is for methods' configs, and none is named; leave it out")
    if any(map(is_comparison, names)):
        if given.against or given.config or not all(map(is_comparison, names)):
            raise UserError("comparisons go together with comparisons alone, without runs, --against and --config")
        return compare_seeds(names, output=given.output)
    folders = [
        run_method(name, configs=given.config, split=given.split, keys=keys)
        if is_config(name)
        else answers_of(Path(name), split=given.split)
        for name in names
    ]
    runs = [read_run(folder) for folder in folders]
    comparison = compare(runs, against=given.against)
    output = Path(given.output) if given.output else common_folder([run.path for run in runs])
    as_json, as_markdown, as_csv, as_picture = (output / name for name in WRITTEN)
    write_json(as_json, comparison)
    write_text(as_markdown, markdown_table(comparison))
    write_text(as_csv, csv_table(comparison))
    draw_comparison(comparison, as_picture)
    report(comparison)
    print(closing_line(comparison, output), flush=True)
    return comparison


def closing_line(comparison: Mapping[str, Any], output: Path) -> str:
    """Which method is the most accurate, where the comparison is, and what to do next."""
    best, row = max(comparison["methods"].items(), key=lambda item: item[1]["accuracy"])
    gain = f", {100 * row['gain']:+.1f} points, p {small(row['p_holm'])}" if "gain" in row else ""
    return sentence(
        f"most accurate: {best} ({100 * row['accuracy']:.1f} %{gain})",
        f"the comparison is in {output}: comparison.json, .md, .csv and .png",
        f"next: look at {output / 'comparison.png'}",
    )


class OneOfSeveral(LatentCLI):
    """A run of which the comparison says what to do next."""

    @override
    def next_step(self) -> str | None:
        return None


def without_written(names: Sequence[str]) -> list[str]:
    """Names without what `compare` has written beside the runs, which a pattern such as `runs/mine/*` finds as well."""
    others = [name for name in names if not (Path(name).name in WRITTEN and Path(name).is_file())]
    runs = [name for name in others if Path(name).is_dir() and not is_comparison(name)]
    return others if runs else list(names)


def answers_of(folder: Path, *, split: str) -> Path:
    """The folder of a split's answers below that of a run; the folder itself where there are none."""
    below = folder / split
    return below if (below / RUN).is_file() and not (folder / RUN).is_file() else folder


def is_config(name: str) -> bool:
    """Whether a name is that of a method's config rather than of a run's folder."""
    return name.startswith(PREFIX) or name.endswith((".yaml", ".yml"))


def apart(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """The command's own arguments, and the keys for methods' configs with their values.

    >>> apart(["--config", "a.yaml", "--data.max_eval", "9", "b.yaml", "--feedback.search_step=0.1"])
    (['--config', 'a.yaml', 'b.yaml'], ['--data.max_eval', '9', '--feedback.search_step=0.1'])
    """
    own: list[str] = []
    keys: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        flag = word.partition("=")[0]
        is_key = flag in OF_A_RUN or (flag.startswith("--") and "." in flag)
        (keys if is_key else own).append(word)
        if is_key and "=" not in word and rest:
            keys.append(rest.pop(0))
    return own, keys


def run_method(method: str, *, configs: Sequence[str], split: str, keys: Sequence[str] = ()) -> Path:
    """Answer the questions by a method's config after others, unless that is done already, and give the run's folder.

    A `UserError` where no config names the questions, or the run would take several processes.
    """
    if not configs:
        raise UserError(f"{method} is the config of a method; give that of the questions with --config")
    arguments = [split, *(part for config in (*configs, method) for part in ("--config", config)), *keys]
    cli = OneOfSeveral(arguments)
    if cli.trainer.world_size > 1:
        raise UserError("compare runs methods in one process; run them with test first, and name their folders")
    if cli.directory is None:
        raise UserError(f"{method}: a run without a logger leaves no folder; set trainer.logger")
    return cli.directory


def report(comparison: dict[str, Any]) -> None:
    """Print a comparison as a table, with the part of errors removed where there is room for it."""
    table = console_table(comparison, errors=True)
    if width(table) > ROOMY:
        table = console_table(comparison)
    show(table, note(comparison))
