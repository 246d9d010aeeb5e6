"""The parser of the package's own commands, beside Lightning's subcommands."""

import argparse
from typing import NoReturn

from typing_extensions import override

from lightning_latent.cli.exits import EXIT_BAD_INPUT, say


class CommandParser(argparse.ArgumentParser):
    """Says what is wrong in one line; takes no shortened names of options, which are more often misspelt ones.

    Args:
        command: The command's name, as in `train.py compare`.
        description: What it does.
        epilog: What else there is to know.
    """

    def __init__(self, command: str, *, description: str, epilog: str | None = None) -> None:
        super().__init__(prog=f"train.py {command}", description=description, epilog=epilog, allow_abbrev=False)
        self.command = command

    @override
    def error(self, message: str) -> NoReturn:
        say(f"{self.command}: {message}; see {self.command} --help")
        raise SystemExit(EXIT_BAD_INPUT)
