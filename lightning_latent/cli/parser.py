"""The parser of the command line's arguments, and what it says of wrong ones."""

import re
import sys
from typing import NoReturn

from lightning.pytorch.cli import LightningArgumentParser
from typing_extensions import override

from lightning_latent.cli.exits import EXIT_BAD_INPUT, debugging, one_line, say
from lightning_latent.upstream import PARSER_ATTEMPTS


class LatentArgumentParser(LightningArgumentParser):
    """Says what is wrong with the arguments in one line, without sixty lines of usage before it."""

    @override
    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        if debugging() and ex is not None:
            raise ex
        if not self.exit_on_error:
            super().error(message, ex)
        say(plain(message))
        sys.exit(EXIT_BAD_INPUT)


def plain(message: str) -> str:
    r"""Give what ``jsonargparse`` says on one line, without the types that were tried in vain.

    >>> plain('Parser key "model":\n  - Subtypes: [A, None]\n  - Expected a <class \'int\'>\n  Given value: x')
    'Parser key "model": Expected a int; Given value: x'
    """
    lines = [line.strip().removeprefix("- ") for line in message.splitlines()]
    told = dict.fromkeys(line for line in lines if not line.startswith(PARSER_ATTEMPTS))
    text = "; ".join(told).replace(":; ", ": ").replace("Expected a dot import path string", "No such class")
    return one_line(re.sub(r"<class '([\w.]+)'>", r"\1", text))
