"""Weights of foreign files, memory-mapped, without running anything that is in them."""

import json
import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import torch
from huggingface_hub import list_repo_files
from safetensors.torch import load_file
from torch import Tensor

from lightning_latent.errors import UserError
from lightning_latent.importing.refused import refuse_files, refuse_keys
from lightning_latent.reasoner.place import find_file, pin

State = dict[str, Tensor]

# What the repositories save under these names, in the order in which they are looked for.
USUAL = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
_NUMBERED = "checkpoint_"


class Place(NamedTuple):
    """Where a checkpoint's files are: a directory, or a hub id at a commit."""

    path: str
    commit: str | None

    def find(self, name: str) -> Path | None:
        """A file by its name; None where there is none."""
        return find_file(self.path, name, commit=self.commit)


def find_weights(checkpoint: str, *, file: str | None, revision: str | None = None) -> tuple[Place, str]:
    """Where a checkpoint is, and the name of its file of weights or of their index.

    Args:
        checkpoint: A file of weights, or a directory or hub id with one.
        file: Its name in the directory or hub id, where it is not one of the usual ones.
        revision: Commit, tag or branch of a hub id.

    Raises:
        UserError: There is none, or there are several, or it is of a kind that cannot be imported.
    """
    if Path(checkpoint).is_file():
        if file is not None:
            raise UserError(f"--file {file}: {checkpoint} is a file itself; leave --file out")
        return Place(str(Path(checkpoint).parent), None), Path(checkpoint).name
    place = Place(checkpoint, pin(checkpoint, revision))
    names = _names(place)
    refuse_files(names, source=checkpoint)
    if file is None:
        numbered = [name for name in names if Path(name).name.startswith(_NUMBERED)]
        found = [name for name in USUAL if name in names] or numbered
        if not found:
            raise UserError(f"{checkpoint}: no {USUAL[0]}, {USUAL[2]} or {_NUMBERED}N in it; name the file with --file")
        if not set(found) & set(USUAL) and len(found) > 1:
            raise UserError(f"{checkpoint} has {', '.join(sorted(found))}; name one with --file")
        file = found[0]
    if place.find(file) is None:
        there = ", ".join(sorted(names)[:20]) or "nothing"
        raise UserError(f"{checkpoint}: no file {file} in it; correct --file (there is {there})")
    return place, file


def _names(place: Place) -> list[str]:
    if place.commit is None:
        return [path.name for path in Path(place.path).iterdir() if path.is_file()]
    try:
        return list_repo_files(place.path, revision=place.commit)
    except Exception:  # without the hub, for whatever reason, what is in the cache must do
        return [name for name in USUAL if place.find(name) is not None]


def read_weights(place: Place, name: str) -> State:
    """Read a state dict, in one file or in the shards that an index names.

    Raises:
        UserError: A file is damaged, holds anything but tensors, or is of a kind that cannot be imported.
    """
    path = place.find(name)
    assert path is not None  # as find_weights has seen
    if path.suffix != ".json":
        return _read_file(path)
    try:
        index: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["weight_map"]
        keys = {shard: {key for key, file in index.items() if file == shard} for shard in set(index.values())}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not an index of shards; get the file again") from error
    state: State = {}
    for shard in sorted(keys):
        file = place.find(str(PurePosixPath(name).with_name(PurePosixPath(shard).name)))
        if file is None:
            raise UserError(f"{path} names {shard}, which is not there; get all shards")
        part = _read_file(file)
        for key in sorted(keys[shard] ^ part.keys()):
            raise UserError(f"{file} and {path.name} do not agree on {key}; get both again")
        state |= part
    return state


def _read_file(path: Path) -> State:
    try:
        if path.suffix == ".safetensors":
            loaded: object = load_file(path)
        else:
            loaded = _read_pickle(path)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} holds more than plain tensors (or is damaged); nothing in it was run, and nothing is imported"
        ) from error
    except Exception as error:  # what readers trip over in a damaged file is of any kind
        raise UserError(f"cannot read {path}: it is damaged or cut short, or holds no weights; get it again") from error
    return check_state(loaded, source=str(path))


def _read_pickle(path: Path) -> object:
    zipped = zipfile.is_zipfile(path)
    with path.open("rb") as file:
        archive = file.read(2) == b"PK"
    if archive and not zipped:
        raise ValueError("an archive without its end")
    with warnings.catch_warnings(action="ignore"):  # what it finds odd is refused anyway
        # Files of torch before 1.6 are no archives and cannot be mapped.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)


def check_state(loaded: object, *, source: str) -> State:
    """What was loaded, if it is a state dict and nothing else; a `UserError` names `source` if it is not."""
    if not isinstance(loaded, Mapping) or not loaded:
        raise UserError(f"{source} holds no state dict; give the file that torch.save(model.state_dict()) wrote")
    refuse_keys(map(str, loaded), source=source)
    for key, value in loaded.items():
        if not isinstance(value, Tensor):
            raise UserError(f"{source}: {key} is no tensor; give the file that torch.save(model.state_dict()) wrote")
    return dict(loaded)
