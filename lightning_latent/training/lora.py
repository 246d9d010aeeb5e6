"""Low-rank adapters on a Hugging Face model that stays a Hugging Face model.

PEFT's layers are put inside the model, which keeps its class: what reads it (the reasoner, the training) need not know.
Its own `PeftModel` stands around the model instead, and is needed only to load an adapter elsewhere.
"""

import json
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model_state_dict, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from peft.utils import TrainableTokensWrapper
from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from lightning_latent.errors import UserError

ADAPTER = "default"
# How `PeftModel`, which stands around the model, calls its parts; adapter files bear these names.
_PREFIX = "base_model.model."


def add_lora(
    model: PreTrainedModel,
    *,
    rank: int,
    alpha: float,
    dropout: float,
    targets: str | list[str],
    trainable_tokens: list[int],
    revision: str | None = None,
) -> PreTrainedModel:
    """Freeze a model and put trainable low-rank adapters, `W + (alpha / rank) B A`, on its linear layers.

    Args:
        model: The model, changed in place.
        rank: Rank of A and B.
        alpha: Scale of the product.
        dropout: Dropout before A.
        targets: Names of the layers, or `all-linear` for all but the output head.
        trainable_tokens: Tokens whose embeddings, and output rows where these are not the same table, are trained too.
        revision: The base's commit, tag or branch, for whoever loads the adapter.

    Returns:
        The same model. What is trained is in float32, whatever the type of the frozen weights.

    Raises:
        UserError: No layer has one of the names.
    """
    config = LoraConfig(
        task_type="CAUSAL_LM",
        base_model_name_or_path=model.name_or_path,
        revision=revision,
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=targets,
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
        trainable_token_indices={table: trainable_tokens for table in _token_tables(model)},
    )
    try:
        model = inject_adapter_in_model(config, model, ADAPTER)
    except ValueError as error:
        reason = str(error).strip().partition("\n")[0]
        raise UserError(f"base.lora_targets {targets!r}: {reason}") from error
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()  # small steps are lost in half precision
    return model


def has_lora(model: PreTrainedModel) -> bool:
    """Whether `add_lora` has been here."""
    return any(isinstance(module, LoraLayer) for module in model.modules())


@torch.no_grad()
def merged(model: PreTrainedModel) -> PreTrainedModel:
    """A model without adapters that computes the same: a copy that shares the weights which no adapter changes."""
    weights = {_plain(name): value for name, value in model.state_dict().items() if not _is_adapters(name)}
    for name, module in model.named_modules():
        if isinstance(module, LoraLayer):
            weight = module.get_base_layer().weight
            weights[f"{name}.weight"] = (weight.float() + module.get_delta_weight(ADAPTER).float()).to(weight)
        elif isinstance(module, TrainableTokensWrapper):
            weights[f"{name}.weight"] = module.weight
    with torch.device("meta"):  # only the shape of a model: its weights are at hand
        plain = type(model)(model.config)
    plain.load_state_dict(weights, assign=True)
    for name, buffer in model.named_buffers():  # rotary tables and the like are in no state dict
        owner, _, leaf = _plain(name).rpartition(".")
        if not _is_adapters(name):
            setattr(plain.get_submodule(owner), leaf, buffer)
    plain.tie_weights()
    plain.generation_config = model.generation_config
    return plain


def save_adapter(model: PreTrainedModel, path: Path) -> None:
    """Save what was trained as a PEFT adapter directory, with the model's configuration beside it."""
    path.mkdir(parents=True, exist_ok=True)
    # Without the embedding layers: the rows that were trained are there anyway, and asking whether the base's were
    # changed would ask the network.
    weights: dict[str, Tensor] = get_peft_model_state_dict(model, adapter_name=ADAPTER, save_embedding_layers=False)
    named = {_PREFIX + name: value.detach().cpu().contiguous() for name, value in weights.items()}
    save_file(named, path / "adapter_model.safetensors", metadata={"format": "pt"})
    config: dict[str, Any] = {**model.peft_config[ADAPTER].to_dict(), "inference_mode": True}
    plain = {key: sorted(value) if isinstance(value, set) else value for key, value in config.items()}
    (path / "adapter_config.json").write_text(json.dumps(plain, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    model.config.save_pretrained(path)


def _token_tables(model: PreTrainedModel) -> list[str]:
    """Names of the tables with a row for each token; a tied output head follows the embeddings by itself."""
    tables = [model.get_input_embeddings()]
    if model.get_output_embeddings().weight is not tables[0].weight:
        tables.append(model.get_output_embeddings())
    return [name.rpartition(".")[2] for name, module in model.named_modules() if module in tables]


def _is_adapters(name: str) -> bool:
    return any(part.startswith(("lora_", "trainable_tokens_")) for part in name.split("."))


def _plain(name: str) -> str:
    return name.replace(".token_adapter.", ".").replace(".base_layer.", ".")
