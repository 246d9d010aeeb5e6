"""`sweep`: a grid of settings on the validation questions, and a config with the best of them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import Namespace

from lightning_latent.bounds import Fraction, PositiveFloat, argument
from lightning_latent.cli.closing import command, sentence
from lightning_latent.cli.command_parser import CommandParser
from lightning_latent.cli.compare import report
from lightning_latent.cli.grid_point import GridPoint, without_chatter
from lightning_latent.cli.keys import merged, setting, value_at
from lightning_latent.data import LatentDataModule
from lightning_latent.evaluation.chosen import QUESTIONS, SWEEP, question_hash
from lightning_latent.evaluation.comparison import PLAIN, compare
from lightning_latent.evaluation.grid import choose, points, read_grid, rule, words
from lightning_latent.evaluation.run import Run, read_run
from lightning_latent.evaluation.sharing import SharedReasoners
from lightning_latent.evaluation.sweep_figure import draw_sweep
from lightning_latent.evaluation.table import csv_rows, flat
from lightning_latent.io import write_json, write_text

CHOSEN = "chosen.yaml"


def parser() -> CommandParser:
    """The command's own arguments; all others are those of `validate`."""
    made = CommandParser(
        "sweep",
        description="Answer the validation questions with every setting of a grid, and choose one. Written below the "
        "run's folder: sweep/sweep.json, .csv, .png, questions.txt and chosen.yaml.",
        epilog="All other arguments are those of validate, such as --config FILE.",
    )
    made.add_argument(
        "--over",
        action="append",
        required=True,
        metavar="KEY=VALUE,VALUE",
        help="a key and the values to try; several keys make a grid",
    )
    limit = made.add_mutually_exclusive_group()
    limit.add_argument(
        "--most_cost",
        type=argument(PositiveFloat),
        metavar="X",
        help="choose among those that take at most X times plain's seconds",
    )
    limit.add_argument(
        "--least_accuracy",
        type=argument(Fraction),
        metavar="Y",
        help="choose the cheapest that reaches this fraction of one",
    )
    return made


def sweep_command(args: Sequence[str]) -> dict[str, Any]:
    """Run the command, and give the content of `sweep.json`.

    Raises:
        UserError: Arguments are bad, which is found out before anything runs, or no setting is as wanted.
    """
    given, arguments = parser().parse_known_args(list(args))
    settings = points(read_grid(given.over))
    with without_chatter():
        for one in settings:
            grid_point(one, arguments, answer=False)
        shared = SharedReasoners()
        plain = grid_point({}, arguments, shared=shared)
        # Of the others nothing is kept but this: they may have models of their own.
        ran = [
            (point.parsed, point.folder) for point in (grid_point(one, arguments, shared=shared) for one in settings)
        ]
    tried = [{key: value_at(config, key) for key in one} for (config, _), one in zip(ran, settings, strict=True)]
    runs = [read_run(plain.folder), *(read_run(folder) for _, folder in ran)]
    comparison = compare(runs, against=PLAIN)
    report(comparison)
    wanted = {"most_cost": given.most_cost, "least_accuracy": given.least_accuracy}
    best = choose(list(comparison["methods"].values())[1:], **wanted)
    sweep = summary(comparison, tried, best=best, rule=rule(**wanted))
    write_sweep(plain, sweep, runs[0], ran[best][0], arguments)
    print(closing_line(plain.sweep_folder, sweep, arguments), flush=True)
    return sweep


def grid_point(
    settings: Mapping[str, str], arguments: Sequence[str], *, shared: SharedReasoners | None = None, answer: bool = True
) -> GridPoint:
    """Run, or only build, one setting of a grid; without any, plain Coconut."""
    flags = [part for key, value in settings.items() for part in (f"--{key}", value)]
    name = re.sub(r"[^\w.=,+-]", "_", ",".join(f"{key}={value}" for key, value in settings.items()))
    return GridPoint(
        [*arguments, *flags, "--model.method", words(settings) or PLAIN],
        name=name or "plain",
        shared=shared or SharedReasoners(),
        plain=not settings,
        answer=answer,
    )


def summary(
    comparison: Mapping[str, Any], tried: Sequence[Mapping[str, Any]], *, best: int, rule: str
) -> dict[str, Any]:
    """The content of `sweep.json`.

    Args:
        comparison: Of plain Coconut and the grid's settings, in this order.
        tried: The settings, as they were understood.
        best: Which of them is chosen.
        rule: What the choice went by, for people.
    """
    plain, *rows = comparison["methods"].values()
    n = comparison["n"]
    keys = {key: distinct([one[key] for one in tried]) for key in tried[0]}
    chosen = {key: rows[best][key] for key in ("accuracy", "accuracy_ci95", "cost")}
    return {
        "benchmark": comparison["benchmark"],
        "split": comparison["split"],
        "n": n,
        "keys": keys,
        "plain": plain,
        "points": [{"settings": dict(one), **row} for one, row in zip(tried, rows, strict=True)],
        "chosen": {"settings": dict(tried[best]), "tried": len(tried), "rule": rule, "n": n, **chosen},
    }


def distinct(values: Sequence[Any]) -> list[Any]:
    """Each value once, in order; lists and dictionaries may be among them."""
    return [value for place, value in enumerate(values) if value not in values[:place]]


def write_sweep(
    plain: GridPoint, sweep: Mapping[str, Any], asked: Run, chosen: Namespace, arguments: Sequence[str]
) -> None:
    """Write what came out, `chosen.yaml` last: where it is, the sweep is whole.

    Args:
        plain: The run of plain Coconut.
        sweep: The content of `sweep.json`.
        asked: The answers of that run.
        chosen: The config of the setting that was chosen.
        arguments: Those that all runs have in common.
    """
    folder, data = plain.sweep_folder, plain.datamodule
    assert isinstance(data, LatentDataModule)
    ids = {answer.id for answer in asked.answers}
    hashes = sorted({question_hash(example) for example in data.source("validation") if example.id in ids})
    write_text(folder / QUESTIONS, "".join(f"{hash}\n" for hash in hashes))
    write_text(folder / "sweep.csv", csv_rows([{**row["settings"], **flat(row)} for row in sweep["points"]]))
    draw_sweep(sweep, folder / "sweep.png")
    write_json(folder / SWEEP, sweep)
    config: dict[str, Any] = {}
    for key in sweep["keys"]:
        config = merged(config, setting(chosen, key))
    config["chosen"] = {"by": str(folder)}
    found = sweep["chosen"]
    head = [
        f"{words(found['settings'])}: {found['rule']}, of {found['tried']} settings on {found['n']:,} validation",
        f"questions ({100 * found['accuracy']:.1f} % right, {found['cost']:.2f} times the seconds of plain Coconut).",
        "Put it after the configs that were swept:",
        "",
        f"  {tested_by(folder, arguments)}",
    ]
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head)
    write_text(folder / CHOSEN, comment + yaml.safe_dump(config, sort_keys=False))


def tested_by(folder: Path, arguments: Sequence[str]) -> str:
    """The command that tests what was chosen."""
    return command("test", *arguments, "--config", folder / CHOSEN)


def closing_line(folder: Path, sweep: Mapping[str, Any], arguments: Sequence[str]) -> str:
    """What was chosen, where it is, and the command that tests it."""
    chosen = sweep["chosen"]
    return sentence(
        f"chosen: {words(chosen['settings'])} ({chosen['rule']}), {100 * chosen['accuracy']:.1f} % right",
        f"the sweep is in {folder}: sweep.json, .csv and .png, questions.txt and {CHOSEN}",
        f"next: {tested_by(folder, arguments)}",
    )
