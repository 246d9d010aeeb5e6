"""Bad files are told in one line, run nothing, and leave nothing behind."""

import json
import os
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from lightning_latent.cli import main
from lightning_latent.errors import UserError
from lightning_latent.importing.reading import Place, find_weights, read_weights
from tests.importing.cases import FIXTURES, flags, options, place

OLD = {"_use_new_zipfile_serialization": False}


class Bomb:
    """A pickle that runs a command when it is opened."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.fixture
def copy(tmp_path):
    """A case's files in a folder of its own, to be spoilt."""
    return lambda case: shutil.copytree(FIXTURES / case, tmp_path / "copy")


@pytest.fixture
def refusal(tmp_path, capsys):
    """Run the command on a case's file; its one line, after it was checked that nothing was left behind."""

    def run(case: str, checkpoint: Path, **changes) -> str:
        before = sorted(tmp_path.rglob("*"))
        given = flags({**options(case), **changes})
        with pytest.raises(SystemExit) as caught:
            main(["import", "--checkpoint", str(checkpoint), *given, "--out", str(tmp_path / "new")])
        said = capsys.readouterr().err
        assert caught.value.code == 2 and said.startswith("error: ") and said.count("\n") == 1
        assert sorted(tmp_path.rglob("*")) == before
        return said

    return run


def state(case: str) -> dict[str, torch.Tensor]:
    return read_weights(*find_weights(str(place(case)), file=None))


@pytest.mark.parametrize("protocol", ["torch", "pickle"])
def test_code_in_a_pickle_is_not_run(protocol, refusal, tmp_path):
    bomb = {"base_causallm.x": Bomb(tmp_path / "run")}
    if protocol == "torch":
        torch.save(bomb, tmp_path / "checkpoint_1")
    else:
        (tmp_path / "checkpoint_1").write_bytes(pickle.dumps(bomb))
    assert "nothing in it was run" in refusal("coconut", tmp_path / "checkpoint_1")
    # And the bomb is one.
    pickle.loads(pickle.dumps(bomb))
    assert (tmp_path / "run").exists()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("case", ["coconut", "codi", "simcot_codi_sharded", "latenttts_codi"])
def test_a_file_that_was_cut_short(case, share, refusal, copy):
    folder = copy(case)
    file = max((path for path in folder.iterdir() if path.is_file()), key=lambda path: path.stat().st_size)
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    said = refusal(case, folder / place(case).name if place(case).is_file() else folder)
    assert str(file) in said or "holds no state dict" in said


def test_a_damaged_pickle_never_ends_in_a_traceback(tmp_path):
    """Bytes of the pickle inside are changed one by one; most of them matter."""
    torch.save({"base_causallm.x": torch.ones(2), "y": torch.zeros(3)}, tmp_path / "checkpoint_1", **OLD)
    content = (tmp_path / "checkpoint_1").read_bytes()
    refused = 0
    for at in range(0, len(content), 3):
        changed = bytearray(content)
        changed[at] ^= 0x15
        (tmp_path / "checkpoint_2").write_bytes(bytes(changed))
        try:
            read_weights(Place(str(tmp_path), None), "checkpoint_2")
        except UserError:
            refused += 1
    assert refused > len(content) / 12


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([torch.ones(2)], "holds no state dict"),
        ({}, "holds no state dict"),
        ({"base_causallm.x": 3}, "base_causallm.x is no tensor"),
        ({"model": {"x": torch.ones(2)}}, "model is no tensor"),
        ({"pytorch-lightning_version": "2.5", "state_dict": {}}, "colar cannot be imported"),
        ({"latent_policy.fc.0.weight": torch.ones(2)}, "CoLaR draws each latent"),
        ({"lt_head.mean.bias": torch.ones(2)}, "CoLaR draws each latent"),
        ({"model._stop_embed_out.weight": torch.ones(2)}, "a head decides after each latent"),
        ({"model.stop_head.weight": torch.ones(2)}, "a head decides after each latent"),
    ],
)
def test_what_is_no_state_dict_of_a_reasoner(content, complaint, refusal, tmp_path):
    torch.save(content, tmp_path / "checkpoint_1")
    assert complaint in refusal("coconut", tmp_path / "checkpoint_1")


def test_a_directory_of_pccot_is_refused_by_name(refusal, copy):
    folder = copy("codi")
    (folder / "pccot_args.json").write_text("{}")
    assert "pccot cannot be imported: PCCoT refines all its latents in parallel" in refusal("codi", folder)


def test_a_directory_of_colar_is_refused_by_name(refusal, copy):
    folder = copy("latenttts_coconut")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architectures": ["ColarLlama"]}))
    assert "colar cannot be imported" in refusal("latenttts_coconut", folder)


def test_safetensors_are_looked_at_alike(refusal, copy):
    folder = copy("latenttts_coconut")
    save_file({"latent_policy.fc.weight": torch.ones(2)}, folder / "model.safetensors")
    assert "CoLaR draws each latent" in refusal("latenttts_coconut", folder)
    save_file({}, folder / "model.safetensors")
    assert "holds no state dict" in refusal("latenttts_coconut", folder)


def test_shards_are_all_there_and_agree_with_their_index(refusal, copy):
    folder = copy("simcot_codi_sharded")
    case, index, second = "simcot_codi_sharded", "model.safetensors.index.json", "model-00002-of-00003.safetensors"
    content = (folder / index).read_text()
    (folder / index).write_text("{}")
    assert "not an index of shards" in refusal(case, folder)
    (folder / index).write_text(content)
    part = load_file(folder / second)
    name = sorted(part)[0]
    save_file({key: value for key, value in part.items() if key != name}, folder / second)
    assert f"do not agree on {name}" in refusal(case, folder)
    (folder / second).unlink()
    assert f"names {second}, which is not there" in refusal(case, folder)


def test_a_shard_is_looked_for_beside_its_index_only(refusal, copy, tmp_path):
    folder = copy("simcot_codi_sharded")
    index = folder / "model.safetensors.index.json"
    index.write_text(index.read_text().replace("model-00002", "../model-00002"))
    (folder / "model-00002-of-00003.safetensors").rename(tmp_path / "model-00002-of-00003.safetensors")
    assert "which is not there" in refusal("simcot_codi_sharded", folder)


def test_files_of_old_releases_of_torch_are_read(tmp_path):
    before = state("coconut")
    torch.save(before, tmp_path / "checkpoint_1", **OLD)
    after = read_weights(Place(str(tmp_path), None), "checkpoint_1")
    assert all(torch.equal(after[name], value) for name, value in before.items())
