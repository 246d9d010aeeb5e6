"""An imported reasoner as a directory, wholly there or not at all."""

import os
import shutil
from pathlib import Path

import torch

from lightning_latent.errors import UserError
from lightning_latent.importing.draft import Draft, skeleton
from lightning_latent.reasoner.loading import load_reasoner, save_reasoner
from lightning_latent.reasoner.projection import build_projection
from lightning_latent.reasoner.reasoner import LatentReasoner

# What other packages keep in a configuration; ours is under `latent_reasoning`.
_FOREIGN = ("latent_id", "latent_start_id", "latent_end_id", "target_id", "projector", "projector_dropout")


def check_free(out: Path) -> None:
    """Refuse to write over anything."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f"{out} is there already; remove it, or give another --out")


def write_draft(draft: Draft, out: Path, *, source: str) -> LatentReasoner:
    """Write a reasoner and load it again, as everything else will; what cannot be loaded is not left behind.

    Args:
        draft: What was read.
        out: The directory, which must not be there, or be empty.
        source: Where it is from, for messages.

    Returns:
        The reasoner as it was loaded, its weights of the type that was written.
    """
    check_free(out)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        save_reasoner(assembled(draft, source=source), partial)
        reasoner = load_reasoner(str(partial), dtype="auto")
        if out.is_dir():
            out.rmdir()
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    for named in (reasoner.model, reasoner.model.config, reasoner.tokenizer):
        named.name_or_path = str(out)
    return reasoner.freeze()


def assembled(draft: Draft, *, source: str) -> LatentReasoner:
    """The model with its weights, all of one type: the widest that any of them has. It can be saved, not run."""
    for key in (*_FOREIGN, "projector_hidden_size"):
        if hasattr(draft.config, key):
            delattr(draft.config, key)
    rows = draft.config.vocab_size
    model = skeleton(draft.config, rows=rows)
    tensors = [*draft.state.values(), *(draft.projection or {}).values()]
    dtype = tensors[0].dtype
    for tensor in tensors:
        dtype = torch.promote_types(dtype, tensor.dtype)
    model.load_state_dict({name: value.to(dtype) for name, value in draft.state.items()}, assign=True)
    model.tie_weights()
    projection = None
    if draft.projection is not None:
        size = draft.config.hidden_size
        projection = build_projection(draft.projection, hidden_size=size, what=source).to(dtype)
    return LatentReasoner(model, draft.tokenizer, draft.metadata, projection)
