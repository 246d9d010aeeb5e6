"""Controls as callbacks: latents replaced by ones that know nothing of the question, or moved at random."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from lightning_latent.bounds import NonNegativeFloat
from lightning_latent.errors import UserError
from lightning_latent.refinement import controls
from lightning_latent.refinement.hooks import LatentCallback, Refining, check_trajectory

_REPLACED = {"zero": controls.zero, "mean": controls.mean, "other": controls.other, "first": controls.first}


class ReplacedLatents(LatentCallback):
    """Puts other latents in the place of a question's own, once they are thought. It needs `model.loop: trajectory`.

    A reasoner that answers as well afterwards does not use what is in its latents, and refining them cannot help it.

    Args:
        by: `zero`: zeros. `mean`: the mean over the batch of each step's latents. `other`: another question's, the one
            before it in the batch. `first`: the question's own first latent, repeated.
    """

    def __init__(self, *, by: Literal["zero", "mean", "other", "first"]) -> None:
        self.by = by

    def prepare(self, module: Refining) -> None:
        """Refuse the loop in which a latent is fed before the others are known."""
        check_trajectory(module, who="ReplacedLatents replaces")

    def trajectory_displacement(self, latents: Tensor) -> Tensor:
        """See the class."""
        if self.by in ("mean", "other") and len(latents) == 1:
            raise UserError(f"ReplacedLatents(by: {self.by}) has one question alone; set another data.eval_batch_size")
        return _REPLACED[self.by](latents) - latents


class RandomDirection(LatentCallback):
    """Moves each latent in a random direction, as far as `ContrastiveFeedback` moves it in its own.

    A gain that this gives too is no merit of the direction.

    Args:
        search_step: How far to go, as a fraction of the latent's norm.
        seed: Seed of the directions, which depend on the question's text besides.
    """

    def __init__(self, *, search_step: NonNegativeFloat = 0.05, seed: int = 0) -> None:
        self.search_step = search_step
        self.seed = seed
        self._questions: Sequence[str] = ()
        self._directions: Tensor | None = None
        self._steps = 0

    def prepare(self, module: Refining) -> None:
        """Learn how many latents there are."""
        self._steps = module.reasoner.num_latents

    def begin(self, questions: Sequence[str]) -> None:
        """Take the questions."""
        self._questions, self._directions = questions, None

    def end(self) -> None:
        """Forget them."""
        self._questions, self._directions = (), None

    def displacement(self, step: int, fed: Sequence[Tensor], latent: Tensor) -> Tensor:
        """Stepwise: see the class."""
        return controls.random_moves(latent, self._drawn(latent)[:, step], fraction=self.search_step)

    def trajectory_displacement(self, latents: Tensor) -> Tensor:
        """Trajectory: see the class."""
        return controls.random_moves(latents, self._drawn(latents), fraction=self.search_step)

    def _drawn(self, like: Tensor) -> Tensor:
        if self._directions is None:
            drawn = controls.random_directions(
                list(self._questions), steps=self._steps, size=like.shape[-1], seed=self.seed
            )
            self._directions = drawn.to(like)
        return self._directions
