"""Questions answered as they are thought about, and from the same reading again with latents changed.

Legend: B batch, N questions, T latents, K latents fed, D hidden size.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.answering import clock, judge, read_questions
from lightning_latent.evaluation.scoring import Scoring, say
from lightning_latent.reasoner.reasoner import LatentReasoner

OWN = "own"
"""The latents as they are thought."""

Change = Callable[[Tensor, Sequence[Example]], Tensor]
"""What is fed in the place of the latents `[B, T, D]` of some questions: `[B, K, D]`, where K may be less than T."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A reasoner that is examined, and how it is asked.

    Args:
        reasoner: The model.
        benchmark: How answers are read and judged.
        max_new_tokens: Most tokens of an answer.
        scoring: How an answer is said; see `lightning_latent.evaluation.scoring`.
        batch_size: Questions that are asked together, at most.
    """

    reasoner: LatentReasoner
    benchmark: Benchmark
    max_new_tokens: int
    scoring: Scoring = "generate"
    batch_size: int = 64


class Asked(NamedTuple):
    """What came of N questions."""

    latents: Tensor  # [N, T, D], as they are thought
    answers: dict[str, list[Answer]]  # by change, in the order of the questions; `OWN` among them


@torch.no_grad()
def ask(subject: Subject, examples: Sequence[Example], changes: Mapping[str, Change] | None = None) -> Asked:
    """Read and think about each question once, and answer it from its own latents and from each change of them."""
    thought: list[Tensor] = []
    answers: dict[str, list[Answer]] = {OWN: [], **{name: [] for name in changes or {}}}
    room = subject.reasoner.thought_columns + subject.max_new_tokens
    for batch in batches(examples, subject.batch_size):
        context = read_questions(subject.reasoner, batch, room=room)
        latents = subject.reasoner.rollout(context).latents
        thought.append(latents)
        for name, answered in answers.items():
            started = clock(latents.device)
            fed = latents if name == OWN else (changes or {})[name](latents, batch)
            after = subject.reasoner.conclude(context, fed.to(latents))
            said = say(
                subject.reasoner,
                after,
                batch,
                benchmark=subject.benchmark,
                max_new_tokens=subject.max_new_tokens,
                scoring=subject.scoring,
            )
            seconds = (clock(latents.device) - started) / len(batch)
            answered += [
                judge(subject.benchmark, example, said, row=row, latents=fed.shape[1], seconds=seconds)
                for row, example in enumerate(batch)
            ]
    return Asked(torch.cat(thought), answers)


def batches(examples: Sequence[Example], size: int) -> Iterator[Sequence[Example]]:
    """Batches of at most `size` questions, as even as can be; but none is alone, since latents are swapped within one.

    >>> [len(batch) for batch in batches([None] * 9, 4)]
    [3, 3, 3]
    """
    count = min(-(-len(examples) // size), len(examples) // 2)
    bounds = [len(examples) * part // count for part in range(count + 1)]
    return (examples[start:stop] for start, stop in pairwise(bounds))
