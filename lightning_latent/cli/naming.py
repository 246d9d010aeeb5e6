"""A method's name, where a callback was added to what its config refines by."""

from collections.abc import Sequence

from lightning.pytorch import Callback

from lightning_latent.callbacks import ContrastiveFeedback, ResidualBlending, SymmetricViews
from lightning_latent.refinement.hooks import LatentCallback, QuestionCallback

_BY_KEY = (ContrastiveFeedback, ResidualBlending, SymmetricViews)


def full_name(method: str, callbacks: Sequence[Callback]) -> str:
    """The name of a method with those callbacks that it cannot have been given for.

    The configs that name a method refine by keys (`feedback`, `blending`, `views`) or list callbacks, not both. Where
    both refine, the listed ones were added, and a table must not show what they do as the paper's.

    Args:
        method: As the config names it.
        callbacks: Of the trainer.
    """
    refining = [c for c in callbacks if isinstance(c, LatentCallback | QuestionCallback) and c.active]
    added = [type(c).__name__ for c in refining if not isinstance(c, _BY_KEY)]
    if len(added) == len(refining):
        return method
    return " + ".join([method, *(name for name in added if name not in method)])
