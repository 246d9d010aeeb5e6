"""Refine the latent thoughts of a frozen language model with PyTorch Lightning.

The names that most people need are here: `from lightning_latent import load_reasoner`. Each is imported when it is
first asked for, so that the package itself takes no time. Everything else is in the subpackage that it belongs to.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightning_latent.callbacks import ContrastiveFeedback, Predictions, ResidualBlending, SymmetricViews
    from lightning_latent.data import BalancedProsQA, LatentDataModule, ProsQA
    from lightning_latent.reasoner import load_reasoner
    from lightning_latent.refinement import LatentMap, LatentRefinement

__version__ = "0.1.0"

__all__ = [
    "BalancedProsQA",
    "ContrastiveFeedback",
    "LatentDataModule",
    "LatentMap",
    "LatentRefinement",
    "Predictions",
    "ProsQA",
    "ResidualBlending",
    "SymmetricViews",
    "load_reasoner",
]

_HOMES = {
    "callbacks": ("ContrastiveFeedback", "Predictions", "ResidualBlending", "SymmetricViews"),
    "data": ("BalancedProsQA", "LatentDataModule", "ProsQA"),
    "reasoner": ("load_reasoner",),
    "refinement": ("LatentMap", "LatentRefinement"),
}


if not TYPE_CHECKING:  # or type checkers would take any name to be there

    def __getattr__(name: str) -> Any:
        for home, names in _HOMES.items():
            if name in names:
                return getattr(import_module(f"{__name__}.{home}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
