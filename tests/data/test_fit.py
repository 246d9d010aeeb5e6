"""The data module inside a real trainer: epochs, validation and resumption."""

import contextlib
import warnings
from dataclasses import replace

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from lightning_latent.data import LatentDataModule, ProsQA
from lightning_latent.data.streaming import row_source
from lightning_latent.data.streaming.row_source import open_file
from tests.boring import StopAt

from .conftest import prosqa_rows


class Listener(L.LightningModule):
    """Writes down what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.seen: dict[int, list[list[str]]] = {}
        self.validated: list[str] = []

    def training_step(self, batch, batch_idx):
        self.seen.setdefault(self.current_epoch, []).append([example.id for example in batch])
        return self.weight * len(batch)

    def validation_step(self, batch, batch_idx):
        self.validated += [example.id for example in batch]

    def predict_step(self, batch, batch_idx):
        return [example.id for example in batch]

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)


def trainer(path, *callbacks, **arguments) -> L.Trainer:
    settings = {"max_epochs": 3, "accelerator": "cpu", "logger": False, "enable_progress_bar": False}
    return L.Trainer(
        default_root_dir=path, callbacks=list(callbacks), enable_model_summary=False, **{**settings, **arguments}
    )


def run(path, data, *callbacks, ckpt_path=None, **arguments) -> dict[int, list[list[str]]]:
    model = Listener()
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        trainer(path, *callbacks, **arguments).fit(model, data, ckpt_path=ckpt_path, weights_only=True)
    return model.seen


@pytest.fixture
def make(write_rows):
    train, validation = write_rows("train.jsonl", prosqa_rows(11)), write_rows("valid.jsonl", prosqa_rows(5))

    def module(**arguments) -> LatentDataModule:
        settings = {
            "train": train,
            "validation": validation,
            "batch_size": 2,
            "eval_batch_size": 2,
            "shuffle_buffer": 5,
        }
        return LatentDataModule(benchmark=ProsQA(), **{**settings, **arguments})

    return module


# After an epoch, after two batches of the second, after two epochs.
@pytest.mark.parametrize(("step", "streaming", "workers"), [(6, True, 0), (8, True, 2), (8, False, 0), (12, False, 2)])
def test_resuming_continues_with_the_next_example(tmp_path, make, streaming, workers, step):
    whole = run(tmp_path / "whole", make(streaming=streaming))
    assert [len(batches) for batches in whole.values()] == [6, 6, 6]
    assert len({str(batches) for batches in whole.values()}) == 3

    saving = ModelCheckpoint(tmp_path / "saved", filename="{step}", every_n_train_steps=1, save_top_k=-1)
    before = run(tmp_path / "a", make(streaming=streaming, num_workers=workers), saving, StopAt(step + 1))
    saved = str(tmp_path / "saved" / f"step={step}.ckpt")
    after = run(tmp_path / "b", make(streaming=streaming, num_workers=workers), ckpt_path=saved)
    flat = [batch for batches in whole.values() for batch in batches]
    assert [batch for batches in before.values() for batch in batches] == flat[: step + 1]
    assert [batch for batches in after.values() for batch in batches] == flat[step:]


def test_resuming_after_validation_starts_the_next_epoch(tmp_path, make):
    whole = run(tmp_path / "whole", make())
    saving = ModelCheckpoint(tmp_path / "saved", filename="{epoch}", save_top_k=-1)
    run(tmp_path / "a", make(), saving, max_epochs=2)
    after = run(tmp_path / "b", make(), ckpt_path=str(tmp_path / "saved" / "epoch=0.ckpt"))
    assert after == {1: whole[1], 2: whole[2]}


def test_validation_within_an_epoch_does_not_disturb_it(tmp_path, make):
    assert run(tmp_path / "a", make(), val_check_interval=2) == run(tmp_path / "b", make())


def test_evaluation_is_whole_and_in_order(tmp_path, make):
    model = Listener()
    trainer(tmp_path).validate(model, make(num_workers=2), verbose=False)
    assert model.validated == [f"prosqa/valid/{n}" for n in range(5)]
    data = make(test=make().validation)
    predicted = [name for batch in trainer(tmp_path).predict(model, data) for name in batch]
    assert predicted == model.validated


def test_fit_needs_no_validation(tmp_path, make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(run(tmp_path, make(validation=None))) == 3


def test_overfitting_repeats_the_same_batches(tmp_path, make):
    seen = run(tmp_path, make(), overfit_batches=2)
    assert seen[0] == seen[1] == [["prosqa/train/0", "prosqa/train/1"], ["prosqa/train/2", "prosqa/train/3"]]


@pytest.mark.filterwarnings("ignore:The number of training examples")
def test_the_order_of_an_epoch_needs_no_length(tmp_path, make, monkeypatch):
    """Lightning fetches a batch ahead where it knows no length; still each epoch has its own order."""
    whole = run(tmp_path / "sized", make())
    unsized = lambda path, streaming: replace(open_file(path, streaming=streaming), size=None)  # noqa: E731
    monkeypatch.setattr(row_source, "open_file", unsized)
    assert run(tmp_path / "unsized", make(num_workers=2)) == whole
