"""The README's Python runs as it is printed."""

import json
from pathlib import Path

import pytest

from tests.commands import ROOT
from tests.pages import blocks, promised, run

README = ROOT / "README.md"
BLOCKS = blocks(README)


@pytest.mark.parametrize("code", [block for block in BLOCKS if "think(" in block])
def test_thoughts_print_what_is_said_beside_them(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(code, {"__name__": "__main__"}, page=README)
    out = capsys.readouterr().out
    said = promised(code)
    assert len(said) == 4 and all(line in out for line in said), out


@pytest.mark.parametrize("code", [block for block in BLOCKS if "Trainer(" in block])
def test_a_block_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(code, {"__name__": "__main__"}, page=README)
    about = json.loads((tmp_path / "run.json").read_text())
    assert (about["n"], about["split"]) == (300, "validation")
    assert about["method"] == "ContrastiveFeedback + ResidualBlending"
