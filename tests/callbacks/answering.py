"""A module that answers by rote, to see what callbacks do with answers, on one process or several."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.strategies import DDPStrategy
from torch.utils.data import DataLoader

from lightning_latent.callbacks import Predictions
from lightning_latent.data import ProsQA
from lightning_latent.data.example import Example
from lightning_latent.evaluation import Answer, AnsweringModule


def questions(n: int) -> list[Example]:
    return [Example(f"q-{i}", f"Is {i} odd?\nOr even?", (), "odd" if i % 2 else "even") for i in range(n)]


def batches(examples: Sequence[Example]) -> DataLoader:
    return DataLoader(examples, batch_size=2, collate_fn=list)


def loader(n: int = 13) -> DataLoader:
    return batches(questions(n))


def rote(example: Example) -> Answer:
    """Every third is wrong."""
    index = int(example.id.partition("-")[2])
    right = index % 3 != 1
    said = example.answer if right else "?"
    return Answer(example.id, example.question, example.answer, said, right, f"### {said}", 2 + index % 3, 4, 0.5)


class Rote(AnsweringModule):
    """Answers by rote.

    Args:
        method: Its name.
        size: An option that answers might depend on.
    """

    def __init__(self, *, method: str = "rote", size: int = 1) -> None:
        super().__init__(benchmark=ProsQA(), method=method)
        self.size = size
        self.dies_at_batch: int | None = None
        self.fails_at_batch: int | None = None
        self.notes: Path | None = None
        self.identities = {"base": {"path": "rote", "revision": None, "sha256": "0"}}
        self.asked: list[list[str]] = []
        self.weight = torch.nn.Parameter(torch.zeros(()))

    @property
    def answered(self) -> list[str]:
        return [id for batch in self.asked for id in batch]

    def warm_up(self, batch):
        """What is answered is counted."""

    def answer(self, batch: list[Example]) -> list[Answer]:
        if len(self.asked) == self.dies_at_batch:
            os.kill(os.getpid(), signal.SIGKILL)
        if len(self.asked) == self.fails_at_batch:
            raise KeyError("out of memory")
        self.asked.append([example.id for example in batch])
        return [rote(example) for example in batch]

    def teardown(self, stage: str) -> None:
        if self.notes is not None:
            (self.notes / str(self.global_rank)).write_text(" ".join(self.answered))

    def training_step(self, batch: list[Example], batch_idx: int) -> torch.Tensor:
        return self.weight**2 + self.weight

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def make_trainer(directory: Path, *callbacks: Callback, **options) -> Trainer:
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    quiet |= {"enable_model_summary": False, "accelerator": "cpu", "devices": 1}
    return Trainer(**{**quiet, **options}, callbacks=list(callbacks), default_root_dir=directory)


def forked(directory: Path, *, devices: int, stage: str, dies_at_batch: int | None = None) -> list[list[str]]:
    """Answer in processes of their own, which may be killed, and give the ids that each was asked for."""
    # Forked, which saves importing everything again; but not beside CUDA, which does not survive it.
    strategy = DDPStrategy(start_method="spawn" if torch.cuda.is_available() else "fork")
    module = Rote()
    module.dies_at_batch, module.notes = dies_at_batch, directory.with_suffix(".asked")
    module.notes.mkdir(parents=True, exist_ok=True)
    getattr(make_trainer(directory, Predictions(), devices=devices, strategy=strategy), stage)(module, loader())
    return [(module.notes / str(rank)).read_text().split() for rank in range(devices)]
