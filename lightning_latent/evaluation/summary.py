"""A method's answers summed up."""

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any

from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.paired import accuracy_ci


def summarise(answers: Sequence[Answer]) -> dict[str, Any]:
    """Accuracy and cost of one method.

    Args:
        answers: At least one.

    Returns:
        Plain numbers in the order in which a reader wants them; accuracies are fractions of one. `seconds_per_question`
        is the median, which starting up and other work on the machine do not move.
    """
    n = len(answers)
    correct = sum(answer.correct for answer in answers)
    return {
        "n": n,
        "correct": correct,
        "accuracy": correct / n,
        "accuracy_ci95": list(accuracy_ci(correct, n)),
        "tokens_per_question": sum(answer.tokens for answer in answers) / n,
        "latents_per_question": sum(answer.latents for answer in answers) / n,
        "seconds_per_question": median(answer.seconds for answer in answers),
        "fallbacks": sum(answer.fallback for answer in answers),
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
