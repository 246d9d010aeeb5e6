import re
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from lightning_latent.callbacks.progress import ProgressLines, fit_progress, progress_line, seconds_left
from tests.boring import BoringData, BoringModule


class Talking(BoringModule):
    """Shows a loss that tells its batch, and an accuracy at each validation."""

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        loss = super().training_step(batch, batch_idx)
        self.log("train/loss", 10.0 * self.current_epoch + batch_idx, prog_bar=True)
        return loss

    def on_validation_epoch_end(self) -> None:
        self.log("val/accuracy", 0.5 + 0.125 * self.current_epoch, prog_bar=True)


def trainer(path: Path, *callbacks: Callback, **options: Any) -> L.Trainer:
    quiet = {"logger": False, "enable_model_summary": False, "enable_checkpointing": False, "num_sanity_val_steps": 0}
    return L.Trainer(
        default_root_dir=path, accelerator="cpu", callbacks=list(callbacks), **{"max_epochs": 3, **quiet, **options}
    )


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [re.sub(r"\d:\d\d:\d\d", "TIME", line) for line in capsys.readouterr().out.splitlines()]


def test_an_epoch_is_a_line_with_its_mean_loss_and_its_own_validation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer(tmp_path, ProgressLines(), check_val_every_n_epoch=2).fit(Talking(), BoringData(batches=2))
    learned, *epochs = lines(capsys)
    assert learned == "1 of 1 numbers are learned"
    told = [re.sub(r", TIME left", "", line) for line in epochs]
    assert told == [
        "epoch 1 of 3: train/loss 0.5",
        "epoch 2 of 3: train/loss 10.5, val/accuracy 62.5 %",  # of the second epoch
        "epoch 3 of 3: train/loss 20.5",  # and not again in the third
    ]


def test_long_epochs_and_evaluations_have_lines_within(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = trainer(tmp_path, ProgressLines(every_seconds=1e-9), max_epochs=1)
    runs.fit(Talking(), BoringData(batches=3))
    told = [line.partition(":")[0] for line in lines(capsys)]
    assert told == [
        "1 of 1 numbers are learned",
        "epoch 1 of 1, batch 1 of 3",
        "epoch 1 of 1, batch 2 of 3",
        "validation, batch 1 of 3",
        "validation, batch 2 of 3",
        "epoch 1 of 1",
    ]
    runs.test(Talking(), BoringData(batches=3), verbose=False)
    told = [line.partition(":")[0] for line in lines(capsys)]
    assert told == ["test, batch 1 of 3", "test, batch 2 of 3"]
    runs.predict(Talking(), BoringData(batches=2))
    assert [line.partition(":")[0] for line in lines(capsys)] == ["predict, batch 1 of 2"]


def test_nothing_is_said_where_bars_are_switched_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silent = ProgressLines()
    runs = trainer(tmp_path, silent, max_epochs=1)
    silent.setup(runs, Talking(), "fit")
    silent.disable()
    runs.fit(Talking(), BoringData())
    assert lines(capsys) == []
    silent.enable()
    silent.print("a line")
    assert lines(capsys) == ["a line"]


def test_the_time_left_counts_from_where_this_command_began(tmp_path: Path) -> None:
    assert seconds_left(60.0, before=0.5, now=0.75) == 60.0
    assert seconds_left(60.0, before=0.0, now=1.0) == 0.0
    assert seconds_left(60.0, before=0.5, now=0.5) is None
    assert seconds_left(60.0, before=None, now=0.5) is None


@pytest.mark.parametrize(("options", "part"), [({"max_epochs": 4}, 0.125), ({"max_epochs": -1, "max_steps": 8}, 0.0)])
def test_the_part_of_a_fit_that_is_done(options: dict[str, int], part: float, tmp_path: Path) -> None:
    class Asked(Callback):
        found: float | None = None

        def on_train_batch_start(
            self, trainer: L.Trainer, module: L.LightningModule, batch: Any, batch_idx: int
        ) -> None:
            if self.found is None and batch_idx == (1 if options["max_epochs"] > 0 else 0):
                self.found = fit_progress(trainer, batches=batch_idx)
                trainer.should_stop = True

    asked = Asked()
    trainer(tmp_path, asked, enable_progress_bar=False, **options).fit(Talking(), BoringData(batches=2))
    assert asked.found == part


def test_a_loss_that_is_lost_is_seen() -> None:
    assert progress_line("epoch 1", {"train/loss": float("nan")}, seconds_left=None) == "epoch 1: train/loss nan"


def test_the_sum_of_learned_numbers_leaves_frozen_ones_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Frozen(Talking):
        def __init__(self) -> None:
            super().__init__()
            self.frozen = torch.nn.Linear(3, 2).requires_grad_(False)

    trainer(tmp_path, ProgressLines(), max_epochs=1).fit(Frozen(), BoringData())
    assert lines(capsys)[0] == "1 of 9 numbers are learned"
