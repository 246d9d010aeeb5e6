"""What the rest of the package may ask of a module that answers questions."""

from typing import Protocol, runtime_checkable

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.evaluation.answer import Answer
from lightning_latent.reasoner.identity import Identity


@runtime_checkable
class Answering(Protocol):
    """A module whose `validation_step`, `test_step` and `predict_step` return the answers of their batch.

    Attributes:
        method: The name of its way of answering, as it stands in tables.
        benchmark: How answers are read and judged.
        identities: Role to identity of the models at work.
        kept: Answers of an interrupted run by question id; they are given again without computing.
    """

    method: str
    benchmark: Benchmark
    identities: dict[str, Identity]
    kept: dict[str, Answer]

    def answer(self, batch: list[Example]) -> list[Answer]:
        """Answer some questions, in order."""
