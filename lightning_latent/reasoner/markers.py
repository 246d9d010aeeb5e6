"""The tokens that mark latent reasoning, and what a checkpoint says about itself."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from lightning_latent.errors import UserError
from lightning_latent.reasoner.checks import shown, what_is_wrong

START, END, LATENT = "<|start-latent|>", "<|end-latent|>", "<|latent|>"
CONFIG_KEY = "latent_reasoning"


class LatentMetadata(NamedTuple):
    """How a checkpoint thinks. Stored in its `config.json` under `latent_reasoning`."""

    num_latents: int  # T, between the markers at inference
    thought: str = "hidden"  # or pause: the latent token's own embedding stands there instead
    markers: bool = True  # whether start and end markers surround the latents; chain-of-thought models have none
    replaced_steps: int | None = None  # leading steps that the latents stand for, the others being said; None for all
    start: str = START  # token before the first latent
    end: str | None = END  # token after the last one, or None: the first word is then read off the last latent itself
    latent: str = LATENT  # placeholder of one latent


def write_metadata(config: PreTrainedConfig, metadata: LatentMetadata) -> None:
    """Store the metadata in a model's configuration, from where `save_pretrained` writes it."""
    setattr(config, CONFIG_KEY, metadata._asdict())


def read_metadata(config: PreTrainedConfig) -> LatentMetadata | None:
    """The metadata stored in a model's configuration, or None."""
    stored = getattr(config, CONFIG_KEY, None)
    if stored is None:
        return None
    wrong = _what_is_wrong(stored)
    if wrong is not None:
        raise UserError(f"config.json of {config.name_or_path}: {CONFIG_KEY}: {wrong}; write it with save_reasoner")
    return LatentMetadata(**stored)


def _what_is_wrong(stored: object) -> str | None:
    if not isinstance(stored, dict):
        return f"it is {shown(stored)}, not an object"
    unknown = sorted(set(stored) - set(LatentMetadata._fields))
    if unknown:
        return f"unknown key {shown(unknown[0])}"
    if (wrong := what_is_wrong(stored)) is not None:
        return wrong
    number = stored.get("num_latents")
    if not isinstance(number, int) or number < 0:
        return f"num_latents is {shown(number)}, not a number of latents"
    replaced = stored.get("replaced_steps")
    if replaced is not None and (not isinstance(replaced, int) or replaced < 0):
        return f"replaced_steps is {replaced!r}, neither null nor a number of steps"
    if stored.get("thought", "hidden") not in ("hidden", "pause"):
        return f"thought is {shown(stored['thought'])}, neither 'hidden' nor 'pause'"
    return None


def add_markers(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, like: str = "<<") -> None:
    """Add the three marker tokens, their embeddings and output rows copied from the token `like`.

    Registered as special tokens, so that decoding an answer leaves them out. Where the tokenizer does not know `like`
    as one token, its first piece serves; where it has none at all, the end-of-sequence token does.
    """
    known = tokenizer.get_vocab()
    new = [token for token in (START, END, LATENT) if token not in known]
    if new:
        tokenizer.add_special_tokens({"extra_special_tokens": new}, replace_extra_special_tokens=False)
        fit_vocabulary(model, tokenizer, new=new, like=like)


def fit_vocabulary(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, new: Sequence[str] = (), like: str = "<<"
) -> None:
    """Make room for tokens that were added to the tokenizer; their rows, and those of `new`, are copied from `like`."""
    rows = cast(Tensor, model.get_input_embeddings().weight).shape[0]
    ids = [*cast(list[int], tokenizer.convert_tokens_to_ids(list(new))), *range(rows, len(tokenizer))]
    if len(tokenizer) > rows:
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    pieces = [i for i in tokenizer.encode(like, add_special_tokens=False) if i != tokenizer.unk_token_id]
    source = pieces[0] if pieces else tokenizer.eos_token_id
    # Tied tables are one and the same; copying twice does no harm.
    heads = (model.get_input_embeddings(), model.get_output_embeddings())
    for table in (cast(Tensor, head.weight).data for head in heads if head is not None):
        table[ids] = table[source].clone()
