"""What a run of a sweep shares with the others, and what plain Coconut leaves out."""

import sys
from pathlib import Path

import pytest

from lightning_latent.callbacks import Predictions, RandomDirection, SymmetricViews, TrajectoryInspection
from lightning_latent.cli.grid_point import GridPoint
from lightning_latent.evaluation.sharing import SharedReasoners
from lightning_latent.reasoner.loading import load_reasoner
from tests.commands import ROOT


@pytest.fixture(autouse=True)
def no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py"])


def build(method: str, *flags: str, plain: bool = False) -> GridPoint:
    files = (ROOT / "configs/quickstart.yaml", ROOT / f"configs/methods/{method}.yaml")
    arguments = [part for file in files for part in ("--config", str(file))]
    here = ["--trainer.accelerator=cpu", "--trainer.devices=1"]
    shared = SharedReasoners()
    return GridPoint([*arguments, *here, *flags], name="this", shared=shared, plain=plain, answer=False)


def kinds(point: GridPoint) -> set[type]:
    return {type(callback) for callback in point.trainer.callbacks}


def test_a_point_has_its_folder_and_what_answers() -> None:
    point = build("random")
    assert point.folder == Path("runs/quickstart/random/sweep/points/this/validate")
    assert point.sweep_folder == Path("runs/quickstart/random/sweep")
    assert {RandomDirection, Predictions} < kinds(point) and TrajectoryInspection not in kinds(point)
    again = build("random", "--trainer.logger.version", "random/validate")  # as a saved config names it
    assert again.sweep_folder == point.sweep_folder


def test_plain_coconut_leaves_out_what_refines() -> None:
    point = build("random", plain=True)
    assert Predictions in kinds(point) and not {RandomDirection, SymmetricViews} & kinds(point)
    assert point.datamodule.eval_batch_size == 250
    point = build("map", "--ckpt_path", "null", plain=True)
    assert point.model.learn is None


def test_plain_coconut_reads_as_many_questions_at_a_time_as_views() -> None:
    assert build("views").datamodule.eval_batch_size == 2000
    assert build("views", plain=True).datamodule.eval_batch_size == 100


def test_a_method_that_learns_has_a_model_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightning_latent.cli.latent_cli.check_checkpoint", lambda path, subcommand: None)
    assert build("random").model.load is not load_reasoner
    assert build("map", "--ckpt_path", "fitted.ckpt").model.load is load_reasoner
