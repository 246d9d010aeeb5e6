"""What was learned, as a file without code that anybody may load: safetensors, and from it a checkpoint again."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning as L
import torch
from huggingface_hub import constants
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from lightning_latent.errors import UserError
from lightning_latent.io import replaced
from lightning_latent.reasoner.place import find_file, pin
from lightning_latent.refinement.checkpoint import KEY

LEARNED = "learned.safetensors"


def save_learned(checkpoint: Mapping[str, Any], path: str | Path) -> None:
    """Write the learned numbers of a checkpoint, and in the file's header whose they are.

    Raises:
        UserError: It is no checkpoint of a refinement that learns.
    """
    if KEY not in checkpoint or not checkpoint["state_dict"]:
        raise UserError("the checkpoint holds nothing that LatentRefinement has learned; give one that fit wrote")
    tensors = {name: value.contiguous() for name, value in checkpoint["state_dict"].items()}
    with replaced(path) as temporary:
        save_file(tensors, temporary, metadata={"format": "pt", KEY: json.dumps(checkpoint[KEY])})


def load_learned(path: str | Path) -> dict[str, Any]:
    """The content of a checkpoint that `validate`, `test` and `predict` take, made of such a file.

    Raises:
        UserError: The file is none.
    """
    try:
        with safe_open(path, framework="pt") as file:
            owners = json.loads((file.metadata() or {})[KEY])
        return {"state_dict": load_file(path), KEY: owners, "pytorch-lightning_version": L.__version__}
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UserError(f"{path}: not what push writes of a refinement ({reason}); push it again") from None


def pulled(path: str | None) -> str | None:
    """The checkpoint that a hub id stands for, made of its file in the cache; a path of this machine as it is.

    Raises:
        UserError: There is neither a file nor a repository of that name, or nothing learned in it.
    """
    if path is None or Path(path).exists() or path.count("/") != 1 or path.endswith(".ckpt"):
        return path
    commit = pin(path)
    file = find_file(path, LEARNED, commit=commit)
    if file is None:
        raise UserError(f"--ckpt_path {path}: the repository has no {LEARNED}; give one that push made of a run")
    made = Path(constants.HF_HOME) / "lightning_latent" / f"{path.replace('/', '--')}--{commit}.ckpt"
    if not made.is_file():
        with replaced(made) as temporary:
            torch.save(load_learned(file), temporary)
    return str(made)
