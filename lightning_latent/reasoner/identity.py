"""Who a model is: where it came from and a hash of its weights."""

import hashlib
from contextlib import suppress
from pathlib import Path

import torch
from huggingface_hub import resolve_revision
from huggingface_hub.errors import HFValidationError, RevisionResolutionError
from torch import nn
from typing_extensions import TypedDict

from lightning_latent.reasoner.gguf import file_hash
from lightning_latent.reasoner.place import find_file, find_gguf, locate, pin


class Identity(TypedDict):
    """What a checkpoint remembers of a model it belongs to."""

    path: str
    revision: str | None
    sha256: str


def weights_hash(model: nn.Module, projection: nn.Module | None = None) -> str:
    """SHA-256 over names, shapes, types and bytes of all parameters, in the order of their names.

    Tied parameters count once, buffers (rotary tables and the like, derived from the configuration) not at all. A
    reasoner's projection belongs to its weights.
    """
    digest = hashlib.sha256()
    named = dict(model.named_parameters())
    if projection is not None:
        named |= projection.named_parameters(prefix="projection")
    for name, parameter in sorted(named.items()):
        tensor = parameter.detach().cpu()
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def identify(
    model: nn.Module, *, path: str, revision: str | None = None, projection: nn.Module | None = None
) -> Identity:
    """The identity of a model loaded from `path`.

    Of a hub id, the revision is the commit that it has in the cache; of a GGUF file, the file's SHA-256.
    """
    if (file := find_gguf(path)) is not None:
        revision = file.sha256
    elif not Path(locate(path)).is_dir():
        with suppress(HFValidationError, RevisionResolutionError):
            revision = resolve_revision(path, revision=revision, local_files_only=True).resolved
    return Identity(path=path, revision=revision, sha256=weights_hash(model, projection))


def identify_adapter(*, path: str, below: Identity) -> Identity:
    """The identity of an adapter that is put on a model, by its file and the model's identity."""
    place = locate(path)
    commit = pin(place)
    file = find_file(place, "adapter_model.safetensors", commit=commit)
    assert file is not None  # it has been loaded
    digest = hashlib.sha256(f"{below['sha256']} {file_hash(file)}".encode())
    return Identity(path=path, revision=commit, sha256=digest.hexdigest())
