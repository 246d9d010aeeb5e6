"""Low-rank adapters in a state dict, merged into the weights below them."""

import re

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from lightning_latent.errors import UserError
from lightning_latent.importing.reading import State

_ADAPTER = re.compile(r"(?P<layer>.+)\.lora_(?P<side>[AB])\.default\.weight")
BELOW = ".base_layer."


def has_adapters(state: State) -> bool:
    """Whether there is any adapter."""
    return any(_ADAPTER.fullmatch(name) for name in state)


def merged(state: State, model: PreTrainedModel, *, alpha: float, source: str) -> State:
    """`W + (alpha / r) B A` in float32 for each layer that has an adapter, under the names of a model without them.

    Args:
        state: Weights named as PEFT names them: `layer.base_layer.weight`, `layer.lora_A.default.weight` `[r, in]`,
            `layer.lora_B.default.weight` `[out, r]`.
        model: The skeleton, which says whose weights are stored as `[in, out]`.
        alpha: Scale of the adapters.
        source: Where the weights are from, for messages.

    Raises:
        UserError: Half of an adapter is missing, or its sizes do not fit.
    """
    plain: State = {}
    adapters: dict[str, dict[str, Tensor]] = {}
    for name, value in state.items():
        match = _ADAPTER.fullmatch(name)
        if match:
            adapters.setdefault(match["layer"], {})[match["side"]] = value
        else:
            plain[name.replace(BELOW, ".")] = value
    for layer, sides in sorted(adapters.items()):
        name = f"{layer}.weight"
        if set(sides) != {"A", "B"} or f"{layer}{BELOW}weight" not in state:
            raise UserError(f"{source}: the adapter of {layer} is not whole; get the checkpoint again")
        plain[name] = _added(plain[name], sides["A"], sides["B"], model, layer, alpha=alpha, source=source)
    return plain


def _added(
    weight: Tensor, down: Tensor, up: Tensor, model: PreTrainedModel, layer: str, *, alpha: float, source: str
) -> Tensor:
    if down.dim() != 2 or up.dim() != 2 or up.shape[1] != down.shape[0]:
        raise UserError(f"{source}: the adapter of {layer} has sizes that do not fit; get the checkpoint again")
    update = (alpha / down.shape[0]) * (up.float() @ down.float())
    try:
        update = update.T if isinstance(model.get_submodule(layer), Conv1D) else update
    except AttributeError as error:
        kind = type(model).__name__
        raise UserError(f"{source} has an adapter of {layer}, which is in no {kind}; check --base") from error
    if update.shape != weight.shape:
        raise UserError(f"{source}: the adapter of {layer} does not fit its layer; get the checkpoint again")
    with torch.no_grad():
        return weight.float() + update
