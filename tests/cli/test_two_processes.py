"""The command on two processes, with the real module: what one process learns and answers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
import yaml

from tests.commands import ROOT


def command(folder: Path, devices: int, subcommand: str, *flags: str) -> None:
    named = [f"--trainer.devices={devices}", f"--trainer.logger.version=on_{devices}", *flags]
    configs = ["--config", str(folder / "few.yaml"), "--config", "configs/methods/map.yaml"]
    done = subprocess.run(
        [sys.executable, "train.py", subcommand, *configs, *named],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


def answers(run: Path) -> list[dict[str, Any]]:
    lines = (run / "predictions.jsonl").read_text().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in lines]


def test_fit_and_validate_do_what_one_process_does(tmp_path: Path) -> None:
    config = yaml.safe_load((ROOT / "configs/quickstart.yaml").read_text())
    for split, size in (("train", 44), ("validation", 21)):  # the last batches are uneven
        config["data"]["init_args"][split]["init_args"]["size"] = size
    config["threads"] = 1
    config["data"]["init_args"] |= {"batch_size": 8, "eval_batch_size": 4}
    config["trainer"] |= {"accelerator": "cpu", "max_epochs": 1, "check_val_every_n_epoch": 1}
    config["trainer"] |= {"enable_progress_bar": False, "enable_model_summary": False}
    config["trainer"]["logger"]["init_args"]["save_dir"] = str(tmp_path)
    (tmp_path / "few.yaml").write_text(yaml.safe_dump(config))
    for devices in (1, 2):
        command(tmp_path, devices, "fit")
        command(tmp_path, devices, "validate")
    one, two = (tmp_path / "quickstart" / f"on_{devices}" for devices in (1, 2))
    learned = [torch.load(run / "checkpoints/last.ckpt", weights_only=True)["state_dict"] for run in (one, two)]
    torch.testing.assert_close(*learned, rtol=1e-3, atol=1e-5)
    assert answers(one / "validate") == answers(two / "validate")
    assert len(answers(two / "validate")) == 21
    about = [json.loads((run / "validate/run.json").read_text()) for run in (one, two)]
    assert [run["processes"] for run in about] == [1, 2]
