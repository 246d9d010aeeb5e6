from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lightning_latent.callbacks import Predictions
from lightning_latent.cli.ending import exported_to, next_step, outcome, place
from lightning_latent.data import LatentDataModule, ProsQA
from lightning_latent.evaluation import PromptedModel
from lightning_latent.training import ExportReasoners


def trainer(*callbacks: object, **attributes: Any) -> Any:
    """What is asked of a trainer that has run."""
    usual: dict[str, Any] = {
        "log_dir": "runs/a/b",
        "fast_dev_run": False,
        "lightning_module": PromptedModel(path="none"),
    }
    usual |= {"current_epoch": 5, "callback_metrics": {"train/loss": 3.76}}
    return SimpleNamespace(**{"callbacks": list(callbacks), "checkpoint_callback": None, **usual, **attributes})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.chdir(tmp_path)
    run = Path("runs/a/b")
    run.mkdir(parents=True)
    (run / "config.yaml").touch()
    return run


def test_a_training_names_its_reasoners_and_the_command_that_examines_them(folder: Path) -> None:
    ran = trainer(ExportReasoners())
    assert exported_to(ran, subcommand="fit") == folder / "reasoners"
    assert place(ran, folder, subcommand="fit") == "the reasoners are in runs/a/b/reasoners"
    model: Any = SimpleNamespace(metadata=lambda: SimpleNamespace(num_latents=6))
    said = next_step(ran, model, None, folder, subcommand="fit", named=True)
    assert said is not None and "train.py doctor --config runs/a/b/config.yaml" in said
    assert said.endswith("--model.reasoner runs/a/b/reasoners/final")
    assert exported_to(ran, subcommand="validate") is None  # which trains nothing


def test_accuracy_comes_before_loss(folder: Path) -> None:
    answered = Predictions()
    assert outcome(trainer(answered), subcommand="fit").startswith("5 epochs are done, train/loss 3.76; no question")
    about = {
        "method": "map",
        "accuracy": 0.5,
        "accuracy_ci95": [0.4, 0.6],
        "n": 9,
        "benchmark": "prosqa",
        "split": "test",
    }
    answered.summary = about
    assert outcome(trainer(answered), subcommand="fit").startswith("map: 50.0 % [40.0, 60.0] of 9 questions right")


def test_where_there_are_no_test_questions_validation_comes_next(folder: Path) -> None:
    for data, split in ((LatentDataModule(benchmark=ProsQA()), "validate"), (None, "test")):
        said = next_step(trainer(), SimpleNamespace(), data, folder, subcommand="fit", named=True)
        assert said == f"next: python train.py {split} --config runs/a/b/config.yaml"


def test_nothing_comes_next_where_nothing_was_written(folder: Path) -> None:
    model: Any = SimpleNamespace()
    assert next_step(trainer(), model, None, None, subcommand="test", named=True) is None
    assert next_step(trainer(fast_dev_run=True), model, None, folder, subcommand="test", named=True) is None
    assert place(trainer(), folder, subcommand="fit") == "the run is in runs/a/b"
    (folder / "events.out.tfevents.1").touch()
    assert place(trainer(), folder, subcommand="fit") == "the run is in runs/a/b (tensorboard --logdir runs/a/b)"
    assert place(trainer(), folder, subcommand="test") is None
