"""The Python of pages runs as it is printed, one block after the other, and prints what stands beside it."""

from pathlib import Path

import pytest

from tests.commands import ROOT
from tests.pages import blocks, promised, run

DOCS = ROOT / "docs"


@pytest.mark.parametrize("name", ["python.md", "what-is-a-thought.md"])
def test_blocks_print_what_is_said_beside_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    codes = blocks(DOCS / name)
    assert any(promised(code) for code in codes)
    for code in codes:
        run(code, namespace, page=DOCS / name)
        printed = capsys.readouterr().out.splitlines()
        rest = iter(printed)
        assert all(line in rest for line in promised(code)), printed  # in this order
