"""The README's Python runs as it is printed."""

import json
import re
from pathlib import Path

import pytest

from tests.commands import ROOT

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def run(code: str) -> None:
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("code", [block for block in BLOCKS if "think(" in block])
def test_thoughts_print_what_is_said_beside_them(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(code)
    out = capsys.readouterr().out
    said = re.findall(r"print\(.*\)  # (.+)", code)
    assert len(said) == 4 and all(line in out for line in said), out


@pytest.mark.parametrize("code", [block for block in BLOCKS if "Trainer(" in block])
def test_a_block_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(code)
    about = json.loads((tmp_path / "run.json").read_text())
    assert (about["n"], about["split"]) == (300, "validation")
    assert about["method"] == "ContrastiveFeedback + ResidualBlending"
