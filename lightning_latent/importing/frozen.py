"""Whether a checkpoint whose base stayed frozen is of the base that was named."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from lightning_latent.errors import UserError
from lightning_latent.importing.draft import Base
from lightning_latent.importing.reading import State

_WEIGHTS = "model.safetensors"


def check_frozen(state: State, base: Base, *, tables: tuple[str, str], source: str) -> None:
    """Refuse another base by its embeddings, where its directory holds weights; nothing is downloaded for that.

    A base of the same architecture and size but with another tokenizer would go unnoticed otherwise.

    Args:
        state: The checkpoint's weights, of which those of the base were only rounded.
        base: The base.
        tables: The names of the input embeddings and of the head, one of which is there.
        source: Where the checkpoint is from, for messages.
    """
    file = Path(base.path) / _WEIGHTS
    found = next((state[name] for name in tables if name in state), None)
    if not file.is_file() or found is None:
        return
    try:
        with safe_open(file, framework="pt") as weights:
            # GPT-2's own file leaves the first part of names out.
            known = {tables[0], tables[0].partition(".")[2]} & set(weights.keys())
            if not known:
                return
            expected = weights.get_tensor(known.pop())
    except (OSError, SafetensorError) as error:
        raise UserError(f"cannot read {file}: {error}; get it again, or leave it out") from error
    rounded = expected.to(found.dtype)
    if rounded.shape[1:] != found.shape[1:] or not torch.allclose(found[: len(rounded)], rounded, rtol=1e-2, atol=1e-4):
        raise UserError(f"{source}: its frozen embeddings are not those of {base.path}; check --base")
