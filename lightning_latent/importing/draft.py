"""A reasoner that is being imported: read and checked, not yet written."""

from typing import NamedTuple, NoReturn

import torch
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from lightning_latent.errors import UserError
from lightning_latent.importing.reading import State
from lightning_latent.reasoner.checks import not_finite
from lightning_latent.reasoner.loading import load_config, load_tokenizer
from lightning_latent.reasoner.markers import LatentMetadata
from lightning_latent.reasoner.place import locate, pin

# Tables that older releases of transformers saved, and newer ones compute.
_COMPUTED = (".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq")


class Base(NamedTuple):
    """What a checkpoint was made from, without its weights."""

    path: str
    config: PreTrainedConfig
    tokenizer: PreTrainedTokenizerBase
    rows: int  # of its embeddings


class Draft(NamedTuple):
    """All that a reasoner consists of, its weights under the names of its architecture."""

    config: PreTrainedConfig
    tokenizer: PreTrainedTokenizerBase
    state: State
    metadata: LatentMetadata
    projection: State | None = None  # under the names of `Projection`


def load_base(path: str, *, commit: str | None = None) -> Base:
    """Load configuration and tokenizer of a directory or hub id; a `UserError` where there is none."""
    path = locate(path)
    commit = commit or pin(path)
    config = load_config(path, commit=commit)
    return Base(path, config, load_tokenizer(path, commit=commit), config.vocab_size)


def skeleton(config: PreTrainedConfig, *, rows: int) -> PreTrainedModel:
    """A model of an architecture without memory for its weights, with so many rows of embeddings."""
    config.vocab_size = rows
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    return model


def table_names(model: PreTrainedModel) -> tuple[str, str]:
    """The names of the weights of the input embeddings and of the output head."""
    tables: tuple[nn.Module, nn.Module] = (model.get_input_embeddings(), model.get_output_embeddings())
    names = {id(module): name for name, module in model.named_modules()}
    first, second = (f"{names[id(table)]}.weight" for table in tables)
    return first, second


def complete(state: State, model: PreTrainedModel, *, source: str) -> State:
    """Check that a state dict is that of a model, no more and no less, and tie its tables where the model's are tied.

    Args:
        state: Weights by the model's names. Of tied tables one may be missing; both must be equal.
        model: Its skeleton.
        source: Where the weights are from, for messages.

    Raises:
        UserError: A weight is missing, left over, of another shape, not finite, or unequal to its duplicate.
    """
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    state = {name: value for name, value in state.items() if name in expected or not name.endswith(_COMPUTED)}
    table, head = table_names(model)
    if model.config.tie_word_embeddings:
        state = {**state, table: tied(state, table, head, source=source)}
        state[head] = state[table]
    kind = type(model).__name__
    for name in sorted(expected.keys() - state.keys()):
        raise UserError(f"{source} lacks {name} of {kind}; check --format and --base")
    for name in sorted(state.keys() - expected.keys()):
        left_over(name, source=source, kind=kind)
    for name, shape in expected.items():
        if tuple(state[name].shape) != shape:
            raise UserError(f"{source}: {name} is {tuple(state[name].shape)}, the base's {shape}; check --base")
    if (lost := not_finite(state)) is not None:
        raise UserError(f"{source}: {lost} is not finite; the checkpoint is broken")
    return state


def left_over(name: str, *, source: str, kind: str) -> NoReturn:
    """Refuse a weight that would not be used."""
    raise UserError(f"{source} has {name}, which is in no {kind}; check --format and --base")


def tied(state: State, first: str, second: str, *, source: str) -> torch.Tensor:
    """One of two weights that must be one and the same; a `UserError` if both are missing or they differ."""
    found = [state[name] for name in (first, second) if name in state]
    if not found:
        raise UserError(f"{source} lacks {first}; check --format and --base")
    if len(found) == 2 and not torch.equal(*found):
        raise UserError(f"{source}: {first} and {second} should be equal and are not; check --base")
    return found[0]


def count_rows(state: State, base: Base, *, source: str) -> int:
    """Rows of the embeddings; a `UserError` where there are none of the base's architecture."""
    table, head = table_names(skeleton(base.config, rows=base.rows))
    for name in (table, head) if base.config.tie_word_embeddings else (table,):
        if name in state:
            return len(state[name])
    raise UserError(f"{source} lacks {table} of {base.config.model_type}; check --format and --base")
