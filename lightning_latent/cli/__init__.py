"""The command line: `python train.py fit|validate|test|predict|compare|sweep|import|doctor`."""

from lightning_latent.cli.latent_cli import LatentCLI
from lightning_latent.cli.main import main

__all__ = ["LatentCLI", "main"]
