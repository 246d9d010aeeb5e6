"""Another checkpoint's latents in the place of a question's own."""

from collections.abc import Sequence

from torch import Tensor

from lightning_latent.refinement.hooks import LatentCallback, Refining, check_trajectory
from lightning_latent.refinement.reference import Reference


class BorrowedLatents(LatentCallback):
    """Answers from the latents that another checkpoint of the same model thinks. It needs `model.loop: trajectory`.

    The other checkpoint reads the question and thinks by itself; the base reads its latents and answers.

    Args:
        checkpoint: Directory, hub id or adapter of the other checkpoint; `beside:strong` is the directory of that name
            beside the reasoner's.
    """

    def __init__(self, *, checkpoint: str) -> None:
        self.checkpoint = checkpoint
        self._reference: Reference | None = None

    def prepare(self, module: Refining) -> None:
        """Load the checkpoint; refuse the loop in which a latent is fed before the others are known."""
        check_trajectory(module, who="BorrowedLatents replaces")
        self._reference = module.load_reference(self.checkpoint, role="other")

    def begin(self, questions: Sequence[str]) -> None:
        """Let the checkpoint read the questions."""
        assert self._reference is not None
        self._reference.begin(questions)

    def trajectory_displacement(self, latents: Tensor) -> Tensor:
        """See the class."""
        assert self._reference is not None
        return self._reference.thought().to(latents) - latents

    def end(self) -> None:
        """Let it forget them."""
        assert self._reference is not None
        self._reference.end()
