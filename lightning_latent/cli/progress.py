"""Which way of showing progress a command has: a bar in a terminal, lines elsewhere."""

from collections.abc import Sequence

from lightning.pytorch import Callback
from lightning.pytorch.callbacks import ProgressBar

from lightning_latent.callbacks.progress import ProgressBarWithoutVersion, ProgressLines


def with_own_progress(callbacks: Sequence[Callback], *, given: Sequence[Callback], terminal: bool) -> list[Callback]:
    """A trainer's callbacks with a bar or lines of our own in the place of the bar that the trainer has made itself.

    Args:
        callbacks: Of the trainer; without a bar, as `trainer.enable_progress_bar: false` has it, they stay.
        given: Those that the config names, a bar among them being what is wanted.
        terminal: Whether the output is one.
    """
    own = ProgressBarWithoutVersion if terminal else ProgressLines
    made = [c for c in callbacks if isinstance(c, ProgressBar) and not any(c is one for one in given)]
    return [own() if any(c is one for one in made) else c for c in callbacks]
