"""One answered question: the one form that an answer has, from decoding to `predictions.jsonl`."""

import re
from typing import NamedTuple


class Answer(NamedTuple):
    """What a method answered to a question. A named tuple of plain values: a line of JSON, and cheap between processes.

    Attributes:
        id: The example's id, stable across runs, world sizes and shuffles.
        question: The question's text.
        gold: The gold answer.
        answer: The answer that was read out of the text; empty when the text held none.
        correct: Whether it is the gold answer by the benchmark's rule.
        text: What was generated: steps and answer, or the steps alone where options were scored after them.
        tokens: Generated tokens, the end-of-sequence token counted; latents are not tokens.
        latents: Latents that were thought before the answer.
        seconds: The question's share of its batch's wall-clock time, from reading to answer.
        fallback: The refined latents became infinite or undefined, and the answer is from the unrefined ones.
    """

    id: str
    question: str
    gold: str
    answer: str
    correct: bool
    text: str
    tokens: int
    latents: int
    seconds: float
    fallback: bool = False


def natural_key(id: str) -> tuple[list[str | int], str]:
    """Sort key that puts ``q2`` before ``q10``.

    >>> sorted(["q10", "q2", "a"], key=natural_key)
    ['a', 'q2', 'q10']
    """
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", id)], id
