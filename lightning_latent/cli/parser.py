"""The parser of the command line's arguments: how it reads configs, and what it says of wrong ones."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from jsonargparse import ActionConfigFile, Namespace, set_loader
from lightning.pytorch.cli import LightningArgumentParser
from typing_extensions import override
from yaml import YAMLError

from lightning_latent.cli.complaint import plain
from lightning_latent.cli.config_file import MODE, NamedConfigFile, check_config, load
from lightning_latent.cli.exits import EXIT_BAD_INPUT, debugging, say
from lightning_latent.cli.help import COMMANDS

set_loader(MODE, load, exceptions=(YAMLError,))


class LatentArgumentParser(LightningArgumentParser):
    """Says what is wrong with the arguments in one line, without sixty lines of usage before it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"parser_mode": MODE, **kwargs})

    @override
    def add_argument(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("action") is ActionConfigFile:
            says = "A config: the path of a YAML file, or embedded:NAME for one that comes with the package."
            kwargs |= {"action": NamedConfigFile, "help": says}
        return super().add_argument(*args, **kwargs)

    @override
    def parse_path(self, path: Any, *args: Any, **kwargs: Any) -> Namespace:
        check_config(path, groups={key.partition(".")[0] for key in known_keys(self) if "." in key})
        return super().parse_path(path, *args, **kwargs)

    @override
    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        if debugging() and ex is not None:
            raise ex
        if not self.exit_on_error:
            super().error(message, ex)
        say(plain(message, known=set(known_keys(self)), commands=tuple(COMMANDS)))
        sys.exit(EXIT_BAD_INPUT)


def known_keys(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The keys of a parser and of its subcommands, without those of the classes that a config names."""
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for below in action.choices.values():
                yield from known_keys(below)
        elif action.dest != argparse.SUPPRESS:
            yield action.dest
