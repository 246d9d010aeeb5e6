"""Whether latents say the gold steps: the nearest of a question's own words, beside what another's latents say.

Legend: N questions, T latents, D hidden size, S gold steps, V vocabulary.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from lightning_latent.data.example import Example
from lightning_latent.doctor.effects import share
from lightning_latent.evaluation.paired import contrast
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.showing.words import StepWords, nearest_words, step_words


def said_steps(reasoner: LatentReasoner, words: Sequence[StepWords], latents: Tensor) -> list[list[list[bool]]]:
    """For each question, latent and gold step, whether the nearest of the question's words is one of the step's.

    Args:
        reasoner: The model, whose output head is the measure.
        words: Of N questions.
        latents: `[N, T, D]`.
    """
    said = []
    for own, thought in zip(words, latents, strict=True):
        nearest = nearest_words(reasoner, own, thought)
        said.append([[token in step for step in own.steps] for token in nearest])
    return said


def steps_said(reasoner: LatentReasoner, examples: Sequence[Example], latents: Tensor) -> dict[str, Any] | None:
    """How many gold steps latents say, by latent and step; None for questions without steps.

    A step is said by a question if the nearest word of any of its latents is one of the step's. `own` and `other` are
    the shares said by own latents and by another question's, `gain` and what follows compares them, step by step of all
    questions; `by_step` says the same of each step, `matrix_own` and `matrix_other` `[T][S]` of each latent besides.
    """
    if not any(example.steps for example in examples):
        return None
    words = step_words(reasoner, examples)
    said = {
        "own": said_steps(reasoner, words, latents),
        "other": said_steps(reasoner, words, latents.roll(1, dims=0)),
    }
    most = max(len(example.steps) for example in examples)
    by_step = [_one_step(said, step) for step in range(most)]
    return {
        "by_step": [_compared(pairs) for pairs in by_step],
        **{f"matrix_{whose}": _matrix(rows, steps=most) for whose, rows in said.items()},
        **_compared([pair for pairs in by_step for pair in pairs]),
    }


def _matrix(said: list[list[list[bool]]], *, steps: int) -> list[list[float]]:
    """The share of the questions that have a step of those whose latent says it: `[T][S]`."""
    return [
        [_mean([row[latent][step] for row in said if len(row[latent]) > step]) for step in range(steps)]
        for latent in range(len(said[0]))
    ]


def _one_step(said: dict[str, list[list[list[bool]]]], step: int) -> list[tuple[bool, bool]]:
    """Whether each question that has the step says it by its own latents, and by another's."""
    return [
        (any(latent[step] for latent in own), any(latent[step] for latent in other))
        for own, other in zip(said["own"], said["other"], strict=True)
        if len(own[0]) > step
    ]


def _compared(pairs: list[tuple[bool, bool]]) -> dict[str, Any]:
    own, other = [own for own, _ in pairs], [other for _, other in pairs]
    return {"own": share(own), "other": share(other), **contrast(other, own)}


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values)
