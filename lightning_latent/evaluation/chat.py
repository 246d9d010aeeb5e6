"""What a chat model reads and where its turn ends, by its tokenizer's template and its configurations."""

from collections.abc import Sequence
from typing import Any

import torch
from jinja2 import TemplateError
from torch import Tensor
from transformers import LogitsProcessor, PreTrainedModel, PreTrainedTokenizerBase

from lightning_latent.errors import UserError

_TRIED = "How many?"


def chat(tokenizer: Any, text: str, *, system: str | None) -> str:
    """A message, after a system message if there is one, in the tokenizer's template, up to where the answer begins."""
    before = [] if system is None else [{"role": "system", "content": system}]
    messages = [*before, {"role": "user", "content": text}]
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


def check_template(tokenizer: Any, *, path: str, system: str | None) -> None:
    """Refuse, by a `UserError`, a tokenizer without a chat template, or one that fails or leaves a message out."""
    if tokenizer.chat_template is None:
        raise UserError(f"the tokenizer of {path!r} has no chat template; name an instruction-tuned model")
    try:
        without = chat(tokenizer, _TRIED, system=None)
    except (TemplateError, TypeError, ValueError) as error:
        raise UserError(f"the chat template of {path!r} fails ({_first_line(error)}); correct it") from None
    if _TRIED not in without:
        raise UserError(f"the chat template of {path!r} leaves the question out; correct it")
    if system is None:
        return
    try:
        told = chat(tokenizer, _TRIED, system=system)
    except (TemplateError, TypeError, ValueError) as error:
        raise UserError(
            f"model.system: {path!r} takes no system message ({_first_line(error)}); leave it out"
        ) from None
    if system.strip() not in told:
        raise UserError(f"model.system: the chat template of {path!r} leaves system messages out; leave it out too")


def encode_chats(tokenizer: Any, chats: Sequence[str]) -> list[list[int]]:
    """Token ids of each chat. The template has written the special tokens; a beginning of sequence counts once."""
    rows: list[list[int]] = tokenizer(list(chats), add_special_tokens=False)["input_ids"]
    begin = tokenizer.bos_token_id
    return [row[1:] if begin is not None and row[:2] == [begin, begin] else row for row in rows]


def stop_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The tokens at which a model ends its turn: those of its generation config, and the tokenizer's own."""
    told: Any = model.generation_config.eos_token_id
    stops = [told] if isinstance(told, int) else list(told or [])
    own = tokenizer.eos_token_id
    return stops if own is None or own in stops else [*stops, own]


class LostRows(LogitsProcessor):
    """Takes down for which of B rows a model computes what is no number, and changes nothing."""

    def __init__(self) -> None:
        self.rows: Tensor | None = None

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Look at the scores `[B, V]` of the next token."""
        lost = ~torch.isfinite(scores.amax(-1))  # not-a-number is the greatest of all
        self.rows = lost if self.rows is None else self.rows | lost
        return scores


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:160] or type(error).__name__
