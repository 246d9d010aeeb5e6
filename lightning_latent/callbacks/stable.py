"""Refining until the answer does not change any more."""

import torch

from lightning_latent.bounds import PositiveInt
from lightning_latent.callbacks.escalation import escalate
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.answering import clock, judge
from lightning_latent.evaluation.scoring import Said
from lightning_latent.reasoner.context import select_rows
from lightning_latent.refinement.hooks import QuestionCallback, Refining


class StableAnswer(QuestionCallback):
    """Answers after 1, 2, 4, ... iterations of the run's refinement, until a question's answer is that of before.

    A question is read once; each time its latents are thought and refined anew, with twice the iterations. One whose
    answer has stayed is left alone, and nothing is computed for it any more. `latents` of an answer counts all that
    were thought.

    Args:
        most: Iterations, at most.
    """

    def __init__(self, *, most: PositiveInt = 8) -> None:
        if most < 2:
            raise UserError(f"most of StableAnswer is {most}; it must be at least 2")
        self.most = most

    def prepare(self, module: Refining) -> None:
        """Refuse a run that refines nothing, in which every answer is stable."""
        if not module.refines:
            raise UserError("StableAnswer repeats a refinement, and nothing refines here; add a callback that does")

    @torch.no_grad()
    def answer(self, batch: list[Example], module: Refining) -> list[Answer]:
        """See `QuestionCallback.answer`."""
        if not batch:
            return []
        device, started = module.reasoner.device, clock(module.reasoner.device)
        context = module.read(batch)
        reading = (clock(device) - started) / len(batch)
        counts = doubled(self.most)
        said = Said([""] * len(batch), [""] * len(batch), [0] * len(batch))

        def ask(number: int, rows: list[int]) -> list[bool]:
            nonlocal context, said
            examples = [batch[row] for row in rows]
            thoughts = module.think(examples, context=context, iterations=counts[number])
            before, new = [said.answers[row] for row in rows], module.say(thoughts.context, examples)
            said = said.replaced(rows, new)
            stable = [number > 0 and then == now for then, now in zip(before, new.answers, strict=True)]
            going = [at for at, enough in enumerate(stable) if not enough]
            if going and len(going) < len(rows):
                context = select_rows(context, torch.tensor(going, device=context.mask.device))
            return stable

        spent = escalate(ask, size=len(batch), rounds=len(counts), device=device)
        return [
            judge(
                module.benchmark,
                example,
                said,
                row=row,
                latents=rounds * module.reasoner.num_latents,
                seconds=reading + seconds,
            )
            for row, (example, rounds, seconds) in enumerate(zip(batch, *spent, strict=True))
        ]


def doubled(most: int) -> list[int]:
    """1, 2, 4, ... and `most` itself, which comes last.

    >>> doubled(8), doubled(6)
    ([1, 2, 4, 8], [1, 2, 4, 6])
    """
    powers = [2**power for power in range(most.bit_length()) if 2**power < most]
    return [*powers, most]
