from pathlib import Path

import pytest

from lightning_latent.cli import closing
from lightning_latent.cli.closing import after_evaluation, after_fit, after_training, command


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.setattr(closing, "REFINE", "configs/refine.yaml")
    monkeypatch.chdir(tmp_path)


def make(*files: str) -> None:
    for file in files:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text("{}")


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("train.py", "python train.py"),
        ("/usr/bin/lightning-latent", "lightning-latent"),
        ("/x/lightning_latent/__main__.py", "python -m lightning_latent"),
    ],
)
def test_a_command_begins_as_this_one_was_started(name: str, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", [name])
    assert command("test", "--model.method", "my way") == f"{program} test --model.method 'my way'"


def test_runs_beside_each_other_are_compared_and_a_single_one_is_examined() -> None:
    make("runs/a/coconut/test/run.json", "runs/a/coconut/test/config.yaml")
    folder = Path("runs/a/coconut/test")
    assert after_evaluation(folder, examined=True) == (
        "next, whether it thinks: python train.py doctor --config runs/a/coconut/test/config.yaml"
    )
    assert after_evaluation(folder, examined=False) == "next: python train.py compare runs/a/coconut/test OTHER_RUN"
    make("runs/a/paper/test/run.json")
    assert after_evaluation(folder, examined=True) == "next: python train.py compare runs/a/*/test"


def test_what_was_learned_is_named_where_the_config_does_not_find_it() -> None:
    folder, checkpoint = Path("runs/a/map"), "runs/a/map/checkpoints/epoch=2.ckpt"
    assert after_fit(folder, split="test", named=True, checkpoint=None) is None  # nothing was written
    make("runs/a/map/config.yaml", checkpoint)
    plain = "next: python train.py test --config runs/a/map/config.yaml"
    assert after_fit(folder, split="test", named=True, checkpoint=checkpoint) == f"{plain} --ckpt_path {checkpoint}"
    make("runs/a/map/checkpoints/last.ckpt")
    assert after_fit(folder, split="test", named=True, checkpoint=checkpoint) == plain
    assert after_fit(folder, split="test", named=False, checkpoint=checkpoint) == f"{plain} --ckpt_path {checkpoint}"
    assert "train.py validate --config" in str(after_fit(folder, split="validate", named=True, checkpoint=None))


def test_a_trained_reasoner_is_examined_and_one_without_thoughts_answers() -> None:
    make("runs/a/coconut/config.yaml")
    folder, final = Path("runs/a/coconut"), Path("runs/a/coconut/reasoners/final")
    rest = f"--config {folder}/config.yaml --config configs/refine.yaml --model.reasoner {final}"
    thinks = after_training(folder, final, thinks=True, split="test")
    assert thinks == f"next, whether it thinks: python train.py doctor {rest}"
    assert after_training(folder, final, thinks=False, split="test") == f"next: python train.py test {rest}"
