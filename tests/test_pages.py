"""The Python of pages runs as it is printed, one block after the other, and prints what stands beside it."""

import runpy
from pathlib import Path

import pytest
from matplotlib import image

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


def test_the_picture_of_a_thought_is_drawn_by_the_command_beside_it(tmp_path: Path) -> None:
    page = (DOCS / "what-is-a-thought.md").read_text(encoding="utf-8")
    command, path = "python docs/examples/thought_picture.py docs/img/thought.png", tmp_path / "thought.png"
    assert command in page and (DOCS / "img" / "thought.png").exists()
    runpy.run_path(str(ROOT / command.split()[1]))["main"](str(path))
    height, width, _ = image.imread(path).shape
    assert width > height > 400
