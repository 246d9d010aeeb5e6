"""Every command that the pages show for a public checkpoint runs, on a tiny one of the same format."""

import shutil
from pathlib import Path

import pytest

from lightning_latent.cli import main
from lightning_latent.cli.importing import parser
from lightning_latent.importing.published import PUBLISHED, Published, arguments, listing, markdown
from lightning_latent.reasoner import load_reasoner
from tests.commands import ROOT, commands
from tests.importing.cases import FIXTURES, options, place

PAGE = (ROOT / "docs" / "checkpoints.md").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in [*ROOT.glob("docs/*.md"), ROOT / "README.md"]}
SHOWN = [
    pytest.param(command, id=f"{name}-{number}")
    for name, text in PAGES.items()
    for number, command in enumerate(commands(text))
    if command[0] == "import"
]


def stand_in(it: Published) -> str:
    """A tiny checkpoint of the same format and form."""
    if it.format == "simcot":
        return "simcot_coconut" if it.lora_alpha is None else "simcot_codi_sharded"
    if it.format == "latenttts":
        return "latenttts_codi" if it.hub.endswith("codi") else "latenttts_coconut"
    return it.format + ("_llama" if "llama" in (it.base or "") else "")


def test_the_page_holds_the_table_and_its_commands():
    assert markdown() in PAGE


def test_the_command_lists_the_same(capsys):
    main(["import", "--list"])
    said = capsys.readouterr().out
    assert said == listing()
    for it in PUBLISHED:
        assert it.hub in said and f"    python train.py {' '.join(arguments(it))}\n" in said


def test_names_of_directories_are_different():
    assert len({it.name for it in PUBLISHED}) == len(PUBLISHED)


@pytest.mark.parametrize("it", PUBLISHED, ids=lambda it: it.name)
def test_the_command_of_a_public_checkpoint_runs(it, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case = stand_in(it)
    source, known = place(case), options(case)
    # The checkpoint lies where the hub's would be, under the name that the command gives.
    there = Path(it.hub)
    if source.is_file():
        (there / (it.file or "checkpoint_1")).parent.mkdir(parents=True)
        shutil.copyfile(source, there / (it.file or "checkpoint_1"))
    else:
        shutil.copytree(source, there)
    if it.base is not None:
        shutil.copytree(FIXTURES / case / "base", it.base)
    main(arguments(it))
    (out,) = (tmp_path / "reasoners").iterdir()
    reasoner = load_reasoner(str(out))
    assert out.name == it.name and reasoner.num_latents == it.num_latents
    assert ("lora_alpha" in known) == (it.lora_alpha is not None)


@pytest.mark.parametrize("command", SHOWN)
def test_every_command_of_the_pages_parses(command):
    given = parser().parse_args(command[1:])
    assert given.list or (given.format and given.checkpoint and given.out)
