import subprocess
import sys
from pathlib import Path

import pytest

from lightning_latent import __version__
from lightning_latent.cli import main
from lightning_latent.cli.help import COMMANDS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("flag", ["--help", "-h", "--version"])
def test_help_and_version_load_no_library(flag: str) -> None:
    asked = f"import sys; from lightning_latent.cli import main; main([{flag!r}]); "
    loaded = "print([name for name in ('torch', 'lightning', 'transformers') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked + loaded], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.endswith("[]\n")


def test_help_says_what_this_is_where_to_read_and_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    text = capsys.readouterr().out
    assert "Refine the latent thoughts of a frozen language model" in text
    assert "docs/cli.md" in text and (ROOT / "docs/cli.md").is_file()
    assert all(f"  {name} " in text for name in COMMANDS)
    assert max(map(len, text.splitlines())) <= 120


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out == f"lightning_latent {__version__}\n"


def test_without_a_command_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([])
    assert exit_.value.code == 2
    assert capsys.readouterr().err.startswith("error: no command is given; there is fit, validate, ")
