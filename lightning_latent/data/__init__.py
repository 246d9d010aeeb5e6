"""Benchmarks as streams of examples."""

from typing import TYPE_CHECKING

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.benchmarks.aqua_rat import AquaRat
from lightning_latent.data.benchmarks.gsm8k import GSM8K
from lightning_latent.data.benchmarks.mathqa import MathQA
from lightning_latent.data.benchmarks.prontoqa import ProntoQA
from lightning_latent.data.benchmarks.prosqa import ProsQA
from lightning_latent.data.benchmarks.strategyqa import StrategyQA
from lightning_latent.data.example import Example
from lightning_latent.data.prontoqa.balanced import BalancedProntoQA
from lightning_latent.data.prosqa.balanced import BalancedProsQA
from lightning_latent.data.prosqa.generated import GeneratedProsQA
from lightning_latent.data.streaming.source import ExampleSource

if TYPE_CHECKING:
    from lightning_latent.data.datamodule import LatentDataModule

__all__ = [
    "GSM8K",
    "AquaRat",
    "BalancedProntoQA",
    "BalancedProsQA",
    "Benchmark",
    "Example",
    "ExampleSource",
    "GeneratedProsQA",
    "LatentDataModule",
    "MathQA",
    "ProntoQA",
    "ProsQA",
    "StrategyQA",
]


def __getattr__(name: str) -> type:
    """Import the data module when it is asked for: it brings in Lightning, which takes seconds."""
    if name == "LatentDataModule":
        from lightning_latent.data.datamodule import LatentDataModule

        return LatentDataModule
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
