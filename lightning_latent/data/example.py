"""A benchmark question in the form every part of the package reads."""

from typing import NamedTuple


class Example(NamedTuple):
    """One question.

    A named tuple rather than a frozen dataclass, because Lightning rebuilds batch collections when it moves them
    between devices and refuses frozen dataclasses.
    """

    id: str  # stable across runs, world sizes and shuffles
    question: str  # without a trailing newline
    steps: tuple[str, ...]  # the reasoning, in order; empty when the source gives none
    answer: str  # the gold one; empty where it is not known, of a question that is only predicted
    options: tuple[str, ...] = ()  # the choices of a multiple-choice question, in order; empty otherwise
