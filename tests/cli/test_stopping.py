"""Asked to stop, a command ends between two batches, keeps what is done, and says how to go on."""

import signal
import sys
import time
from pathlib import Path

import pytest
import yaml

from lightning_latent.cli import main
from lightning_latent.cli.exits import exit_codes
from lightning_latent.cli.stopping import PATIENCE_SECONDS, go_on
from tests.cli.test_latent_cli import BORING

SIGNALS = [
    pytest.param(signal.SIGTERM, 143, "SIGTERM", id="SIGTERM"),
    pytest.param(signal.SIGINT, 130, "Ctrl-C", id="C"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])


def ended(command: str, callback: dict | None, *flags: str) -> int:
    config = {**BORING, "data": {**BORING["data"], "init_args": {"batches": 4}}}
    config["trainer"] = {**BORING["trainer"], "callbacks": [callback] if callback else []}
    Path("boring.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(SystemExit) as exit_:
        main([command, "--config", "boring.yaml", "--trainer.logger.version", "a", *flags])
    return int(exit_.value.code or 0)


def at(signum: int) -> dict:
    return {"class_path": "tests.boring.SignalAt", "init_args": {"signum": int(signum)}}


@pytest.mark.parametrize(("signum", "code", "name"), SIGNALS)
def test_a_fit_leaves_a_checkpoint_and_goes_on_from_it(signum, code, name, capfd) -> None:
    before = signal.getsignal(signum)
    assert ended("fit", at(signum)) == code
    stopped = "runs/boring/a/checkpoints/stopped.ckpt"
    assert capfd.readouterr().err.splitlines()[-1] == f"stopped by {name}; go on with --ckpt_path {stopped}"
    assert signal.getsignal(signum) == before
    Path("boring.yaml").write_text(yaml.safe_dump(BORING))
    main(["fit", "--config", "boring.yaml", "--trainer.logger.version", "a", "--ckpt_path", stopped])
    assert not Path(stopped).exists()  # the run is whole


@pytest.mark.parametrize(("signum", "code", "name"), SIGNALS)
def test_an_evaluation_goes_on_where_it_stopped(signum, code, name, capfd) -> None:
    assert ended("validate", at(signum)) == code
    last = capfd.readouterr().err.splitlines()[-1]
    assert last == f"stopped by {name}; run the command again to go on where it stopped"


def test_outside_of_batches_it_stops_at_once(capfd) -> None:
    started = time.monotonic()
    with pytest.raises(SystemExit) as exit_, exit_codes():
        signal.raise_signal(signal.SIGTERM)
        time.sleep(2 * PATIENCE_SECONDS)
    assert exit_.value.code == 143 and time.monotonic() - started < PATIENCE_SECONDS
    assert capfd.readouterr().err == "stopped by SIGTERM; run the command again\n"


def test_a_full_disk_is_told_and_how_to_go_on(capfd) -> None:
    assert ended("fit", {"class_path": "tests.boring.FullDisk"}) == 2
    errors = [line for line in capfd.readouterr().err.splitlines() if "rror" in line or "Traceback" in line]
    assert len(errors) == 1 and errors[0].startswith("error: runs/some.file: the disk is full"), errors
    assert "run" in errors[0].partition("; then ")[2]


def test_how_to_go_on_depends_on_what_is_there(tmp_path: Path) -> None:
    assert go_on(tmp_path / "a", subcommand="test").startswith("run the command again to go on")
    assert go_on(tmp_path / "a", subcommand="fit") == "run the command again"
    (tmp_path / "a").mkdir()
    assert f"remove {tmp_path / 'a'}" in go_on(tmp_path / "a", subcommand="fit")
    (tmp_path / "a" / "checkpoints").mkdir()
    (tmp_path / "a" / "checkpoints" / "last.ckpt").touch()
    assert go_on(tmp_path / "a", subcommand="fit").endswith("last.ckpt")
