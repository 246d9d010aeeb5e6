"""What a low-rank adapter changes of a model, and what two adapters of one model differ by."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from lightning_latent.reasoner.loading import ADAPTER, find_adapter
from lightning_latent.reasoner.place import find_file

PREFIX = "base_model.model."  # of all names in an adapter's file
_ROWS = ".token_adapter.trainable_tokens_delta"
_MORE = ("use_dora", "use_rslora", "lora_bias", "modules_to_save", "rank_pattern", "alpha_pattern", "target_parameters")


class Adapter(NamedTuple):
    """What a plain LoRA adapter changes."""

    base: tuple[str | None, str | None]  # name and revision of the model below it
    rank: int
    factors: Mapping[str, tuple[Tensor, Tensor]]  # layer to A [r, in] and, scaled, B [out, r]; B A is added
    ids: tuple[int, ...]  # of the tokens whose rows it replaces
    rows: Mapping[str, Tensor]  # table to rows [M, D]; one table where both are tied


def read_adapter(path: str, *, commit: str | None = None) -> Adapter | None:
    """Read an adapter; None where there is none, or one that does more than add low-rank matrices and replace rows."""
    config = find_adapter(path, commit=commit)
    if config is None or config.get("peft_type") != "LORA" or config.get("bias", "none") != "none":
        return None
    if any(config.get(key) for key in _MORE):
        return None
    file = find_file(path, ADAPTER, commit=commit)
    assert file is not None  # as find_adapter has seen
    state = {name.removeprefix(PREFIX): value for name, value in load_file(file).items()}
    scale = config["lora_alpha"] / config["r"]
    layers = [name.removesuffix(".lora_A.weight") for name in state if name.endswith(".lora_A.weight")]
    factors = {
        layer: (state.pop(f"{layer}.lora_A.weight"), state.pop(f"{layer}.lora_B.weight").double() * scale)
        for layer in layers
    }
    rows = {name.removesuffix(_ROWS): state.pop(name) for name in list(state) if name.endswith(_ROWS)}
    indices = {tuple(ids) for ids in (config.get("trainable_token_indices") or {}).values()}
    if state or len(indices) > 1 or bool(indices) != bool(rows):
        return None
    below = config.get("base_model_name_or_path"), config.get("revision")
    return Adapter(below, config["r"], factors, next(iter(indices), ()), rows)


def difference(one: Adapter, other: Adapter) -> Adapter | None:
    """What makes the model of `one` of the model that `other` is merged into; None where it is not of that simple kind.

    >>> a, b = torch.ones(1, 2), torch.ones(3, 1)
    >>> one = Adapter(("base", None), 1, {"layer": (a, 3 * b)}, (), {})
    >>> left = difference(one, Adapter(("base", None), 1, {"layer": (a, b)}, (), {}))
    >>> (left.factors["layer"][1] @ left.factors["layer"][0]).tolist()
    [[2.0, 2.0], [2.0, 2.0], [2.0, 2.0]]
    """
    if (one.base, one.ids, one.factors.keys()) != (other.base, other.ids, other.factors.keys()):
        return None
    factors = {}
    for layer, (down, up) in one.factors.items():
        less_down, less_up = other.factors[layer]
        factors[layer] = torch.cat([down, less_down]), torch.cat([up, -less_up], dim=1)
    return one._replace(rank=one.rank + other.rank, factors=factors)
