"""Reasoners and learned state go to a hub, the test's own, and come back from it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lightning_latent.cli import main
from lightning_latent.cli.push import stage, upload
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


# Runs commands one after the other in one process, which saves importing everything again.
SCRIPT = """
import contextlib, io, json, os, sys
from lightning_latent.cli import main
sys.argv, asked = ["lightning-latent"], json.loads(sys.argv[1])
said = []
for token, arguments in asked:
    os.environ["HF_TOKEN"] = token
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code
    said.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(said))
"""


def run(commands: list[tuple[str, list[str]]], *, cwd: Path, endpoint: str) -> list[tuple[int, str, str]]:
    """Carry out commands with tokens against a hub, and give exit codes, what they print and what they complain of."""
    there = {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(cwd / "hf")}
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **there}
    call = [sys.executable, "-c", SCRIPT, json.dumps(commands)]
    done = subprocess.run(call, cwd=cwd, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_what_is_pushed_is_pulled_by_the_hubs_id(tmp_path: Path) -> None:
    config = ["--config", "embedded:quickstart", "--config", "embedded:methods/map", "--model.reasoner=me/reasoner"]
    few = ["--data.train.size=64", "--trainer.max_epochs=1", *SAMPLE[:3]]
    own = ["validate", *config, *SAMPLE]
    learned = "runs/quickstart/map"
    wanted = [
        ["push", resolve("embedded:final"), "me/reasoner", "--private"],
        ["fit", *config, *few],
        ["push", learned, "me/learned"],
        [*own, "--ckpt_path=me/learned", "--trainer.default_root_dir=pulled"],
        [*own, f"--ckpt_path={learned}/checkpoints/last.ckpt", "--trainer.default_root_dir=own"],
    ]
    refused = [
        (
            TOKEN,
            ["push", learned, "other/reasoner"],
            "other/reasoner: the hub refuses it (403: You don't have the rights",
        ),
        (
            "hf_of_nobody",
            ["push", learned, "me/map"],
            "me/map: the hub refuses it (401: Invalid username or password.)",
        ),
        (TOKEN, ["push", learned, "me/re:asoner"], "me/re:asoner: no name of a repository ("),
        (TOKEN, [*own, "--ckpt_path=me/nothing"], "no model at 'me/nothing'"),
    ]
    commands = [(TOKEN, arguments) for arguments in wanted] + [(token, arguments) for token, arguments, _ in refused]
    with served() as hub:
        said = run(commands, cwd=tmp_path, endpoint=hub.address)
    assert [code for code, _, _ in said[: len(wanted)]] == [0] * len(wanted), said
    assert said[0][1].endswith(
        f" is at {hub.address}/me/reasoner; take it from there by --model.reasoner me/reasoner\n"
    )
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= hub.files["me/reasoner"].keys()
    assert hub.files["me/learned"].keys() == {LEARNED, "README.md", "config.yaml"}
    assert hub.private == {"me/reasoner": True, "me/learned": False}
    about = [json.loads((tmp_path / run / "run.json").read_text()) for run in ("pulled", "own")]
    assert about[0]["depends_on"] == about[1]["depends_on"] and about[0]["depends_on"]["learned state"]
    for (_, _, message), (code, _, error) in zip(refused, said[len(wanted) :], strict=True):
        assert code == 2 and error.startswith(f"error: {message}") and error.count("\n") == 1


def test_offline_or_without_a_token_nothing_begins(tmp_path, monkeypatch, capsys):
    for offline, said in ((True, "HF_HUB_OFFLINE is set"), (False, "log in by `hf auth login`, or set HF_TOKEN")):
        monkeypatch.setattr("lightning_latent.cli.push.is_offline_mode", lambda offline=offline: offline)
        monkeypatch.setattr("lightning_latent.cli.push.get_token", lambda: None)
        with pytest.raises(SystemExit) as exit_:
            main(["push", str(tmp_path), "me/x"])
        error = capsys.readouterr().err
        assert exit_.value.code == 2 and error.count("\n") == 1 and said in error


def test_a_hub_that_cannot_be_reached_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"^me/reasoner: the hub cannot be reached \(.+\); try again$"):
        upload(tmp_path, "me/reasoner", private=False)  # tests are offline


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
