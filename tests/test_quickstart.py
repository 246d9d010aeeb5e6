"""The commands of `make quickstart`, on a few questions."""

import json
import sys

import torch
import yaml

from lightning_latent.cli import main
from tests.commands import ROOT


def test_learn_a_map_then_compare_methods(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["train.py"])  # or Lightning warns of pytest's own arguments
    config = yaml.safe_load((ROOT / "configs/quickstart.yaml").read_text())
    for split, size in (("train", 128), ("validation", 60), ("test", 60)):
        config["data"]["init_args"][split]["init_args"]["size"] = size
    config["threads"] = 1  # tests run beside each other
    config["trainer"] |= {"limit_train_batches": 2, "enable_progress_bar": False, "accelerator": "cpu", "devices": 1}
    config["trainer"]["logger"]["init_args"]["save_dir"] = str(tmp_path)
    few = tmp_path / "few.yaml"
    few.write_text(yaml.safe_dump(config))

    main(["fit", "--config", str(few), "--config", "configs/methods/map.yaml"])
    run = tmp_path / "quickstart"
    state = torch.load(run / "map" / "checkpoints" / "last.ckpt", weights_only=True)
    assert state["state_dict"] and all(name.startswith("learn.") for name in state["state_dict"])
    assert list((run / "map").glob("events.out.tfevents.*"))
    assert len((run / "map" / "validate" / "predictions.jsonl").read_text().splitlines()) == 60
    card = (run / "map" / "checkpoints" / "README.md").read_text()
    assert "frozen latent reasoner: learned map" in card and "Of 60 validation questions" in card

    methods = [f"configs/methods/{name}.yaml" for name in ("coconut", "paper", "random", "map")]
    main(["compare", "--config", str(few), *methods])
    comparison = json.loads((run / "comparison.json").read_text())
    names = ["Coconut", "paper's refinement", "random direction", "learned map"]
    assert (list(comparison["methods"]), comparison["n"], comparison["split"]) == (names, 60, "test")
    assert comparison["methods"]["Coconut"]["accuracy"] > 0.7  # it is a trained reasoner, not a random one
    assert all((run / f"comparison.{suffix}").exists() for suffix in ("md", "csv", "png"))

    written = (run / "paper" / "test" / "run.json").stat().st_mtime_ns
    before = (run / "paper" / "test" / "predictions.jsonl").read_bytes()
    main(["compare", "--config", str(few), *methods, "--against", "learned map"])
    assert (run / "paper" / "test" / "run.json").stat().st_mtime_ns > written  # summed up anew
    assert (run / "paper" / "test" / "predictions.jsonl").read_bytes() == before  # but not answered again
    assert json.loads((run / "comparison.json").read_text())["against"] == "learned map"

    # What a run saves runs again, and is the same run.
    written = (run / "paper" / "test" / "run.json").stat().st_mtime_ns
    main(["test", "--config", str(run / "paper" / "test" / "config.yaml")])
    assert (run / "paper" / "test" / "run.json").stat().st_mtime_ns > written
    assert (run / "paper" / "test" / "predictions.jsonl").read_bytes() == before
