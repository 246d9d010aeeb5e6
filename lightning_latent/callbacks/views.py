"""Answering several symmetric views of a question and putting the answers together."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from lightning_latent.bounds import NonNegativeFloat, PositiveInt, check_at_least_one
from lightning_latent.callbacks.escalation import Course, choose_candidates, sum_until_sure
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.data.views import View, answerable
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.answering import clock, judge
from lightning_latent.evaluation.scoring import Said
from lightning_latent.refinement import tally
from lightning_latent.refinement.hooks import QuestionCallback, Refining, TeachingCallback

Combine = Literal["mean_log_probability", "mean_probability", "majority", "least_entropy"]
_RULES = {
    "mean_log_probability": tally.mean_log_probability,
    "mean_probability": tally.mean_probability,
    "majority": tally.majority,
    "least_entropy": tally.least_entropy,
}


class SymmetricViews(QuestionCallback):
    """Tells each question otherwise, as its benchmark says, and answers by all tellings together.

    No label, no weight and no reference model is involved. Where questions have candidates, each view scores them;
    where they have none, each view's answer is decoded, translated back, and the most frequent one counts.

    With a `threshold` a question gets views one after the other until the summed log-probabilities of its best and its
    second candidate are further apart (in nats); a question that is sure stops at once, and nothing is computed for it
    any more. Choose the threshold on validation.

    Args:
        count: Views of a question, at most; its own telling is the first. With 1 the question is asked as it is.
        threshold: Margin at which a question gets no further view; without, each gets all, in one pass.
        combine: How scores are put together; with a threshold their sum counts.
        own: Count the question's own telling among the views. Without it and with one view: the control of one telling
            at random.
        batch_size: Views answered at a time.
        seed: Seed of the tellings, which depend on the question's id besides.
    """

    def __init__(
        self,
        *,
        count: PositiveInt = 1,
        threshold: NonNegativeFloat | None = None,
        combine: Combine = "mean_log_probability",
        own: bool = True,
        batch_size: PositiveInt = 500,
        seed: int = 0,
    ) -> None:
        check_at_least_one({"views.count": count, "views.batch_size": batch_size})
        if threshold is not None and combine != "mean_log_probability":
            raise UserError(f"a threshold goes by summed log-probabilities; leave combine: {combine} out")
        self.count = count
        self.threshold = threshold
        self.combine: Combine = combine
        self.own = own
        self.batch_size = batch_size
        self.seed = seed

    @property
    def active(self) -> bool:
        """Whether there is a view beside the question's own telling, or in its place."""
        return self.count > 1 or not self.own

    @torch.no_grad()
    def answer(self, batch: list[Example], module: Refining) -> list[Answer]:
        """See `QuestionCallback.answer`."""
        if not batch:
            return []
        return self._scored(batch, module) if all(e.options for e in batch) else self._voted(batch, module)

    def told(self, example: Example, number: int, module: Refining) -> View:
        """A question's telling of a number from 0; a `UserError` where the benchmark knows no other."""
        if number == 0 and self.own:
            return View(example, tuple(range(len(example.options))))
        view = module.benchmark.view(answerable(example), random.Random(f"{self.seed}/{example.id}/{number}"))
        if view is None:
            raise UserError(
                f"{type(module.benchmark).__name__} knows no symmetry of its questions (Benchmark.view); leave "
                "SymmetricViews out"
            )
        return view

    def _scored(self, batch: list[Example], module: Refining) -> list[Answer]:
        """Score the candidates of all views, or of as many as a question needs."""
        totals, used, seconds, courses = self.totals(batch, module)
        latents = [count * module.reasoner.num_latents for count in used]
        return choose_candidates(batch, totals, module, latents=latents, seconds=seconds, courses=courses)

    def totals(
        self, batch: list[Example], module: Refining, *, plain: bool = False
    ) -> tuple[Tensor, list[int], list[float], list[Course]]:
        """Scores `[B, C]` put together, NaN where a score was none; views used, seconds and course of each question."""
        if self.threshold is not None:
            return self._escalated(batch, module, plain=plain)
        started, size = clock(module.reasoner.device), len(batch)
        views = [self.told(example, number, module) for number in range(self.count) for example in batch]
        scores = self._scores(views, module, plain=plain).view(self.count, size, -1)
        lost = scores.isnan().any(-1).any(0)  # not every rule hands on what is no number
        totals = _RULES[self.combine](scores).masked_fill(lost.unsqueeze(-1), float("nan"))
        return totals, [self.count] * size, [(clock(module.reasoner.device) - started) / size] * size, [[]] * size

    def _escalated(
        self, batch: list[Example], module: Refining, *, plain: bool
    ) -> tuple[Tensor, list[int], list[float], list[Course]]:
        """Sums of log-probabilities `[B, C]`, and the rest of `totals`, views added one by one."""
        assert self.threshold is not None

        def score(number: int, rows: list[int]) -> Tensor:
            return self._scores([self.told(batch[row], number, module) for row in rows], module, plain=plain)

        totals, (used, seconds), courses = sum_until_sure(
            score,
            batch,
            threshold=self.threshold,
            rounds=self.count,
            device=module.reasoner.device,
            method="views.threshold",
        )
        return totals, used, seconds, courses

    def _scores(self, views: Sequence[View], module: Refining, *, plain: bool) -> Tensor:
        """Log-probabilities `[N, C]` of the original questions' candidates, by one telling each.

        Views of like length are answered together: what is padded is computed for nothing.
        """
        scores: list[list[float]] = [[] for _ in views]
        order = sorted(range(len(views)), key=lambda place: len(views[place].example.question))
        for start in range(0, len(views), self.batch_size):
            places = order[start : start + self.batch_size]
            found_here = module.score_options([views[place].example for place in places], plain=plain)
            for place, found in zip(places, found_here, strict=True):
                scores[place] = views[place].in_order(found)
        return tally.padded_scores(scores)

    def _voted(self, batch: list[Example], module: Refining) -> list[Answer]:
        """Decode the answers of all views; the most frequent one counts, the first of equals."""
        if self.threshold is not None:
            raise UserError("views.threshold needs questions with candidates; leave it out")
        tellings = [[self.told(example, number, module) for number in range(self.count)] for example in batch]
        flat = [view.example for views in tellings for view in views]
        given: list[Answer] = []
        for start in range(0, len(flat), self.batch_size):
            given += module.answer_once(flat[start : start + self.batch_size])
        answers = []
        for row, example in enumerate(batch):
            own = given[row * self.count : (row + 1) * self.count]
            said = [view.back(answer.answer) for view, answer in zip(tellings[row], own, strict=True)]
            winner = most_frequent(said, module.benchmark)
            answers.append(
                judge(
                    module.benchmark,
                    example,
                    Said(["\n".join(said)], [winner], [sum(answer.tokens for answer in own)]),
                    row=0,
                    latents=sum(answer.latents for answer in own),
                    seconds=sum(answer.seconds for answer in own),
                    fallback=own[0].fallback,
                )
            )
        return answers


def most_frequent(said: Sequence[str], benchmark: Benchmark) -> str:
    """The answer that most views give, answers that mean the same counted together; an empty one counts last."""
    counts: Counter[str] = Counter()
    for answer in said:
        known = next((other for other in counts if benchmark.matches(answer, other)), answer)
        counts[known] += 1 if answer else 0
    return max(counts, key=counts.__getitem__)


class AgreedAnswers(TeachingCallback):
    """Lets `fit` learn towards the answers on which a question's views agree, in the place of gold answers.

    So what several tellings know is carried into what one pass does, and no label is used. The views are asked of the
    plain reasoner; a question whose views do not come to a margin is left out.

    Args:
        count: Views of a question, at most.
        threshold: Margin between the best and the second candidate, in nats summed over views, at which they agree.
        seed: Seed of the tellings.
    """

    def __init__(self, *, count: PositiveInt = 8, threshold: NonNegativeFloat = 4.0, seed: int = 0) -> None:
        self.count = count
        self.threshold = threshold
        self.seed = seed
        self._views = SymmetricViews(count=count, threshold=threshold, seed=seed)

    @torch.no_grad()
    def teach(self, batch: list[Example], module: Refining) -> list[Example]:
        """See `TeachingCallback.teach`."""
        if not batch:
            return []
        totals, *_ = self._views.totals(batch, module, plain=True)
        agreed = zip(batch, totals.argmax(-1).tolist(), tally.margin(totals).tolist(), strict=True)
        return [example._replace(answer=example.options[at]) for example, at, far in agreed if far > self.threshold]
