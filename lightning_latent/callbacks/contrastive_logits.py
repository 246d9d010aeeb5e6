"""The contrast between references taken where an answer is chosen, instead of in the latents."""

import torch

from lightning_latent.bounds import FiniteFloat
from lightning_latent.callbacks.escalation import choose_candidates, most_candidates
from lightning_latent.data.example import Example
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.answering import clock
from lightning_latent.evaluation.scoring import option_scores
from lightning_latent.refinement.contrast import contrast_scores
from lightning_latent.refinement.hooks import QuestionCallback, Refining
from lightning_latent.refinement.reference import Reference
from lightning_latent.refinement.tally import padded_scores


class ContrastiveLogits(QuestionCallback):
    """Chooses among a question's candidates by what the base finds likely, and a strong reference more than a weak one.

    The references read the question and the base's latents, then score the candidates as the base does. The latents
    stay as they are.

    Args:
        strong: Directory, hub id or adapter of the strong reference; `beside:strong` is the directory of that name
            beside the reasoner's.
        weak: Likewise of the weak one.
        weight: alpha, how much their difference counts.
    """

    def __init__(self, *, strong: str = "beside:strong", weak: str = "beside:weak", weight: FiniteFloat = 0.5) -> None:
        self.strong = strong
        self.weak = weak
        self.weight = weight
        self._references: dict[str, Reference] = {}

    def prepare(self, module: Refining) -> None:
        """Load the references beside the base."""
        for role, path in (("strong", self.strong), ("weak", self.weak)):
            self._references[role] = module.load_reference(path, role=role)

    @torch.no_grad()
    def answer(self, batch: list[Example], module: Refining) -> list[Answer]:
        """See `QuestionCallback.answer`."""
        if not batch:
            return []
        most_candidates(batch, method="ContrastiveLogits")
        started, options = clock(module.reasoner.device), [example.options for example in batch]
        thoughts = module.think(batch)
        base = padded_scores(option_scores(module.reasoner, thoughts.context, options))
        found = {}
        for role, reference in self._references.items():
            reference.begin([example.question for example in batch])
            after = reference.conclude(thoughts.latents)
            found[role] = padded_scores(option_scores(reference.reasoner, after, options))
            reference.end()
        totals = contrast_scores(base, found["strong"], found["weak"], weight=self.weight)
        seconds = (clock(module.reasoner.device) - started) / len(batch)
        latents = [thoughts.latents.shape[1]] * len(batch)
        return choose_candidates(batch, totals, module, latents=latents, seconds=[seconds] * len(batch))
