"""Low-rank adapters, by PEFT.

PEFT puts its layers inside the Hugging Face model, which keeps its class: what reads the model (the reasoner, the
training) need not know of them. The `PeftModel` around it is kept for saving and merging alone.
"""

import copy
from pathlib import Path
from typing import cast

from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from lightning_latent.errors import UserError


def add_lora(
    model: PreTrainedModel,
    *,
    rank: int,
    alpha: float,
    dropout: float,
    targets: str | list[str],
    trainable_tokens: list[int],
    revision: str | None = None,
) -> PeftModel:
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
        PEFT's model around the given one. What is trained is in float32 where the frozen weights are in half precision,
        in which small steps would be lost.

    Raises:
        UserError: No layer has one of the names.
    """
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=rank,
        lora_alpha=alpha,  # type: ignore[arg-type]  # any number will do
        lora_dropout=dropout,
        target_modules=targets,
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
        trainable_token_indices={table: trainable_tokens for table in _token_tables(model)},
    )
    try:
        return get_peft_model(model, config, revision=revision)
    except ValueError as error:
        reason = str(error).strip().partition("\n")[0]
        raise UserError(f"base.lora_targets {targets!r}: {reason}") from error


def merged(adapters: PeftModel) -> PreTrainedModel:
    """A copy of the model without adapters that computes the same.

    A copy, since taking merged adapters out again would leave rounding errors in half-precision weights.
    """
    return copy.deepcopy(adapters).merge_and_unload()


def save_adapter(adapters: PeftModel, path: Path) -> None:
    """Save what was trained as a PEFT adapter directory, with the model's configuration beside it."""
    # Without the embedding layers: the rows that were trained are there anyway, and asking whether the base's were
    # changed would ask the network.
    adapters.save_pretrained(str(path), save_embedding_layers=False)
    cast(PreTrainedModel, adapters.get_base_model()).config.save_pretrained(path)


def _token_tables(model: PreTrainedModel) -> list[str]:
    """Names of the tables with a row for each token; a tied output head follows the embeddings by itself."""
    tables = [model.get_input_embeddings()]
    if model.get_output_embeddings().weight is not tables[0].weight:
        tables.append(model.get_output_embeddings())
    return [name.rpartition(".")[2] for name, module in model.named_modules() if module in tables]
