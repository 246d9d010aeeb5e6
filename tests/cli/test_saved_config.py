"""What stands at the top of a saved config can be run."""

import shlex
import sys
from pathlib import Path

import pytest
import yaml

from lightning_latent.cli import main
from tests.cli.test_latent_cli import BORING

KEPT = {"class_path": "ModelCheckpoint", "init_args": {"save_last": True}}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    logger = {"class_path": "TensorBoardLogger", "init_args": {"name": "boring", "version": "a"}}
    trainer = {**BORING["trainer"], "logger": logger}
    Path("boring.yaml").write_text(yaml.safe_dump({**BORING, "trainer": trainer}))
    Path("kept.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": [KEPT]}}))


def offered(folder: str) -> dict[str, list[str]]:
    """The commands at the top of a folder's config, by what they are for, without the program's name."""
    lines = Path(folder, "config.yaml").read_text().splitlines()
    told = [line.removeprefix("# ").partition(": ") for line in lines if "train.py" in line]
    return {what: shlex.split(command)[2:] for what, _, command in told}


def test_a_fit_goes_on_from_what_it_keeps_and_is_repeated_elsewhere() -> None:
    main(["fit", "--config", "boring.yaml", "--config", "kept.yaml"])
    commands = offered("runs/boring/a")
    assert list(commands) == ["go on", "again"]
    main([*commands["go on"], "--trainer.max_epochs", "2"])
    main(["b" if word == "OTHER_FOLDER" else word for word in commands["again"]])
    assert Path("runs/boring/b/checkpoints/last.ckpt").exists()


def test_without_a_kept_state_there_is_nothing_to_go_on_from() -> None:
    main(["fit", "--config", "boring.yaml"])
    assert list(offered("runs/boring/a")) == ["again"]


def test_an_evaluation_goes_on_by_its_own_config() -> None:
    main(["test", "--config", "boring.yaml"])
    commands = offered("runs/boring/a/test")
    main(commands["go on"])
    main(["b" if word == "OTHER_FOLDER" else word for word in commands["again"]])
    assert Path("runs/boring/b/test/config.yaml").exists()
