"""What fit may learn: the contract of everything that all questions share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Self

from torch import Tensor, nn

from lightning_latent.reasoner.reasoner import LatentReasoner


class Learned(nn.Module, ABC):
    """Few numbers that all questions share, learned by `fit` with the language model frozen.

    A subclass makes its parameters in `build` and does its work in one of the other methods; the rest leaves everything
    as it is. Its parameters are all that a checkpoint holds, so they must not depend on anything but the reasoner. It
    starts as a method that changes nothing. Name one of your own in `model.learn` by its class path.

    Legend: B batch, T latents, D hidden size.
    """

    @abstractmethod
    def build(self, reasoner: LatentReasoner) -> Self:
        """Make the parameters for a frozen reasoner, once: it knows T, D and its type; give back oneself.

        Parameters are of the reasoner's type, but at least of single precision.
        """

    @property
    @abstractmethod
    def is_identity(self) -> bool:
        """Whether it changes nothing, as before it has learned."""

    def forward(self, step: int, fed: Sequence[Tensor], latent: Tensor) -> Tensor:
        """Correct the latents `[B, D]` of a step from 0, given those that were fed at the steps before."""
        return latent

    def pace(self, steps: int | slice, update: Tensor) -> Tensor:
        """How far to go along what callbacks would move: of one step `[B, D]`, or of a slice of steps `[B, T, D]`."""
        return update

    def aside(self) -> AbstractContextManager[None]:
        """While it lasts the reasoner is the unrefined one; for what is learned within its weights."""
        return nullcontext()


def unrefined(learned: Learned | None, *, plain: bool = True) -> AbstractContextManager[None]:
    """While it lasts, and where `plain`, the reasoner is the unrefined one, whatever is learned."""
    return learned.aside() if plain and learned is not None else nullcontext()
