"""The commands that configs and pages show, as lists of arguments."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]


def header(config: Path) -> str:
    """The comment that a config starts with."""
    lines = config.read_text(encoding="utf-8").splitlines()
    end = next(index for index, line in enumerate([*lines, ""]) if not line.startswith("#"))
    return "\n".join(line.removeprefix("#") for line in lines[:end])


def commands(text: str) -> list[list[str]]:
    """The arguments of each command of a header or a page, by either name of the command, continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", text)
    found = re.findall(r"^ +[^`|\n]*\b(?:python train\.py|lightning-latent) +(\S.*)$", joined, flags=re.MULTILINE)
    return [shlex.split(arguments, comments=True) for arguments in found]
