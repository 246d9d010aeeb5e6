"""Whether there is anything to gain: wrong answers that the reasoner or another checkpoint gets right otherwise."""

import random
from collections.abc import Sequence
from typing import Any

from lightning_latent.callbacks.views import most_frequent
from lightning_latent.data.example import Example
from lightning_latent.doctor.asking import OWN, Change, Subject, ask
from lightning_latent.doctor.changes import noise
from lightning_latent.doctor.effects import share
from lightning_latent.evaluation.answer import Answer, verdicts
from lightning_latent.evaluation.paired import contrast

VIEWS = 4
"""Other tellings of each question."""
SAMPLES = 4
"""Trajectories with noise of each question."""
NOISE = 0.2
"""How far each latent of such a trajectory is moved, as a fraction of its norm."""


Tries = list[list[str]]
"""What was answered to each question by each of several tries, in the words of the question itself."""


def by_views(subject: Subject, examples: Sequence[Example]) -> Tries | None:
    """Answers to other tellings of each question, translated back; None where the benchmark knows none."""
    tries: Tries = [[] for _ in examples]
    for number in range(VIEWS):
        views = [subject.benchmark.view(e, random.Random(f"doctor/{e.id}/{number}")) for e in examples]
        told = [view for view in views if view is not None]
        if len(told) < len(views):
            return None
        answers = ask(subject, [view.example for view in told]).answers[OWN]
        for said, view, answer in zip(tries, told, answers, strict=True):
            said.append(view.back(answer.answer))
    return tries


def noises() -> dict[str, Change]:
    """The trajectories moved at random, by name."""
    return {f"noise {seed}": noise(scale=NOISE, seed=seed) for seed in range(1, SAMPLES + 1)}


def columns(answered: Sequence[Sequence[Answer]]) -> Tries:
    """What several ways answered to the same questions, put together by question."""
    return [[answer.answer for answer in row] for row in zip(*answered, strict=True)]


def prospect(subject: Subject, own: Sequence[Answer], tries: Tries) -> dict[str, Any]:
    """What other tries get right.

    `rescued` is the share of wrong answers that at least one try gets right. Where there are two options any change
    rescues some, so `once` looks at the first try alone: the share of wrong answers that it gets right, and of right
    ones that it gets wrong, which are alike for a change that turns answers at random. `vote` is the most frequent
    answer of all tries and the own one together, compared with the own one alone.
    """
    matches = subject.benchmark.matches
    hits = [[matches(said, answer.gold or "") for said in row] for answer, row in zip(own, tries, strict=True)]
    votes = [most_frequent([answer.answer, *row], subject.benchmark) for answer, row in zip(own, tries, strict=True)]
    voted = [matches(vote, answer.gold or "") for vote, answer in zip(votes, own, strict=True)]
    wrong = [row for row, answer in zip(hits, own, strict=True) if not answer.correct]
    right = [row for row, answer in zip(hits, own, strict=True) if answer.correct]
    single = [hit for row in hits for hit in row]
    return {
        "tries": len(tries[0]),
        "single": sum(single) / len(single),
        "rescued": share([any(row) for row in wrong]),
        "once": {"rescued": share([row[0] for row in wrong]), "lost": share([not row[0] for row in right])},
        "vote": {"accuracy": share(voted), **contrast(verdicts(own), voted)},
    }
