"""The README's Python runs as it is printed."""

import json
import re
from pathlib import Path

import pytest

from tests.commands import ROOT

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS)
def test_a_block_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    about = json.loads((tmp_path / "run.json").read_text())
    assert (about["n"], about["split"]) == (300, "validation")
    assert about["method"] == "ContrastiveFeedback + ResidualBlending"
