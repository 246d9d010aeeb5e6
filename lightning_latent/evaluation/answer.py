"""One answered question: the one form that an answer has, from decoding to `predictions.jsonl`."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from lightning_latent.errors import UserError


class Answer(NamedTuple):
    """What a method answered to a question. Plain values: a line of JSON, and cheap between processes."""

    id: str  # the example's, stable across runs, world sizes and shuffles
    question: str
    gold: str | None  # None where it is not known: a question that is only predicted
    answer: str  # what was read out of the text; empty when it held no answer
    correct: bool | None  # whether it is the gold answer by the benchmark's rule; None where that is not known
    text: str  # what was generated: steps and answer, or the steps alone where options were scored after them
    tokens: int  # generated, the end of sequence counted; latents are not tokens
    latents: int  # thought before the answer
    seconds: float  # the question's share of its batch's wall-clock time, from reading to answer
    fallback: bool = False  # the refined latents became infinite or undefined; it is from the unrefined ones
    confidence: float | None = None  # how likely it is to be right, by a method that says so
    course: tuple[tuple[float, bool], ...] = ()  # after each view: nats the best option is ahead, and if it is right
    reference: bool | None = None  # whether the text is right by the reference repository's judgement, if there is one
    method: str | None = None  # the name of the run's method, in the file of a finished run


OPTIONAL = ("confidence", "course", "reference", "method")
"""What only some methods' answers have; lines of others go without."""


def to_row(answer: Answer) -> dict[str, Any]:
    """An answer as a line of JSON holds it."""
    missing = {name for name in OPTIONAL if getattr(answer, name) == Answer._field_defaults[name]}
    return {name: value for name, value in answer._asdict().items() if name not in missing}


def verdicts(answers: Sequence[Answer]) -> list[bool]:
    """Whether each answer is right; a `UserError` where that is not known."""
    for answer in answers:
        if answer.correct is None:
            raise UserError(f"{answer.id} has no gold answer to be judged by; only predict takes such questions")
    return [bool(answer.correct) for answer in answers]


def natural_key(id: str) -> tuple[list[str | int], str]:
    """Sort key that puts ``q2`` before ``q10``.

    >>> sorted(["q10", "q2", "a"], key=natural_key)
    ['a', 'q2', 'q10']
    """
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", id)], id
