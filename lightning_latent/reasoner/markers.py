"""The tokens that mark latent reasoning, and what a checkpoint says about itself."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from lightning_latent.errors import UserError
from lightning_latent.reasoner.checks import shown, what_is_wrong
from lightning_latent.reasoner.text import ANSWER_MARK

START, END, LATENT = "<|start-latent|>", "<|end-latent|>", "<|latent|>"
CONFIG_KEY = "latent_reasoning"


class LatentMetadata(NamedTuple):
    """How a checkpoint thinks. Stored in its `config.json` under `latent_reasoning`.

    A marker is a token of the tokenizer, or the id of one outside it.
    """

    num_latents: int  # T, between the markers at inference
    thought: str = "hidden"  # or pause: the latent token's own embedding stands there instead
    markers: bool = True  # whether start and end markers surround the latents; chain-of-thought models have none
    replaced_steps: int | None = None  # leading steps that the latents stand for, the others being said; None for all
    start: str | int = START  # token before the first latent
    end: str | int | None = END  # token after the last one, or None: the first word is read off the last latent itself
    latent: str | int = LATENT  # placeholder of one latent
    question_end: str = "\n"  # what follows a question's text
    tidy_question: bool = False  # whether a question is stripped, and doubled spaces in it are made one
    eos_outside: bool = False  # whether the end of sequence stands before the start marker and after the end marker
    answer_start: str = ANSWER_MARK  # what precedes the answer among the words
    sayable: int | None = None  # greedy words are chosen among the first so many logits; None for all
    projection: bool = False  # whether a latent is a projection of the hidden state; its weights are beside the model's


def write_metadata(config: PreTrainedConfig, metadata: LatentMetadata) -> None:
    """Store the metadata in a model's configuration, from where `save_pretrained` writes it."""
    setattr(config, CONFIG_KEY, metadata._asdict())


def read_metadata(config: PreTrainedConfig) -> LatentMetadata | None:
    """The metadata stored in a model's configuration, or None."""
    stored = getattr(config, CONFIG_KEY, None)
    if stored is None:
        return None
    wrong = _what_is_wrong(stored) or _unsayable(stored, logits=getattr(config.get_text_config(), "vocab_size", None))
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
    sayable = stored.get("sayable")
    if sayable is not None and sayable < 1:
        return f"sayable is {sayable}, neither null nor a number of words from 1"
    for key in ("question_end", "answer_start"):
        if not stored.get(key, "").isprintable() and any("\ud800" <= sign <= "\udfff" for sign in stored[key]):
            return f"{key} holds half a character"
    if stored.get("thought", "hidden") not in ("hidden", "pause"):
        return f"thought is {shown(stored['thought'])}, neither 'hidden' nor 'pause'"
    return None


def _unsayable(stored: Mapping[str, Any], *, logits: int | None) -> str | None:
    number = stored.get("sayable")
    if number is None or (number >= 1 and (logits is None or number <= logits)):
        return None
    bound = "" if logits is None else f" to {logits}, the vocabulary's size (vocab_size)"
    return f"sayable is {shown(number)}, neither null nor from 1{bound}"


class Marks(NamedTuple):
    """Token ids around the latents."""

    opening: list[int]  # after the question, the last of which is the start marker
    closing: list[int]  # after the latents, the first of which is the end marker; none without one
    latent: int  # placeholder of one latent


def find_marks(metadata: LatentMetadata, tokenizer: PreTrainedTokenizerBase, *, rows: int) -> Marks:
    """The ids of a checkpoint's markers, whose table of embeddings has so many rows.

    Raises:
        UserError: The tokenizer, or the table, lacks one of them.
    """

    def find(marker: str | int) -> int:
        known = marker if isinstance(marker, int) else cast(int | None, tokenizer.convert_tokens_to_ids(marker))
        if metadata.markers and (known is None or (known == tokenizer.unk_token_id and marker != tokenizer.unk_token)):
            raise UserError(f"the tokenizer of {tokenizer.name_or_path} lacks {marker}; add it with add_markers")
        if isinstance(marker, int) and not 0 <= marker < rows:
            raise UserError(f"{CONFIG_KEY}: the marker {marker} is no row of the {rows} embeddings; import it again")
        return -1 if known is None else known

    outside = [cast(int, tokenizer.eos_token_id)] if metadata.eos_outside else []
    opening = [*outside, find(metadata.start)]
    return Marks(opening, [] if metadata.end is None else [find(metadata.end), *outside], find(metadata.latent))


def ready_markers(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> LatentMetadata:
    """What a model to be trained says of itself; the marker tokens are added where it does not have its own."""
    known = read_metadata(model.config) or LatentMetadata(0)
    if isinstance(known.start, str):
        add_markers(model, tokenizer)
    return known


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
