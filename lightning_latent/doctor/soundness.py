"""Whether the load is sound: a reasoner that was loaded wrongly answers nonsense, and nothing else is seen in it."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.doctor.asking import Subject, batches
from lightning_latent.doctor.effects import share
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.answering import read_questions
from lightning_latent.reasoner.thoughts import think
from lightning_latent.refinement.likelihood import said_steps

WELL_FORMED = 0.9
"""Least share of well-formed answers of a sound reasoner."""


def soundness(subject: Subject, examples: Sequence[Example], own: Sequence[Answer]) -> dict[str, Any]:
    """Loss on gold answers, in nats a token, beside that of guessing words; the share of well-formed answers.

    `sound` says whether nine in ten answers are well-formed and the loss is below half of guessing's.
    """
    loss, finite = gold_loss(subject, examples)
    guessing = math.log(len(subject.reasoner.tokenizer))
    formed = share([well_formed(subject.benchmark, e, a.answer) for e, a in zip(examples, own, strict=True)])
    return {
        "gold_loss": loss if math.isfinite(loss) else None,
        "guessing_loss": guessing,
        "well_formed": formed,
        "finite": share(finite),
        "sound": formed["share"] >= WELL_FORMED and loss < guessing / 2,
    }


def well_formed(benchmark: Benchmark, example: Example, answer: str) -> bool:
    """Whether an answer was given at all and, where there are options, is one of them."""
    return answer != "" and (not example.options or any(benchmark.matches(answer, o) for o in example.options))


@torch.no_grad()
def gold_loss(subject: Subject, examples: Sequence[Example]) -> tuple[float, list[bool]]:
    """Mean negative log-likelihood of the gold words' tokens, in nats, and whether each question's latents are finite.

    The words are the answer's, and before it the steps that this reasoner says in words.
    """
    reasoner, total, tokens = subject.reasoner, 0.0, 0
    finite: list[bool] = []
    for batch in batches(examples, subject.batch_size):
        answers, steps = [e.answer for e in batch], said_steps(batch, reasoner.metadata.replaced_steps)
        longest = max(map(len, reasoner.word_ids(answers, steps)))
        context = read_questions(reasoner, batch, room=reasoner.thought_columns + longest)
        thoughts = think(reasoner, context)
        scores, counts = reasoner.score(thoughts.context, answers, steps=steps)
        total, tokens = total - float(scores.sum()), tokens + int(counts.sum())
        finite += thoughts.finite.tolist()
    return total / tokens, finite
