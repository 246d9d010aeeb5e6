"""A module and data for tests of what surrounds a model: no language model, milliseconds a step."""

import errno
import json
import os
import signal
from pathlib import Path
from typing import Literal

import lightning.pytorch as L
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from lightning_latent.errors import UserError


class BoringModule(L.LightningModule):
    """Fits one number, and says where it has been.

    Args:
        learning_rate: Of plain gradient descent.
        log: A file that gets a line for each hook that matters to a test.
        fail: What to raise in the first step.
        fail_rank: The process that raises it; -1 for all.
    """

    def __init__(
        self,
        *,
        learning_rate: float = 0.5,
        log: str | None = None,
        fail: Literal["no", "user", "worker", "interrupt", "crash", "killed"] = "no",
        fail_rank: int = -1,
    ) -> None:
        super().__init__()
        if fail_rank < -1:
            raise UserError(f"model.fail_rank is {fail_rank}; it must be -1 or more")
        self.save_hyperparameters()
        self.learning_rate = learning_rate
        self.log_path = log
        self.fail = fail
        self.fail_rank = fail_rank
        self.number = nn.Parameter(torch.zeros(()))

    def configure_model(self) -> None:
        self.say(event="model loads", learning_rate=self.learning_rate)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=self.learning_rate)

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.maybe_fail()
        return (self.number - batch.mean()) ** 2

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        self.maybe_fail()
        self.say(event="validation", number=self.number.item(), gradients=not torch.is_inference_mode_enabled())

    def test_step(self, batch: Tensor, batch_idx: int) -> None:
        self.say(event="test", number=self.number.item(), learning_rate=self.learning_rate)

    def predict_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        return batch + self.number

    def maybe_fail(self) -> None:
        if self.fail_rank in (-1, self.global_rank):
            match self.fail:
                case "user":
                    raise UserError("the input is bad:\n  mend it")
                case "worker":
                    raise UserError("Caught it.\nTraceback\nlightning_latent.errors.UserError: row 3 is bad")
                case "interrupt":
                    raise KeyboardInterrupt
                case "crash":
                    raise RuntimeError("a bug")
                case "killed":
                    os.kill(os.getpid(), signal.SIGKILL)

    def say(self, **record: object) -> None:
        if self.log_path is not None:
            with Path(self.log_path).open("a") as file:
                file.write(json.dumps({"rank": os.environ.get("LOCAL_RANK", "0"), **record}) + "\n")


class BoringData(L.LightningDataModule):
    """A few batches of one number each."""

    def __init__(self, *, batches: int = 2) -> None:
        super().__init__()
        self.batches = batches

    def train_dataloader(self) -> DataLoader:
        return DataLoader(torch.ones(self.batches, 1))

    val_dataloader = test_dataloader = predict_dataloader = train_dataloader


class StopAt(L.Callback):
    """Ends the run as a crash would."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(self, trainer, *arguments):
        if trainer.global_step == self.step:
            raise KeyboardInterrupt


class SignalAt(L.Callback):
    """Asks this process to stop while it is at a batch.

    Args:
        signum: The signal.
        batch: Its number, from 0.
    """

    def __init__(self, signum: int, *, batch: int = 1) -> None:
        self.signum = signum
        self.batch = batch

    def _ask(self, trainer, module, batch, batch_idx, *_):
        if batch_idx == self.batch:
            os.kill(os.getpid(), self.signum)

    on_train_batch_start = on_validation_batch_start = _ask


class FullDisk(L.Callback):
    """Finds no room after the first batch."""

    def on_train_batch_end(self, *arguments):
        raise OSError(errno.ENOSPC, "No space left on device", "runs/some.file")
