"""A finished run in its folder: `predictions.jsonl`, one line a question, and `run.json`, which says whose they are."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer, natural_key
from lightning_latent.io import write_json, write_jsonl

PREDICTIONS, RUN = "predictions.jsonl", "run.json"


class Run(NamedTuple):
    """What a method answered to the questions of a split.

    Attributes:
        path: The folder.
        about: The content of `run.json`.
        answers: One a question, sorted by id.
    """

    path: Path
    about: dict[str, Any]
    answers: list[Answer]

    @property
    def method(self) -> str:
        """The method's name."""
        return str(self.about["method"])


def write_run(directory: Path, about: Mapping[str, Any], answers: Sequence[Answer]) -> None:
    """Write a finished run, `run.json` last: where it is, the answers are whole.

    Args:
        directory: The folder.
        about: What `run.json` is to say.
        answers: One a question.
    """
    ordered = sorted(answers, key=lambda answer: natural_key(answer.id))
    write_jsonl(directory / PREDICTIONS, [answer._asdict() for answer in ordered])
    write_json(directory / RUN, about)


def read_run(directory: str | Path) -> Run:
    """Read a finished run.

    Args:
        directory: Its folder, or one with a single finished run in a folder below.

    Raises:
        UserError: There is none, or several, or its files cannot be read.
    """
    path = _with_answers(Path(directory))
    about = _read_about(path / RUN)
    return Run(path, about, read_answers(path / PREDICTIONS))


def read_answers(path: Path) -> list[Answer]:
    """Read a file of answers.

    Raises:
        UserError: A line is no answer; file and line are named.
    """
    # Split at newlines only: `splitlines` also splits at separators that JSON leaves as they are inside a string.
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [parse_answer(line, where=f"{path}:{number}") for number, line in enumerate(lines, start=1)]


def parse_answer(line: str, *, where: str) -> Answer:
    """Read one line of a file of answers.

    Args:
        line: The line.
        where: File and line, for the message.

    Raises:
        UserError: It is no answer.
    """
    try:
        return Answer(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise UserError(f"{where}: no answer of this package ({error}); remove the folder and run again") from error


def _with_answers(path: Path) -> Path:
    if (path / RUN).is_file():
        return path
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; name the folder of a run, such as runs/quickstart/map/test")
    below = sorted(file.parent for file in path.glob(f"*/{RUN}"))
    if not below:
        raise UserError(f"{path}: no finished answers in it ({RUN}); answer questions with validate, test or predict")
    if len(below) > 1:
        raise UserError(f"{path}: several finished runs in it; name one of {', '.join(map(str, below))}")
    return below[0]


def _read_about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(about, dict) or not isinstance(about.get("method"), str):
            raise ValueError("no method in it")
    except ValueError as error:
        raise UserError(f"{path}: not the description of a run ({error}); remove the folder and run again") from error
    return about
