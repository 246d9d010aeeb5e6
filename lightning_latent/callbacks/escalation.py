"""Spending more on a question until its answer is sure: round after round, each for the questions that need it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.answering import clock, judge
from lightning_latent.evaluation.scoring import Said
from lightning_latent.refinement import tally
from lightning_latent.refinement.hooks import Refining

Ask = Callable[[int, list[int]], Sequence[bool]]
"""Does one more round (its number, from 0) for the questions of these rows, and says of each whether it is sure."""


Course = list[tuple[float, int]]
"""After each round of a question: how far its best candidate is ahead, in nats, and which it is."""

FARTHEST = 1e9  # nats; a question's only candidate is infinitely far ahead, which JSON cannot say


class Spent(NamedTuple):
    """What each of B questions took."""

    rounds: list[int]
    seconds: list[float]  # its share of every round that it was in


def escalate(ask: Ask, *, size: int, rounds: int, device: torch.device) -> Spent:
    """Go on asking the questions that are not sure yet; nothing is computed for the others any more.

    Args:
        ask: One round; it is given the rows that are left, fewer each time.
        size: Number of questions B, at least one.
        rounds: Most rounds of a question.
        device: Where they are computed.
    """
    spent = Spent([0] * size, [0.0] * size)
    pending = list(range(size))
    for number in range(rounds):
        started = clock(device)
        sure = ask(number, pending)
        share = (clock(device) - started) / len(pending)
        for row in pending:
            spent.rounds[row] += 1
            spent.seconds[row] += share
        pending = [row for row, enough in zip(pending, sure, strict=True) if not enough]
        if not pending:
            break
    return spent


def sum_until_sure(
    score: Callable[[int, list[int]], Tensor],
    batch: Sequence[Example],
    *,
    threshold: float,
    rounds: int,
    device: torch.device,
    method: str,
) -> tuple[Tensor, Spent, list[Course]]:
    """Add up scores round by round, until the best candidate of a question is far enough ahead of its second.

    Args:
        score: Log-probabilities `[N, C]` of one more round, by its number and the rows that are left.
        batch: B questions.
        threshold: Margin in nats of the sums at which a question gets no further round.
        rounds: Most rounds of a question.
        device: Where they are computed.
        method: What needs candidates, for messages.

    Returns:
        The sums `[B, C]` in float64, what each question took, and its course.
    """
    totals = torch.zeros(len(batch), most_candidates(batch, method=method), dtype=torch.float64)
    courses: list[Course] = [[] for _ in batch]

    def ask(number: int, rows: list[int]) -> list[bool]:
        scores = score(number, rows)
        totals[rows, : scores.shape[-1]] += scores
        return [margin > threshold for margin in take_down(courses, rows, totals[rows])]

    return totals, escalate(ask, size=len(batch), rounds=rounds, device=device), courses


def most_candidates(batch: Sequence[Example], *, method: str) -> int:
    """How many candidates C a question of the batch has, at most.

    Raises:
        UserError: One has none; `method` is what cannot do without.
    """
    for example in batch:
        if not example.options:
            raise UserError(f"{method} scores candidates, and question {example.id} has none; leave it out")
    return max(len(example.options) for example in batch)


def take_down(courses: Sequence[Course], rows: Sequence[int], totals: Tensor) -> list[float]:
    """Note how the questions of some rows stand after a round, by their totals `[N, C]`, and give their N margins."""
    margins = tally.margin(totals).clamp(max=FARTHEST).tolist()
    for row, ahead, best in zip(rows, margins, totals.argmax(-1).tolist(), strict=True):
        courses[row].append((ahead, best))
    return margins


def choose_candidates(
    batch: Sequence[Example],
    totals: Tensor,
    module: Refining,
    *,
    latents: Sequence[int],
    seconds: Sequence[float],
    courses: Sequence[Course] = (),
) -> list[Answer]:
    """Answer each question by the candidate with the greatest total `[B, C]`, the first of equals, and judge it.

    A question among whose totals is one that is no number gets no answer, rather than the first candidate. Where there
    are `courses`, an answer has its own, with each candidate judged.
    """
    lost = totals.isnan().any(-1).tolist()
    best = zip(batch, totals.argmax(-1).tolist(), lost, strict=True)
    chosen = ["" if nothing else example.options[at] for example, at, nothing in best]
    said = Said([""] * len(batch), chosen, [0] * len(batch))
    answers = [
        judge(module.benchmark, example, said, row=row, latents=latents[row], seconds=seconds[row])
        for row, example in enumerate(batch)
    ]
    return [_with_course(*pair, module) for pair in zip(answers, batch, courses, strict=True)] if courses else answers


def _with_course(answer: Answer, example: Example, course: Course, module: Refining) -> Answer:
    if not example.answer:  # nothing to judge its course by
        return answer
    right = [module.benchmark.matches(option, example.answer) for option in example.options]
    return answer._replace(course=tuple((ahead, right[best]) for ahead, best in course))
