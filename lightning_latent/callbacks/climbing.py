"""Moving whole trajectories up the gradient of a score that needs no label."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_latent.bounds import NonNegativeFloat, PositiveInt, check_at_least_one
from lightning_latent.errors import UserError
from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.refinement.confidence import answer_logits, climb, mean_over_answer
from lightning_latent.refinement.hooks import LatentCallback, Refining, check_trajectory


class AnswerClimbing(LatentCallback):
    """Moves latents to where what the reasoner says at its answer scores better; a subclass says how it scores.

    It needs `model.loop: trajectory`, and gradients. Legend: B batch, T latents, D hidden size, K tokens of an answer,
    V vocabulary.

    Args:
        steps: Steps up the gradient.
        search_step: How far each goes, as a fraction of a latent's norm.
        guard: Keep the best-scored latents on the way, a question's own where no step scores better.
        tokens: Tokens of the answer that count, from the end marker on.
    """

    def __init__(
        self,
        *,
        steps: PositiveInt = 10,
        search_step: NonNegativeFloat = 0.05,
        guard: bool = True,
        tokens: PositiveInt = 4,
    ) -> None:
        who = type(self).__name__
        check_at_least_one({f"steps of {who}": steps, f"tokens of {who}": tokens})
        self.steps = steps
        self.search_step = search_step
        self.guard = guard
        self.tokens = tokens
        self._reasoner: LatentReasoner | None = None
        self._question: Context | None = None

    @abstractmethod
    def score(self, logits: Tensor) -> Tensor:
        """How good logits `[B, K, V]` at an answer's tokens are: `[B, K]`, of which each question's mean counts."""

    def prepare(self, module: Refining) -> None:
        """Take the reasoner; refuse the loop in which a latent is fed before the others are known."""
        check_trajectory(module, who=f"{type(self).__name__} moves")
        self._reasoner = module.reasoner

    @torch.no_grad()
    def begin(self, questions: Sequence[str]) -> None:
        """Read the questions."""
        assert self._reasoner is not None
        room = self._reasoner.thought_columns + self.tokens
        self._question = self._reasoner.encode(questions, room=room)

    def trajectory_displacement(self, latents: Tensor) -> Tensor:
        """See the class."""
        if torch.is_inference_mode_enabled():
            raise UserError(f"{type(self).__name__} needs gradients; set trainer.inference_mode to false")
        moved = climb(latents, self._trajectory_score, steps=self.steps, search_step=self.search_step, guard=self.guard)
        return moved - latents.detach()

    def end(self) -> None:
        """Forget the questions."""
        self._question = None

    def _trajectory_score(self, latents: Tensor) -> Tensor:
        assert self._reasoner is not None and self._question is not None
        logits, real = answer_logits(self._reasoner, self._question, latents, tokens=self.tokens)
        return mean_over_answer(self.score(logits), real)
