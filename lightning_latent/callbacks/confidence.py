"""Confidence by gradient: LTPO's objective, moved to where a latent reasoner's answer is read."""

from torch import Tensor

from lightning_latent.bounds import NonNegativeFloat, PositiveInt
from lightning_latent.callbacks.climbing import AnswerClimbing
from lightning_latent.errors import UserError
from lightning_latent.refinement.confidence import confidence


class AnswerConfidence(AnswerClimbing):
    """Moves latents to where the reasoner is more confident of its answer (LTPO, arXiv 2510.04182).

    Confidence is the mean over the answer's tokens of `-(1/k) sum log p` over the k likeliest. LTPO reads it at
    placeholder tokens of the prompt; here it is read at the answer, by the gradient through all latents.

    Args:
        top: k, at least 2.
        steps: Steps up the gradient; LTPO takes 10.
        search_step: How far each goes, as a fraction of a latent's norm.
        guard: Keep the most confident latents on the way, a question's own where no step is more confident.
        tokens: Tokens of the answer that count, from the end marker on.
    """

    def __init__(
        self,
        *,
        top: PositiveInt = 10,
        steps: PositiveInt = 10,
        search_step: NonNegativeFloat = 0.05,
        guard: bool = True,
        tokens: PositiveInt = 4,
    ) -> None:
        super().__init__(steps=steps, search_step=search_step, guard=guard, tokens=tokens)
        if top < 2:
            raise UserError(f"top of AnswerConfidence is {top}; it must be at least 2")
        self.top = top

    def score(self, logits: Tensor) -> Tensor:
        """See the class."""
        return confidence(logits, top=self.top)
