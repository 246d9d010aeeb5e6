"""What answers questions in validation, test and prediction, whatever its method: a Protocol, and the module of it."""

from abc import abstractmethod
from typing import Protocol, runtime_checkable

import lightning as L
import torch
from torchmetrics import MeanMetric

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer, verdicts
from lightning_latent.reasoner.identity import Identity


@runtime_checkable
class Answering(Protocol):
    """A module whose `validation_step`, `test_step` and `predict_step` return the answers of their batch.

    Attributes:
        method: The name of its way of answering, as it stands in tables.
        identities: Role to identity of the models at work.
        kept: Answers of an interrupted run by question id; they are given again without computing.
    """

    method: str
    identities: dict[str, Identity]
    kept: dict[str, Answer]

    @property
    def benchmark(self) -> Benchmark:
        """How answers are read and judged."""

    def answer(self, batch: list[Example]) -> list[Answer]:
        """Answer some questions, in order."""


class AnsweringModule(L.LightningModule):
    """Answers batches of questions and logs how many are right; a subclass says how to answer.

    It logs `val/accuracy` (or `test/accuracy`), which `ModelCheckpoint(monitor="val/accuracy")` can follow, and
    `val/tokens`, generated tokens a question.

    Args:
        benchmark: How answers are read and judged; the data module's benchmark if not given.
        method: The name of this way of answering, as it stands in tables.
    """

    def __init__(self, *, benchmark: Benchmark | None, method: str) -> None:
        super().__init__()
        self._judge = benchmark
        self.method = method
        self.identities: dict[str, Identity] = {}
        self.kept: dict[str, Answer] = {}
        self.accuracy, self.answer_tokens = MeanMetric(), MeanMetric()

    @abstractmethod
    def answer(self, batch: list[Example]) -> list[Answer]:
        """Answer some questions, in order; none of them is answered yet."""

    def warm_up(self, batch: list[Example]) -> None:
        """Answer a few questions beforehand, so that starting up is not timed."""
        self.answer(batch[:2])

    @property
    def benchmark(self) -> Benchmark:
        """How answers are read and judged; a `UserError` where neither the model nor the data names a benchmark."""
        if self._judge is None:
            raise UserError("no benchmark judges the answers; give data.benchmark")
        return self._judge

    def setup(self, stage: str) -> None:
        """Take the data's benchmark, before a model loads.

        Raises:
            UserError: Questions of one benchmark would be judged by another.
        """
        theirs = getattr(self.trainer.datamodule, "benchmark", None)  # type: ignore[attr-defined]
        if self._judge is not None and theirs is not None and type(self._judge) is not type(theirs):
            raise UserError(
                f"model.benchmark is {type(self._judge).__name__} and data.benchmark {type(theirs).__name__}: "
                "questions of one would be judged by the other; leave model.benchmark out"
            )
        self._judge = theirs or self._judge
        _ = self.benchmark

    def predict_step(self, batch: list[Example], batch_idx: int) -> list[Answer]:
        """Answer a batch; what is kept of an interrupted run is given again."""
        new = iter(self.answer([example for example in batch if example.id not in self.kept]))
        return [self.kept[example.id] if example.id in self.kept else next(new) for example in batch]

    # Lightning hands on whatever an evaluation step returns.
    def validation_step(self, batch: list[Example], batch_idx: int) -> list[Answer]:  # type: ignore[override]
        """Answer a batch, and count."""
        answers = self.predict_step(batch, batch_idx)
        self.accuracy.update(torch.tensor(verdicts(answers), dtype=torch.float32))
        self.answer_tokens.update(torch.tensor([float(answer.tokens) for answer in answers]))
        return answers

    test_step = validation_step  # type: ignore[assignment]

    def on_validation_epoch_end(self) -> None:
        """Log accuracy and tokens."""
        self._log("val")

    def on_test_epoch_end(self) -> None:
        """Log accuracy and tokens."""
        self._log("test")

    def _log(self, split: str) -> None:
        # Computed by every rank, also by one that had no question: the others wait for it.
        self.log(f"{split}/accuracy", self.accuracy.compute(), prog_bar=True, sync_dist=True)
        self.log(f"{split}/tokens", self.answer_tokens.compute(), sync_dist=True)
        self.accuracy.reset()
        self.answer_tokens.reset()
