"""A full disk leaves no part of a checkpoint."""

import pytest
import torch
from lightning.pytorch import Trainer

from lightning_latent.cli.whole_checkpoints import WholeCheckpoints, write_whole
from tests.test_io import limited


def test_what_is_saved_is_read_again(tmp_path):
    WholeCheckpoints().save_checkpoint({"state_dict": {"a": torch.ones(3)}}, tmp_path / "new" / "a.ckpt")
    assert torch.load(tmp_path / "new" / "a.ckpt", weights_only=True)["state_dict"]["a"].tolist() == [1, 1, 1]


def test_a_full_disk_keeps_the_checkpoint_before_and_no_part_of_the_new_one(tmp_path):
    path = tmp_path / "last.ckpt"
    WholeCheckpoints().save_checkpoint({"epoch": 1}, path)
    with limited(2000), pytest.raises(OSError, match=r"last\.ckpt"):
        WholeCheckpoints().save_checkpoint({"epoch": 2, "state_dict": {"a": torch.ones(10_000)}}, path)
    assert torch.load(path, weights_only=True) == {"epoch": 1} and list(tmp_path.iterdir()) == [path]


def test_a_trainer_saves_so(tmp_path):
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, default_root_dir=tmp_path)
    write_whole(trainer)
    assert type(trainer.strategy.checkpoint_io) is WholeCheckpoints
