"""Every shipped config says at its top which command it belongs to, and that command builds."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_latent.cli import LatentCLI
from lightning_latent.cli.compare import is_config, parser
from lightning_latent.cli.doctor import build
from lightning_latent.cli.push import parser as push_parser
from lightning_latent.cli.sweep import grid_point
from lightning_latent.cli.sweep import parser as sweep_parser
from lightning_latent.evaluation.grid import points, read_grid
from tests.commands import ROOT, commands, header

CONFIGS = sorted(path.relative_to(ROOT) for path in ROOT.glob("configs/**/*.yaml"))
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")])


class BuiltOnly(LatentCLI):
    """Parses and builds everything, which is cheap because models load later, and runs nothing."""

    def _carry_out(self, run: Any, arguments: dict[str, Any]) -> None:
        pass

    def _with_checkpoint(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return arguments


def kind(arguments: list[str]) -> str:
    """Which command builds it: `compare`, `sweep`, `doctor`, `push`, or `run` for Lightning's subcommands."""
    return arguments[0] if arguments[0] in ("compare", "doctor", "push", "sweep") else "run"


def of_configs(command: str) -> list[Any]:
    return [
        pytest.param(arguments, id=f"{config.relative_to('configs')}-{number}")
        for config in CONFIGS
        for number, arguments in enumerate(commands(header(ROOT / config)))
        if kind(arguments) == command
    ]


def of_pages(command: str) -> list[Any]:
    return [
        pytest.param(arguments, id=f"{page.stem}-{number}")
        for page in PAGES
        for number, arguments in enumerate(commands(page.read_text(encoding="utf-8")))
        if kind(arguments) == command
        and arguments[0].isalpha()
        and arguments[0] != "import"  # built where checkpoints are: tests/importing/test_published.py
        and not {"RUN", "DIR", "KEY=VALUE,VALUE", "FILE", "..."} & set(arguments)
        and not any("$" in argument for argument in arguments)
        and not any(argument.startswith("runs/") and argument.endswith(".yaml") for argument in arguments)
    ]


EVERY_COMMAND = of_configs("run") + of_pages("run")
COMPARISONS = of_configs("compare") + of_pages("compare")
SWEEPS = of_configs("sweep") + of_pages("sweep")
DOCTORS = of_configs("doctor") + of_pages("doctor")
PUSHES = of_pages("push")
FIRST_COMMANDS = [
    pytest.param(commands(header(ROOT / config))[0], id=str(config.relative_to("configs"))) for config in CONFIGS
]


@pytest.fixture(autouse=True)
def in_a_root_without_runs(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Commands are built as in a fresh clone: a fit refuses the folder of an earlier one, and a user's may be there."""
    root = tmp_path_factory.mktemp("root")
    for name in ("configs", "docs"):
        (root / name).symlink_to(ROOT / name)
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    monkeypatch.syspath_prepend(ROOT / "docs" / "examples")


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_header_holds_a_command_with_this_config(config: Path) -> None:
    found = commands(header(ROOT / config))
    assert any(str(config) in arguments for arguments in found), header(ROOT / config)


@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_the_command_builds(arguments: list[str]) -> None:
    here = [] if torch.cuda.is_available() else ["--trainer.accelerator=cpu", "--trainer.devices=1"]
    if "--ckpt_path" in arguments:  # of a run that was not made here
        arguments[arguments.index("--ckpt_path") + 1] = "null"
    cli = BuiltOnly([*arguments, *here])
    assert cli.trainer.log_dir is None or Path(cli.trainer.log_dir).parts[0] == "runs"


@pytest.mark.parametrize("arguments", COMPARISONS)
def test_the_comparison_parses_and_its_configs_are_there(arguments: list[str]) -> None:
    given = parser().parse_args(arguments[1:])
    assert all(Path(name).is_file() for name in [*filter(is_config, given.runs), *given.config])


@pytest.mark.parametrize("arguments", SWEEPS)
def test_every_setting_of_the_sweep_builds(arguments: list[str]) -> None:
    given, others = sweep_parser().parse_known_args(arguments[1:])
    settings = points(read_grid(given.over))
    assert len(settings) > 1
    for one in settings:
        point = grid_point(one, [*others, "--trainer.accelerator=cpu", "--trainer.devices=1"], answer=False)
        assert point.sweep_folder.parts[0] == "runs" and point.sweep_folder.name == "sweep"


@pytest.mark.parametrize("arguments", DOCTORS)
def test_the_doctor_is_asked_rightly(arguments: list[str]) -> None:
    _, cli = build([*arguments[1:], "--trainer.accelerator=cpu", "--trainer.devices=1"])
    assert cli.directory is not None


@pytest.mark.parametrize("arguments", PUSHES)
def test_what_is_pushed_is_a_folder_of_a_run(arguments: list[str]) -> None:
    given = push_parser().parse_args(arguments[1:])
    assert given.folder.startswith("runs/") and given.repo_id.count("/") == 1


@pytest.mark.parametrize("arguments", FIRST_COMMANDS)
def test_the_printed_config_round_trips(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def printed(*args: str) -> str:
        with pytest.raises(SystemExit) as exit_:
            BuiltOnly([*args, "--print_config"])
        output = capsys.readouterr()
        assert exit_.value.code == 0, output.err
        return output.out

    whole = tmp_path / "whole.yaml"
    whole.write_text(printed(*arguments))
    assert printed(arguments[0], "--config", str(whole)) == whole.read_text()
