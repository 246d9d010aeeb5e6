import importlib.util

import pytest

from lightning_latent.cli import completion, main
from lightning_latent.cli.completion import actions, all_commands, completion_script
from lightning_latent.cli.help import COMMANDS
from lightning_latent.errors import UserError


def test_all_commands_are_known_with_their_flags() -> None:
    below = next(action.choices for action in actions(all_commands()) if isinstance(action.choices, dict))
    assert set(below) == set(COMMANDS)
    flags = {
        name: {flag for action in actions(parser) for flag in action.option_strings} for name, parser in below.items()
    }
    assert {"--config", "--feedback.search_step", "--model.reasoner", "--data.test"} <= flags["test"]
    assert "--over" in flags["sweep"] and "--checkpoint" in flags["import"] and "--questions" in flags["doctor"]
    assert "--against" in flags["compare"] and "--against" not in flags["test"]


def test_a_script_completes_commands_and_files(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("shtab")
    main(["--print_completion", "bash"])
    script = capsys.readouterr().out
    assert "complete -o " in script and "--blending.memory_rate" in script
    assert completion_script("zsh") != script


def test_what_is_wrong_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(completion, "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        main(["--print_completion=bash"])
    said = "error: shtab is not installed; pip install 'lightning-latent[completion]'\n"
    assert capsys.readouterr().err == said
    if importlib.util.find_spec("shtab"):
        monkeypatch.undo()
        with pytest.raises(UserError, match="give one of bash, "):
            completion_script("csh7")
