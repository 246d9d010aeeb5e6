"""Who a model is: where it came from and a hash of its weights."""

import hashlib
from typing import TypedDict

import torch
from torch import nn

from lightning_latent.reasoner.place import known_commit


class Identity(TypedDict):
    """What a checkpoint remembers of a model it belongs to."""

    path: str
    revision: str | None
    sha256: str


def weights_hash(model: nn.Module) -> str:
    """SHA-256 over names, shapes, types and bytes of all parameters, in the order of their names.

    Tied parameters count once, buffers (rotary tables and the like, derived from the configuration) not at all.
    """
    digest = hashlib.sha256()
    for name, parameter in sorted(model.named_parameters()):
        tensor = parameter.detach().cpu()
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def identify(model: nn.Module, *, path: str, revision: str | None = None) -> Identity:
    """The identity of a model loaded from `path`; of a hub id, the revision is the commit."""
    return Identity(path=path, revision=known_commit(path, revision) or revision, sha256=weights_hash(model))
