"""A few questions to look at: what each latent says, and what the answer would be if thinking stopped there."""

from collections.abc import Sequence
from typing import Any

from lightning_latent.data.example import Example
from lightning_latent.doctor.asking import OWN, Asked, Subject
from lightning_latent.doctor.changes import stops
from lightning_latent.evaluation.answer import Answer
from lightning_latent.showing.words import StepWords, read_thoughts, step_words

SHOWN = 3
"""Questions answered right that are shown, and as many answered wrong."""
WORDS = 3
"""Nearest words of each latent."""
_CONTROLS = ("other", "mean", "zero")


def shown_questions(subject: Subject, examples: Sequence[Example], asked: Asked) -> list[dict[str, Any]]:
    """The first questions that are answered right and wrong, each with its thoughts."""
    words = step_words(subject.reasoner, examples)
    right = [row for row, answer in enumerate(asked.answers[OWN]) if answer.correct][:SHOWN]
    wrong = [row for row, answer in enumerate(asked.answers[OWN]) if not answer.correct][:SHOWN]
    return [_shown(subject, examples[row], asked, row, words[row]) for row in (*right, *wrong)]


def _shown(subject: Subject, example: Example, asked: Asked, row: int, words: StepWords) -> dict[str, Any]:
    latents = asked.latents[row]
    cut = [asked.answers[name][row] for name in stops(len(latents))][1:]
    return {
        "id": example.id,
        "question": example.question,
        "steps": list(example.steps),
        "gold": example.answer,
        **_said(asked.answers[OWN][row]),
        "thoughts": [
            {
                "nearest": [word._asdict() for word in thought.nearest],
                "own_word": thought.own_word,
                "steps": thought.steps,
                "stopped": _said(answer),
            }
            for thought, answer in zip(
                read_thoughts(subject.reasoner, words, latents, count=WORDS),
                [*cut, asked.answers[OWN][row]],
                strict=True,
            )
        ],
        "replaced": {name: _said(asked.answers[name][row]) for name in _CONTROLS},
    }


def _said(answer: Answer) -> dict[str, Any]:
    return {"answer": answer.answer, "correct": answer.correct}
