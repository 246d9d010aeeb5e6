"""Reasoners and learned state go to a hub, the test's own, and come back from it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lightning_latent.cli import main
from lightning_latent.cli.push import stage
from lightning_latent.embedded import resolve
from lightning_latent.errors import UserError
from lightning_latent.reasoner import load_reasoner
from lightning_latent.refinement.exchange import LEARNED, load_learned, pulled, save_learned
from tests.commands import ROOT
from tests.hub import TOKEN, served
from tests.reasoner.hub import cache_model
from tests.refinement.models import make_data, make_map, make_module, make_trainer

SAMPLE = ["--data.validation.size=8", "--trainer.accelerator=cpu", "--trainer.devices=1", "--trainer.logger=false"]


@pytest.fixture
def fitted(saved: Path, tmp_path: Path) -> Path:
    """The folder of a run that has learned a map."""
    run = tmp_path / "run"
    module = make_module(saved, learn=make_map())
    trainer = make_trainer(run, enable_checkpointing=True, limit_val_batches=0)
    trainer.fit(module, make_data())
    (run / "checkpoints").mkdir(exist_ok=True)
    trainer.save_checkpoint(run / "checkpoints" / "last.ckpt")
    (run / "config.yaml").write_text("seed_everything: 0\n")
    return run


def command(*args: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HOME": str(cwd / "hf"), **environment}
    run = [sys.executable, "-m", "lightning_latent", *args]
    return subprocess.run(run, cwd=cwd, env=surroundings, capture_output=True, text=True)


@pytest.mark.slow
def test_what_is_pushed_is_pulled_by_the_hubs_id(tmp_path: Path) -> None:
    config = ["--config", "embedded:quickstart", "--config", "embedded:methods/map"]
    with served() as hub:
        there = {"HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1"}
        done = command("push", resolve("embedded:final"), "me/reasoner", "--private", cwd=tmp_path, **there)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith(
            f"is at {hub.address}/me/reasoner; take it from there by --model.reasoner me/reasoner\n"
        )
        assert {"config.json", "model.safetensors", "tokenizer.json"} <= hub.files["me/reasoner"].keys()
        assert hub.private == {"me/reasoner": True}

        few = ["--data.train.size=64", "--data.validation.size=8", "--trainer.max_epochs=1", *SAMPLE[1:3]]
        done = command("fit", *config, "--model.reasoner=me/reasoner", *few, cwd=tmp_path, **there)
        assert done.returncode == 0, done.stderr
        done = command("push", "runs/quickstart/map", "me/learned", cwd=tmp_path, **there)
        assert done.returncode == 0, done.stderr
        assert hub.files["me/learned"].keys() == {LEARNED, "README.md", "config.yaml"}
        assert not hub.private["me/learned"]

        own = ["validate", *config, *SAMPLE, "--model.reasoner=me/reasoner"]
        done = command(*own, "--ckpt_path=me/learned", "--trainer.default_root_dir=pulled", cwd=tmp_path, **there)
        assert done.returncode == 0, done.stderr
        last = "runs/quickstart/map/checkpoints/last.ckpt"
        done = command(*own, f"--ckpt_path={last}", "--trainer.default_root_dir=own", cwd=tmp_path, **there)
        assert done.returncode == 0, done.stderr
        depends = [
            (tmp_path / run / "run.json").read_text().partition('"learned state"')[2] for run in ("pulled", "own")
        ]
        assert depends[0].splitlines()[0] == depends[1].splitlines()[0] != ""

        for name, token, said in (
            ("other/reasoner", TOKEN, "other/reasoner: the hub refuses it (403: You don't have the rights"),
            (
                "me/reasoner",
                "hf_of_nobody",
                "me/reasoner: the hub refuses it (401: Invalid username or password.)",
            ),
            ("me/re:asoner", TOKEN, "me/re:asoner: no name of a repository ("),
        ):
            done = command("push", "runs/quickstart/map", name, cwd=tmp_path, **{**there, "HF_TOKEN": token})
            assert (done.returncode, done.stderr.count("\n")) == (2, 1) and done.stderr.startswith(f"error: {said}")
        done = command(*own, "--ckpt_path=me/nothing", cwd=tmp_path, **there)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "me/nothing" in done.stderr


def test_offline_or_without_a_token_nothing_begins(tmp_path, monkeypatch, capsys):
    for offline, said in ((True, "HF_HUB_OFFLINE is set"), (False, "log in by `hf auth login`, or set HF_TOKEN")):
        monkeypatch.setattr("lightning_latent.cli.push.is_offline_mode", lambda offline=offline: offline)
        monkeypatch.setattr("lightning_latent.cli.push.get_token", lambda: None)
        with pytest.raises(SystemExit) as exit_:
            main(["push", str(tmp_path), "me/x"])
        error = capsys.readouterr().err
        assert exit_.value.code == 2 and error.count("\n") == 1 and said in error


def test_a_hub_that_cannot_be_reached_is_one_line(tmp_path):
    there = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0", "HF_TOKEN": TOKEN}
    done = command("push", resolve("embedded:final"), "me/reasoner", cwd=tmp_path, **there)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("error: me/reasoner: the hub cannot be reached (")


def test_a_folder_that_holds_neither_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"neither a reasoner \(config.json and .+ nor a run that has learned"):
        stage(tmp_path, tmp_path)


def test_only_what_holds_no_code_is_uploaded(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(resolve("embedded:final"), source)
    (source / "modeling.py").write_text("raise SystemExit\n")
    (source / "pytorch_model.bin").write_bytes(b"")
    target.mkdir()
    assert stage(source, target) == "--model.reasoner"
    assert {file.name for file in source.iterdir()} - {file.name for file in target.iterdir()} == {
        "modeling.py",
        "pytorch_model.bin",
    }
    assert load_reasoner(str(target)).num_latents == 12


def test_learned_state_goes_there_and_back_bit_by_bit(fitted, tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    assert stage(fitted, target) == "--ckpt_path"
    assert {file.name for file in target.iterdir()} == {LEARNED, "README.md", "config.yaml"}
    content = torch.load(fitted / "checkpoints" / "last.ckpt", weights_only=True)
    again = load_learned(target / LEARNED)
    assert again["state_dict"].keys() == content["state_dict"].keys() == load_file(target / LEARNED).keys()
    assert all(torch.equal(value, content["state_dict"][name]) for name, value in again["state_dict"].items())
    assert again["latent_refinement"] == content["latent_refinement"]

    cache_model(target, "me/cached")
    path = pulled("me/cached")
    assert torch.load(path, weights_only=True)["latent_refinement"] == content["latent_refinement"]
    assert pulled("me/cached") == path
    cache_model(Path(resolve("embedded:final")), "me/whole")
    with pytest.raises(UserError, match=r"--ckpt_path me/whole: the repository has no learned\.safetensors"):
        pulled("me/whole")


def test_paths_of_this_machine_stay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("some").mkdir()
    Path("some/file").write_text("")
    for path in (None, "some/file", "runs/none.ckpt", "a/b/c"):
        assert pulled(path) == path
    with pytest.raises(UserError, match="no model at 'some/other'"):
        pulled("some/other")


def test_what_is_no_learned_state_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds nothing that LatentRefinement has learned"):
        save_learned({"state_dict": {}}, tmp_path / LEARNED)
    (tmp_path / LEARNED).write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"learned\.safetensors: not what push writes of a refinement \(Safetensor"):
        load_learned(tmp_path / LEARNED)
    shutil.copy(Path(resolve("embedded:final")) / "model.safetensors", tmp_path / LEARNED)
    with pytest.raises(UserError, match="not what push writes of a refinement"):
        load_learned(tmp_path / LEARNED)
