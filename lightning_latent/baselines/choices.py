"""Multiple choice by log-likelihood: the option that a model finds the most likely answer."""

from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor

from lightning_latent.reasoner.context import Context, select_rows
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.reasoner.text import ANSWER_MARK, encode_step_rows, pad_left

_MARK = ANSWER_MARK.strip()


def option_scores(reasoner: LatentReasoner, context: Context, options: Sequence[Sequence[str]]) -> list[list[float]]:
    """Log-likelihood of each option as the answer, `### option` and the end-of-sequence token.

    All options of all questions are scored in one call.

    Args:
        reasoner: The model.
        context: B questions, read up to where the answer begins.
        options: The options of each.

    Returns:
        Nats, for each question and option.
    """
    rows = torch.tensor([row for row, texts in enumerate(options) for _ in texts], device=context.mask.device)
    scores, _ = reasoner.score(select_rows(context, rows), list(chain.from_iterable(options)))
    parts = torch.split(scores, [len(texts) for texts in options])
    return [part.tolist() for part in parts]


def choose(scores: Sequence[float], options: Sequence[str], *, per_character: bool) -> str:
    """The most likely option, the first of equals.

    Args:
        scores: Log-likelihood of each option.
        options: The options.
        per_character: Divide each by its option's length, as evaluation harnesses do for their `acc_norm`: long options
            are less likely than short ones merely by their length.

    >>> choose([-3.0, -4.0], ["no", "not at all"], per_character=False)
    'no'
    >>> choose([-3.0, -4.0], ["no", "not at all"], per_character=True)
    'not at all'
    """
    values = [score / len(text) if per_character else score for score, text in zip(scores, options, strict=True)]
    return options[max(range(len(options)), key=values.__getitem__)]


@torch.no_grad()
def write_steps(reasoner: LatentReasoner, context: Context, *, max_new_tokens: int) -> tuple[list[str], list[int]]:
    """Decode steps greedily; every row stops at its answer mark, since no answer is wanted.

    Args:
        reasoner: The model.
        context: B questions.
        max_new_tokens: Most tokens a row may get.

    Returns:
        The texts up to and including the mark, and how many tokens stand before it: none in a model that answers at
        once. Rows without a mark count whole.
    """
    rows: list[list[int]] = [[] for _ in range(context.batch_size)]
    going = set(range(context.batch_size))
    for step in range(max_new_tokens):
        tokens = reasoner.logits(context.hidden).argmax(-1)
        for number, token in enumerate(tokens.tolist()):
            if number in going:
                rows[number].append(token)
                # The mark has three characters, so it lies within the last few tokens.
                if token == reasoner.tokenizer.eos_token_id or _MARK in _text(reasoner, rows[number][-8:]):
                    going.remove(number)
        if not going or step + 1 == max_new_tokens:
            break
        context = reasoner.think(context, reasoner.embed(tokens))
    return [_text(reasoner, row) for row in rows], [_count_before_mark(reasoner, row) for row in rows]


def _text(reasoner: LatentReasoner, ids: Sequence[int]) -> str:
    return reasoner.tokenizer.decode(ids, skip_special_tokens=True)


def _count_before_mark(reasoner: LatentReasoner, row: Sequence[int]) -> int:
    """How many tokens of a row stand wholly before its mark, which is at its end if there is one."""
    before, mark, _ = _text(reasoner, row).partition(_MARK)
    count = len(row)
    while mark and count and len(_text(reasoner, row[:count])) > len(before):
        count -= 1
    return count


def read_steps(reasoner: LatentReasoner, context: Context, texts: Sequence[str]) -> Context:
    r"""Read the steps that generated texts hold before their answer mark; the options are scored after them.

    Args:
        reasoner: The model.
        context: B questions.
        texts: What was generated for each, such as `2 + 2 = 4\n### 4`.
    """
    steps = [[line for line in text.rpartition(_MARK)[0].split("\n") if line.strip()] for text in texts]
    rows = encode_step_rows(reasoner.tokenizer, steps)
    if not any(rows):
        return context
    # Padded on the left, between question and steps: what comes next must follow the last column of every row.
    ids, mask = pad_left(rows, pad=reasoner.pad_id, device=context.mask.device)
    _, after = reasoner.extend(context, reasoner.embed(ids), mask)
    silent: Tensor = mask.sum(-1, keepdim=True) == 0
    return Context(cache=after.cache, mask=after.mask, hidden=torch.where(silent, context.hidden, after.hidden))
