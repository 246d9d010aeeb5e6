"""A finished run in its folder: `predictions.jsonl`, one line a question, and `run.json`, which says whose they are."""

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer, from_row, natural_key, to_row
from lightning_latent.evaluation.calibration import calibration
from lightning_latent.evaluation.paired import accuracy_ci
from lightning_latent.io import write_json, write_jsonl

PREDICTIONS, RUN = "predictions.jsonl", "run.json"


class Run(NamedTuple):
    """What a method answered to the questions of a split: the folder, the content of `run.json`, one answer each."""

    path: Path
    about: dict[str, Any]
    answers: list[Answer]

    @property
    def method(self) -> str:
        """The method's name."""
        return str(self.about["method"])


def summarise(answers: Sequence[Answer]) -> dict[str, Any]:
    """Accuracy and cost of a method, as plain numbers; accuracies are fractions of one."""
    n, correct = len(answers), sum(answer.correct for answer in answers)
    reference = [answer.reference for answer in answers if answer.reference is not None]
    return {
        "n": n,
        "correct": correct,
        "accuracy": correct / n,
        "accuracy_ci95": list(accuracy_ci(correct, n)),
        # Of all answers or of none: a part of them could not be compared with published figures.
        "reference_accuracy": sum(reference) / n if len(reference) == n else None,
        "tokens_per_question": sum(answer.tokens for answer in answers) / n,
        "latents_per_question": sum(answer.latents for answer in answers) / n,
        "seconds_per_question": sum(answer.seconds for answer in answers) / n,
        "fallbacks": sum(answer.fallback for answer in answers),
        **calibration(answers),
    }


def package_versions() -> dict[str, str | None]:
    """The versions that a result depends on; null for a package that is imported without being installed."""
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for package in ("lightning_latent", "torch", "lightning", "transformers"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return versions


def write_run(directory: Path, about: Mapping[str, Any], answers: Sequence[Answer]) -> None:
    """Write a finished run, `run.json` last: where it is, the answers are whole."""
    ordered = sorted(answers, key=lambda answer: natural_key(answer.id))
    write_jsonl(directory / PREDICTIONS, [to_row(answer) for answer in ordered])
    write_json(directory / RUN, about)


def read_run(directory: str | Path) -> Run:
    """Read a finished run.

    Args:
        directory: Its folder, or one with a single finished run in a folder below.

    Raises:
        UserError: There is none, or several, or its files cannot be read.
    """
    path = _with_answers(Path(directory))
    try:
        about = json.loads((path / RUN).read_text(encoding="utf-8"))
        if not isinstance(about, dict) or not isinstance(about.get("method"), str):
            raise ValueError("no method in it")
    except ValueError as error:
        message = f"{path / RUN}: not the description of a run ({error}); remove the folder and run again"
        raise UserError(message) from error
    return Run(path, about, read_answers(path / PREDICTIONS))


def read_answers(path: Path) -> list[Answer]:
    """Read a file of answers; one that was cut off in the middle of a line is read up to there.

    Raises:
        UserError: A line is no answer; file and line are named.
    """
    answers = []
    for number, line in enumerate(whole_lines(path), start=1):
        try:
            answers.append(from_row(json.loads(line)))
        except (ValueError, TypeError) as error:
            message = f"{path}:{number}: no answer of this package ({error}); remove the folder and run again"
            raise UserError(message) from error
    return answers


def whole_lines(path: Path) -> list[bytes]:
    """The lines that end with a newline.

    Split at newlines only: `splitlines` also splits at separators that JSON leaves as they are inside a string.
    """
    return path.read_bytes().split(b"\n")[:-1]


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
