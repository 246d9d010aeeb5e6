import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from lightning.pytorch.strategies import DDPStrategy

from lightning_latent.callbacks import ContrastiveFeedback, Predictions, ResidualBlending
from lightning_latent.cli import LatentCLI, main
from lightning_latent.errors import UserError

ROOT = Path(__file__).parents[2]

BORING = {
    "model": {"class_path": "tests.boring.BoringModule"},
    "data": {"class_path": "tests.boring.BoringData"},
    "trainer": {
        "accelerator": "cpu",
        "devices": 1,
        "max_epochs": 1,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "logger": {"class_path": "TensorBoardLogger", "init_args": {"name": "boring"}},
    },
}

REFINEMENT = {
    "model": {"class_path": "LatentRefinement", "init_args": {"reasoner": "nowhere"}},
    "data": {"class_path": "LatentDataModule", "init_args": {"benchmark": "ProsQA"}},
    "trainer": {"accelerator": "cpu", "devices": 1},
}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs go to ./runs, and Lightning reads sys.argv for a warning."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    (tmp_path / "boring.yaml").write_text(yaml.safe_dump(BORING))
    (tmp_path / "refinement.yaml").write_text(yaml.safe_dump(REFINEMENT))
    return tmp_path


def exit_code(*args: str) -> int | str | None:
    with pytest.raises(SystemExit) as exit_:
        main(list(args))
    return exit_.value.code


def said(path: Path = Path("log.jsonl")) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def build(*args: str) -> LatentCLI:
    """Build everything, run nothing."""
    return LatentCLI(list(args), run=False)


# What a run is made of.


def test_a_run_directory_holds_config_events_and_checkpoint() -> None:
    main(["fit", "--config", "boring.yaml"])
    run = Path("runs/boring/version_0")
    assert (run / "config.yaml").exists()
    assert list(run.glob("events.out.tfevents.*"))
    assert list(run.glob("checkpoints/*.ckpt"))
    main(["fit", "--config", "boring.yaml"])
    assert Path("runs/boring/version_1/config.yaml").exists()


def test_the_saved_config_of_fit_serves_every_subcommand() -> None:
    main(["fit", "--config", "boring.yaml", "--model.learning_rate", "0.25"])
    saved = "runs/boring/version_0/config.yaml"
    checkpoint = str(next(Path("runs/boring/version_0/checkpoints").glob("*.ckpt")))
    for number, subcommand in enumerate(("validate", "test", "predict"), start=1):
        main([subcommand, "--config", saved, "--ckpt_path", checkpoint])
        config = yaml.safe_load(Path(f"runs/boring/version_{number}/config.yaml").read_text())
        assert config["model"]["init_args"]["learning_rate"] == 0.25


def test_configs_compose_from_left_to_right_and_flags_come_last() -> None:
    Path("a.yaml").write_text("model: {init_args: {learning_rate: 0.1}}\ntrainer: {max_epochs: 2}")
    Path("b.yaml").write_text("model: {init_args: {learning_rate: 0.2}}")
    config = build("--config", "boring.yaml", "--config", "a.yaml", "--config", "b.yaml").config
    assert (config.model.init_args.learning_rate, config.trainer.max_epochs) == (0.2, 2)
    assert config.trainer.logger.init_args.save_dir == "runs"  # a default, under the config's name
    config = build("--config", "boring.yaml", "--model.learning_rate", "0.3", "--config", "b.yaml").config
    assert config.model.init_args.learning_rate == 0.2


def test_classes_of_the_package_go_by_their_names() -> None:
    cli = build("--config", "refinement.yaml")
    assert cli.config.model.class_path == "lightning_latent.LatentRefinement"
    assert cli.config.data.class_path == "lightning_latent.LatentDataModule"


@pytest.mark.parametrize("config", ["boring.yaml", "refinement.yaml"])
@pytest.mark.parametrize("subcommand", ["fit", "predict"])
def test_printed_config_round_trips(subcommand: str, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(subcommand, "--config", config, "--print_config") == 0
    printed = capsys.readouterr().out
    Path("printed.yaml").write_text(printed)
    assert exit_code(subcommand, "--config", "printed.yaml", "--print_config") == 0
    assert capsys.readouterr().out == printed


def test_latents_can_be_refined_in_every_subcommand() -> None:
    main(["validate", "--config", "boring.yaml", "--model.log", "log.jsonl"])
    assert [record["gradients"] for record in said() if record["event"] == "validation"] == [True, True]


def test_predictions_are_in_a_file_and_metrics_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    cli = LatentCLI(["predict", "--config", "boring.yaml"])
    assert cli.trainer.predict_loop.return_predictions is False
    main(["validate", "--config", "boring.yaml"])
    assert "Validate metric" not in capsys.readouterr().out


def test_the_numbers_of_the_method_are_flags() -> None:
    flags = ["--feedback.search_step", "0.1", "--feedback.strong", "s", "--blending.memory_rate", "0.2"]
    made = {
        type(c): c for c in build("--config", "refinement.yaml", *flags, "--predictions.resume=false").trainer.callbacks
    }
    feedback, blending = made[ContrastiveFeedback], made[ResidualBlending]
    assert (feedback.search_step, feedback.strong, blending.memory_rate) == (0.1, "s", 0.2)
    assert made[Predictions].resume is False
    made = {type(c): c for c in build("--config", "refinement.yaml").trainer.callbacks}
    assert not made[ContrastiveFeedback].active and not made[ResidualBlending].active


def test_several_devices_take_lightnings_own_strategy() -> None:
    strategy = build("--config", "refinement.yaml", "--trainer.devices", "2").trainer.strategy
    assert type(strategy) is DDPStrategy


# One run, one folder.


def test_an_evaluation_has_a_folder_below_its_runs() -> None:
    named = ["--config", "boring.yaml", "--trainer.logger.version", "mine"]
    main(["fit", *named])
    kept = Path("runs/boring/mine/config.yaml").read_text()
    main(["test", *named])
    saved = Path("runs/boring/mine/test/config.yaml")
    assert saved.exists() and Path("runs/boring/mine/config.yaml").read_text() == kept
    main(["validate", "--config", str(saved), "--ckpt_path", "null"])  # the saved config has the folder's name already
    assert sorted(path.name for path in Path("runs/boring/mine").iterdir() if path.is_dir()) == [
        "checkpoints",
        "test",
        "validate",
    ]


def test_fit_does_not_write_over_an_earlier_run(capfd: pytest.CaptureFixture[str]) -> None:
    named = ["fit", "--config", "boring.yaml", "--trainer.logger.version", "mine"]
    main(named)
    assert exit_code(*named) == 2
    assert "error: runs/boring/mine holds an earlier run" in capfd.readouterr().err
    checkpoint = next(Path("runs/boring/mine/checkpoints").glob("*.ckpt"))
    main([*named, "--ckpt_path", str(checkpoint), "--trainer.max_epochs", "2"])  # it goes on


# Bad input: one line, exit code 2, before a model loads.


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--model.learning", "1"], "model.learning: no such key of BoringModule; did you mean learning_rate?"),
        (["--model.learning_rate", "fast"], "model.learning_rate: expected float, got fast"),
        (["--trainer.max_epoch", "1"], "--trainer.max_epoch: no such flag; did you mean --trainer.max_epochs?"),
        (["--trainer.max_epochs", "many"], "trainer.max_epochs: expected int; got many"),
        (["--model", "NoSuchModel"], "model: no class NoSuchModel"),
        (
            ["--trainer.callbacks+=EarlyStoping"],
            "callbacks: no class EarlyStoping; did you mean EarlyStopping?\n",
        ),
        (["--model", "no_such.Model"], "model: no module no_such; run the command in the folder that it is in"),
        (["--model", "tests.boring.BoringModul"], "no class tests.boring.BoringModul; did you mean BoringModule?"),
        (["--threads", "0"], "threads is '0'; it must be at least 1"),
        (["--trainer.logger", "MLFlowLogger"], "trainer.logger: MLFlowLogger "),
        (["--trainer.devices", "0"], "devices"),
        (["--trainer.strategy", "no_such_strategy"], "trainer: You selected an invalid strategy name"),
        (["--config", "boing.yaml"], "boing.yaml; did you mean boring.yaml?"),
        (["--ckpt_path", "nowhere.ckpt"], "--ckpt_path nowhere.ckpt: no such file"),
        (["--ckpt_path", "boring.yaml"], "--ckpt_path boring.yaml: not a checkpoint"),
        (["--ckpt_path", "best"], "--ckpt_path best: known only within the run"),
        (["--model.fail_rank", "-2"], "model.fail_rank is -2; it must be -1 or more"),
        (["--model.fail", "user"], "the input is bad: mend it"),
        (["--model.fail", "worker"], "row 3 is bad"),
    ],
)
def test_bad_input_is_one_line_and_code_2(args: list[str], message: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code("fit", "--config", "boring.yaml", "--model.log", "log.jsonl", *args) == 2
    errors = [line for line in capfd.readouterr().err.splitlines() if "error" in line or "Traceback" in line]
    assert len(errors) == 1, errors
    assert errors[0].startswith("error: ") and message in f"{errors[0]}\n"
    assert bool(said()) is (args[0] == "--model.fail")
    assert not Path("runs").exists()  # nothing is left


def test_threads_are_those_of_the_config() -> None:
    build("--config", "boring.yaml", "--threads", "3")
    assert torch.get_num_threads() == 3
    main(["validate", "--config", "boring.yaml", "--threads", "2"])
    assert torch.get_num_threads() == 2
    main(["validate", "--config", "boring.yaml"])  # leaves it as it is
    assert torch.get_num_threads() == 2


def test_what_only_builds_takes_the_saved_config_of_a_fit() -> None:
    main(["fit", "--config", "boring.yaml"])
    assert build("--config", "runs/boring/version_0/config.yaml").directory == Path("runs/boring/version_1")


def test_a_command_ends_with_one_line_and_progress_is_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    main(["fit", "--config", "boring.yaml", "--trainer.enable_progress_bar", "true", "--trainer.max_epochs", "2"])
    learned, first, second, last = capsys.readouterr().out.splitlines()
    assert learned == "1 of 1 numbers are learned" and first.startswith("epoch 1 of 2") and second == "epoch 2 of 2"
    run = "runs/boring/version_0"
    assert last.startswith("2 epochs are done") and f"the run is in {run} (tensorboard --logdir {run})" in last
    checkpoint = next(Path(run).glob("checkpoints/*.ckpt"))
    following = f"python train.py test --config {run}/config.yaml --ckpt_path {checkpoint}"
    assert last.endswith(f"; next: {following}")
    main(following.split()[2:])
    assert capsys.readouterr().out == "test is done; next: python train.py compare runs/boring/version_1 OTHER_RUN\n"


def test_bad_keys_in_a_file_are_named(capfd: pytest.CaptureFixture[str]) -> None:
    Path("typo.yaml").write_text("trainer: {max_epoch: 3}")
    assert exit_code("fit", "--config", "boring.yaml", "--config", "typo.yaml") == 2
    assert "error: trainer.max_epoch: no such key; did you mean trainer.max_epochs?" in capfd.readouterr().err


def test_evaluation_does_not_look_for_a_last_checkpoint(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code("test", "--config", "boring.yaml", "--ckpt_path", "last") == 2
    assert "give the checkpoint's path" in capfd.readouterr().err


def test_a_run_that_has_begun_is_kept() -> None:
    main(["fit", "--config", "boring.yaml"])
    saved = Path("runs/boring/version_0/config.yaml")
    again = ["--trainer.logger.version", "0", "--model.fail", "user"]
    assert exit_code("validate", "--config", "boring.yaml", *again) == 2
    assert saved.exists()


def test_a_debugging_user_gets_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_DEBUG", "1")
    with pytest.raises(UserError):
        main(["fit", "--config", "boring.yaml", "--model.fail", "user"])


def test_a_bug_stays_a_bug() -> None:
    with pytest.raises(RuntimeError, match="a bug"):
        main(["fit", "--config", "boring.yaml", "--model.fail", "crash"])


def test_interruption_exits_with_130() -> None:
    assert exit_code("fit", "--config", "boring.yaml", "--model.fail", "interrupt") == 130


# The command itself.


@pytest.mark.parametrize("how", ["train.py", "-m lightning_latent"])
def test_both_commands_parse(how: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", "fit", "--config", "boring.yaml", "--print_config"])
    with pytest.raises(SystemExit) as exit_:
        if how == "train.py":
            runpy.run_path(str(ROOT / "train.py"), run_name="__main__")
        else:
            runpy.run_module("lightning_latent", run_name="__main__")
    assert exit_.value.code == 0
    assert "tests.boring.BoringModule" in capsys.readouterr().out


def run_with_two_processes(*args: str) -> subprocess.CompletedProcess[str]:
    devices = ["--trainer.devices", "2"]
    return subprocess.run(
        [sys.executable, str(ROOT / "train.py"), "fit", "--config", "boring.yaml", *devices, *args],
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_two_processes_run_and_start_quietly() -> None:
    result = run_with_two_processes("--model.log", "log.jsonl")
    assert result.returncode == 0, result.stderr
    assert {record["rank"] for record in said()} == {"0", "1"}
    assert "Tip:" not in result.stderr
    assert "Warning" not in result.stderr
    assert os.listdir("runs/boring") == ["version_0"]


def test_bad_input_met_by_another_process_is_one_line_and_code_2() -> None:
    result = run_with_two_processes("--model.fail", "user", "--model.fail_rank", "1")
    assert result.returncode == 2, result.stderr
    assert result.stderr.count("error: the input is bad: mend it") == 1
    assert "Traceback" not in result.stderr


def test_a_lost_process_is_named_and_ends_the_others() -> None:
    result = run_with_two_processes("--model.fail", "killed", "--model.fail_rank", "1")
    assert result.returncode == 1, result.stderr
    assert result.stderr.splitlines()[-1] == "error: process 1 was lost; run the command again"
