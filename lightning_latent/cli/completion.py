"""Shell completion by shtab: the commands with their flags, as an `argparse` parser that shtab reads."""

import argparse
import inspect
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from lightning.pytorch.cli import ArgsType, LightningArgumentParser
from typing_extensions import override

from lightning_latent.cli import compare, doctor, importing, push, sweep
from lightning_latent.cli.help import COMMANDS
from lightning_latent.cli.latent_cli import LatentCLI
from lightning_latent.cli.parser import known_keys
from lightning_latent.data import LatentDataModule
from lightning_latent.errors import UserError
from lightning_latent.refinement import LatentRefinement

PROGRAM = "lightning-latent"
_FILES = ("config", "ckpt_path", "checkpoint", "data", "model", "trainer", "out", "output", "runs")


def completion_script(shell: str) -> str:
    """The script that completes `lightning-latent` in a shell.

    Raises:
        UserError: shtab is not installed, or does not know the shell.
    """
    if find_spec("shtab") is None:
        raise UserError("shtab is not installed; pip install 'lightning-latent[completion]'")
    shtab = import_module("shtab")  # not by a statement: it is no dependency
    if shell not in shtab.SUPPORTED_SHELLS:
        raise UserError(f"--print_completion {shell}: give one of {', '.join(shtab.SUPPORTED_SHELLS)}")
    parser = all_commands()
    for action in actions(parser):
        if action.dest.rpartition(".")[2] in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return str(shtab.complete(parser, shell))


def all_commands() -> argparse.ArgumentParser:
    """A parser of all commands; it is for looking at, not for parsing."""
    parser = argparse.ArgumentParser(PROGRAM)
    parser.add_argument("--version", action="store_true", help="the version")
    below = parser.add_subparsers(metavar="COMMAND")
    own = {"compare": compare, "sweep": sweep, "import": importing, "doctor": doctor, "push": push}
    for name, module in own.items():
        below.add_parser(name, help=COMMANDS[name], parents=[module.parser()], add_help=False)
    for name, keys in lightning_keys().items():
        one = below.add_parser(name, help=COMMANDS[name])
        for key in keys:
            one.add_argument(f"--{key}")
    return parser


def lightning_keys() -> dict[str, list[str]]:
    """The keys of each of Lightning's subcommands, and those of the classes that most configs name."""
    try:
        _Keys(["test"])
    except _FoundError as found:
        parsers = found.parsers
    usual = [
        f"{group}.{name}"
        for group, made in (("model", LatentRefinement), ("data", LatentDataModule))
        for name in inspect.signature(made).parameters
    ]
    return {name: sorted({*known_keys(parser), *usual} - {"help"}) for name, parser in parsers.items()}


class _FoundError(Exception):
    """The parsers of Lightning's subcommands, by name."""

    def __init__(self, parsers: dict[str, argparse.ArgumentParser]) -> None:
        self.parsers = parsers


class _Keys(LatentCLI):
    """Makes the parsers, hands them out by a `_FoundError`, and goes no further."""

    @override
    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        raise _FoundError(next(action.choices for action in parser._actions if isinstance(action.choices, dict)))


def actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All arguments of a parser and of those below it."""
    for action in parser._actions:
        yield action
        for one in action.choices.values() if isinstance(action.choices, dict) else ():
            yield from actions(one)
