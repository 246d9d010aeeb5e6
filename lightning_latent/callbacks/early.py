"""Stopping to think when the answer is there."""

import torch
from torch import Tensor

from lightning_latent.bounds import NonNegativeFloat, PositiveInt, check_at_least_one
from lightning_latent.callbacks.escalation import Course, choose_candidates, escalate, most_candidates, take_down
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.answering import clock
from lightning_latent.evaluation.scoring import option_scores
from lightning_latent.reasoner.context import select_rows
from lightning_latent.refinement import tally
from lightning_latent.refinement.hooks import QuestionCallback, Refining


class EarlyAnswer(QuestionCallback):
    """Scores the candidates after every few latents, and thinks no further about a question that is sure.

    The answer of a question is what its last score says. It takes a reasoner that can answer from fewer latents than it
    was trained with at the end; whether one can is what this measures. Nothing is computed for questions that have
    stopped, and `latents` of an answer says after how many it did.

    Args:
        every: Latents between two scores.
        threshold: Margin in nats between the best and the second candidate at which a question is sure; without, it is
            when the best one is the same as at the score before.
    """

    def __init__(self, *, every: PositiveInt = 1, threshold: NonNegativeFloat | None = None) -> None:
        check_at_least_one({"every of EarlyAnswer": every})
        self.every = every
        self.threshold = threshold

    def prepare(self, module: Refining) -> None:
        """Refuse latents that are refined, as what refines knows whole batches only, and a reasoner without latents."""
        if module.refines:
            raise UserError("EarlyAnswer stops plain thoughts; leave model.learn and the callbacks that refine out")
        if not module.reasoner.num_latents:
            raise UserError("EarlyAnswer stops thinking, and this reasoner thinks no latents; leave it out")

    @torch.no_grad()
    def answer(self, batch: list[Example], module: Refining) -> list[Answer]:
        """See `QuestionCallback.answer`."""
        if not batch:
            return []
        reasoner, total = module.reasoner, module.reasoner.num_latents
        width, started = most_candidates(batch, method="EarlyAnswer"), clock(module.reasoner.device)
        context = module.read(batch)
        reading = (clock(reasoner.device) - started) / len(batch)
        latest = torch.zeros(len(batch), width, dtype=torch.float64)
        courses: list[Course] = [[] for _ in batch]

        def ask(number: int, rows: list[int]) -> list[bool]:
            nonlocal context
            rollout = reasoner.rollout(context, num_latents=min(self.every, total - number * self.every))
            options = [batch[row].options for row in rows]
            found = tally.padded_scores(option_scores(reasoner, reasoner.answer_context(rollout), options))
            scores = torch.full((len(rows), width), float("-inf"), dtype=torch.float64)
            scores[:, : found.shape[-1]] = found
            ahead = torch.tensor(take_down(courses, rows, scores))
            sure = self._sure(ahead, scores, latest[rows] if number else None)
            latest[rows] = scores
            going = (~sure).nonzero().flatten()
            if len(going) and (number + 1) * self.every < total:
                going = going.to(context.mask.device)
                context = reasoner.feed(select_rows(rollout.context, going), rollout.latents[going, -1])
            return sure.tolist()

        spent = escalate(ask, size=len(batch), rounds=-(-total // self.every), device=reasoner.device)
        latents = [min(rounds * self.every, total) for rounds in spent.rounds]
        seconds = [reading + own for own in spent.seconds]
        noted = () if self.threshold is None else courses  # only of a threshold is every smaller one known
        return choose_candidates(batch, latest, module, latents=latents, seconds=seconds, courses=noted)

    def _sure(self, ahead: Tensor, scores: Tensor, before: Tensor | None) -> Tensor:
        """Whether thinking may stop, `[N]`, by margins `[N]`, log-probabilities `[N, C]` and those before."""
        if self.threshold is not None:
            return ahead > self.threshold
        return torch.zeros(len(scores), dtype=torch.bool) if before is None else tally.unchanged(scores, before)
