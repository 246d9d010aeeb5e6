"""Text to tokens, in the pieces that latent reasoners train on.

A training text has one line for the question, one for each step and one for the answer, which begins with `### ` and
ends with the end-of-sequence token. Pieces are tokenised alone, each with its newline, so that steps can be dropped
without touching their neighbours. Checkpoints of other origins say in their metadata what differs.
"""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

ANSWER_MARK = "### "


def as_batch(texts: str | Sequence[str]) -> list[str]:
    """A batch of texts, of which a string is a batch of one, and never its characters.

    >>> as_batch("Is it?"), as_batch(("Is it?", "Was it?"))
    (['Is it?'], ['Is it?', 'Was it?'])
    """
    return [texts] if isinstance(texts, str) else list(texts)


def encode_questions(
    tokenizer: PreTrainedTokenizerBase, questions: Sequence[str], *, end: str = "\n", tidy: bool = False
) -> list[list[int]]:
    """Token ids of `question + end`, with the tokenizer's own special tokens in front.

    `tidy` strips questions first and makes two spaces in them one.
    """
    if tidy:
        questions = [question.strip().replace("  ", " ") for question in questions]
    return _encode(tokenizer, [question + end for question in questions], special=True)


def encode_step_rows(tokenizer: PreTrainedTokenizerBase, rows: Sequence[Sequence[str]]) -> list[list[int]]:
    """Token ids of the steps of each row, `step + newline` one after the other; all are tokenised in one call."""
    pieces = iter(_encode(tokenizer, [step + "\n" for row in rows for step in row]))
    return [[token for _ in row for token in next(pieces)] for row in rows]


def encode_answers(
    tokenizer: PreTrainedTokenizerBase, answers: Sequence[str], *, start: str = ANSWER_MARK
) -> list[list[int]]:
    """Token ids of `start + answer` and the end-of-sequence token."""
    pieces = _encode(tokenizer, [start + answer for answer in answers])
    return [[*piece, tokenizer.eos_token_id] for piece in pieces]


def encode_words(
    tokenizer: PreTrainedTokenizerBase,
    answers: Sequence[str],
    steps: Sequence[Sequence[str]] | None = None,
    *,
    start: str = ANSWER_MARK,
) -> list[list[int]]:
    """Token ids of what is said after the latents: the steps that are left, if any, then `start` and the answer."""
    said = encode_answers(tokenizer, answers, start=start)
    if steps is None:
        return said
    return [[*words, *answer] for words, answer in zip(encode_step_rows(tokenizer, steps), said, strict=True)]


def _encode(tokenizer: PreTrainedTokenizerBase, texts: list[str], *, special: bool = False) -> list[list[int]]:
    # Tokenizers fail where there is nothing to read.
    return tokenizer(texts, add_special_tokens=special)["input_ids"] if texts else []


def pad_left(rows: Sequence[Sequence[int]], *, pad: int, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Ids `[B, L]`, padded on the left so that each row ends in the last column, and mask `[B, L]`, 1 for real ones."""
    width = max(map(len, rows))
    ids = torch.tensor([[pad] * (width - len(row)) + list(row) for row in rows], device=device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=device)
    return ids, mask


def pad_right(rows: Sequence[Sequence[int]], *, pad: int, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Ids `[B, L]`, padded on the right, and mask `[B, L]`, 1 for real ones."""
    width = max(map(len, rows))
    ids = torch.tensor([list(row) + [pad] * (width - len(row)) for row in rows], device=device)
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=device)
    return ids, mask


def warn_of_unknown(
    tokenizer: PreTrainedTokenizerBase, rows: Sequence[Sequence[int]], questions: Sequence[str]
) -> bool:
    """Warn of the first question with a word that the tokenizer does not know; whether there is one."""
    unknown, others = tokenizer.unk_token_id, (tokenizer.bos_token_id, tokenizer.eos_token_id)
    if unknown is None or unknown in others:
        return False
    strange = next((question for row, question in zip(rows, questions, strict=True) if unknown in row), None)
    if strange is not None:
        message = f"the tokenizer does not know all words of {strange[:60]!r}; is it made for these questions?"
        warnings.warn(message, stacklevel=3)
    return strange is not None
