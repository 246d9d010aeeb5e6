"""The command line: `python train.py fit|validate|test|predict|compare|sweep|import|doctor|push`."""

from typing import TYPE_CHECKING, Any

from lightning_latent.cli.main import main

if TYPE_CHECKING:
    from lightning_latent.cli.latent_cli import LatentCLI

__all__ = ["LatentCLI", "main"]


def __getattr__(name: str) -> Any:
    """Import `LatentCLI` when it is asked for: it takes seconds, which `--help` does without."""
    if name != "LatentCLI":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lightning_latent.cli.latent_cli import LatentCLI

    return LatentCLI
