"""Saying an answer from where the latents end: decoded greedily, or the likeliest of a question's options."""

import math
from collections.abc import Sequence
from itertools import chain
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.reasoner.context import Context, select_rows
from lightning_latent.reasoner.loss import token_loss
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.reasoner.text import ANSWER_MARK, encode_step_rows, pad_left

Scoring = Literal["generate", "likelihood", "likelihood_per_character"]
"""`generate` decodes greedily. `likelihood` takes the most likely of the question's options, after the latents; without
latents, after the steps that the model writes. `likelihood_per_character` divides by the options' length."""


class Said(NamedTuple):
    """What was said to B questions: the texts generated, the answers, the numbers of tokens."""

    texts: list[str]
    answers: list[str]
    tokens: list[int]
    read: bool = False  # the answers were read out of the texts, not chosen among options or put together

    def replaced(self, rows: Sequence[int], by: "Said") -> "Said":
        """The same with other words in some rows."""
        texts, answers, tokens = list(self.texts), list(self.answers), list(self.tokens)
        for place, row in enumerate(rows):
            texts[row], answers[row], tokens[row] = by.texts[place], by.answers[place], by.tokens[place]
        return Said(texts, answers, tokens, self.read)


def say(
    reasoner: LatentReasoner,
    context: Context,
    examples: Sequence[Example],
    *,
    benchmark: Benchmark,
    max_new_tokens: int,
    scoring: Scoring = "generate",
) -> Said:
    """Answer from where the latents end.

    Args:
        reasoner: The model.
        context: B questions, read up to the end marker.
        examples: The same questions.
        benchmark: How an answer is read out of a text.
        max_new_tokens: Most tokens of an answer, steps in words included.
        scoring: How the answer is found.

    Raises:
        UserError: Options are to be scored, and a question has none.
    """
    if scoring == "generate":
        texts, tokens = reasoner.decode_texts(context, max_new_tokens=max_new_tokens)
        answers = [benchmark.extract(marked(text, reasoner.metadata.answer_start)) for text in texts]
        return Said(texts, answers, tokens, read=True)
    for example in examples:
        if not example.options:
            raise UserError(f"question {example.id} has no options to choose from; set model.scoring to generate")
    texts, tokens = [""] * len(examples), [0] * len(examples)
    if reasoner.num_latents == 0:
        texts, tokens = write_steps(reasoner, context, max_new_tokens=max_new_tokens)
        context = read_steps(reasoner, context, texts)
    scores = option_scores(reasoner, context, [example.options for example in examples])
    per_character = scoring == "likelihood_per_character"
    answers = [
        choose(row, example.options, per_character=per_character) for row, example in zip(scores, examples, strict=True)
    ]
    return Said(texts, answers, tokens)


def marked(text: str, own: str) -> str:
    """A text with `###` in the place of a reasoner's own mark of an answer; benchmarks look for that first.

    >>> marked("The answer is: Tom is a lempus.", "The answer is: ")
    '### Tom is a lempus.'
    """
    return text if own == ANSWER_MARK else text.replace(own.strip(), ANSWER_MARK.strip())


def option_scores(reasoner: LatentReasoner, context: Context, options: Sequence[Sequence[str]]) -> list[list[float]]:
    """Log-likelihood in nats of each question's options as the answer, what precedes it and the end of sequence too."""
    if len(set(map(len, options))) == 1:  # option by option, so that nothing that was read has to be repeated
        columns = [reasoner.word_ids(column) for column in zip(*options, strict=True)]
        shared = shared_start(columns)
        first, after = _read_on(reasoner, context, [row[:shared] for row in columns[0]])
        found = [first + reasoner.score_ids(after, [row[shared:] for row in column])[0] for column in columns]
        return [list(map(float, row)) for row in torch.stack(found, dim=1).tolist()]
    rows = torch.tensor([row for row, texts in enumerate(options) for _ in texts], device=context.mask.device)
    scores, _ = reasoner.score(select_rows(context, rows), list(chain.from_iterable(options)))
    parts = torch.split(scores, [len(texts) for texts in options])
    return [part.tolist() for part in parts]


def shared_start(columns: Sequence[Sequence[Sequence[int]]]) -> int:
    """With how many of its tokens every option of a question begins alike, in all questions; one token is left to each.

    Args:
        columns: Token ids by option, then by question.

    >>> shared_start([[[5, 6, 7], [5, 8, 9, 2]], [[5, 6, 4], [5, 8, 2]]])
    2
    """
    starts = [
        next(
            (place for place, tokens in enumerate(zip(*row, strict=False)) if len(set(tokens)) > 1),
            len(min(row, key=len)),
        )
        for row in zip(*columns, strict=True)
    ]
    return min(*starts, *(len(row) - 1 for column in columns for row in column))


def _read_on(reasoner: LatentReasoner, context: Context, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Context]:
    """Log-likelihood `[B]` of token ids `[B, K]`, and the context after them."""
    ids = torch.tensor(rows, dtype=torch.long, device=context.mask.device)
    if not ids.shape[1]:
        return context.hidden.new_zeros(len(rows)), context
    hidden, after = reasoner.extend(context, reasoner.embed(ids))
    logits = reasoner.logits(torch.cat([context.hidden.unsqueeze(1), hidden[:, :-1]], dim=1))
    return -token_loss(logits.flatten(0, 1), ids.flatten()).view_as(ids).sum(-1), after


def choose(scores: Sequence[float], options: Sequence[str], *, per_character: bool) -> str:
    """The most likely option, the first of equals; no answer, the empty text, where a score is no number.

    `per_character` divides by an option's length, as evaluation harnesses do for their `acc_norm`: long options are
    less likely than short ones merely by their length.

    >>> choose([-3.0, -4.0], ["no", "not at all"], per_character=False)
    'no'
    >>> choose([-3.0, -4.0], ["no", "not at all"], per_character=True)
    'not at all'
    >>> choose([float("nan"), -4.0], ["no", "not at all"], per_character=False)
    ''
    """
    if not math.isfinite(max(scores)) or any(map(math.isnan, scores)):  # minus infinity is a likelihood of zero
        return ""
    values = [score / len(text) if per_character else score for score, text in zip(scores, options, strict=True)]
    return options[max(range(len(options)), key=values.__getitem__)]


@torch.no_grad()
def write_steps(reasoner: LatentReasoner, context: Context, *, max_new_tokens: int) -> tuple[list[str], list[int]]:
    """Decode steps greedily; every row stops at its answer mark, since no answer is wanted.

    Returns:
        The texts up to and including the mark, and how many tokens stand before it: none in a model that answers at
        once. Rows without a mark count whole.
    """
    mark = reasoner.metadata.answer_start.strip()
    rows: list[list[int]] = [[] for _ in range(context.batch_size)]
    going = set(range(context.batch_size))
    for step in range(max_new_tokens):
        tokens = reasoner.next_token(context.hidden)
        for number, token in enumerate(tokens.tolist()):
            if number in going:
                rows[number].append(token)
                # The mark has a few characters, so it lies within the last few tokens.
                if token == reasoner.tokenizer.eos_token_id or mark in _text(reasoner, rows[number][-len(mark) - 5 :]):
                    going.remove(number)
        if not going or step + 1 == max_new_tokens:
            break
        context = reasoner.feed(context, reasoner.embed(tokens))
    return [_text(reasoner, row) for row in rows], [_count_before_mark(reasoner, row) for row in rows]


def _text(reasoner: LatentReasoner, ids: Sequence[int]) -> str:
    return str(reasoner.tokenizer.decode(list(ids), skip_special_tokens=True))


def _count_before_mark(reasoner: LatentReasoner, row: Sequence[int]) -> int:
    """How many tokens of a row stand wholly before its mark, which is at its end if there is one."""
    before, mark, _ = _text(reasoner, row).partition(reasoner.metadata.answer_start.strip())
    count = len(row)
    while mark and count and len(_text(reasoner, row[:count])) > len(before):
        count -= 1
    return count


def read_steps(reasoner: LatentReasoner, context: Context, texts: Sequence[str]) -> Context:
    r"""Read the steps that generated texts, such as `2 + 2 = 4\n### 4`, hold before their mark."""
    mark = reasoner.metadata.answer_start.strip()
    steps = [[line for line in text.rpartition(mark)[0].split("\n") if line.strip()] for text in texts]
    rows = encode_step_rows(reasoner.tokenizer, steps)
    if not any(rows):
        return context
    # Padded on the left, between question and steps: what comes next must follow the last column of every row.
    ids, mask = pad_left(rows, pad=reasoner.pad_id, device=context.mask.device)
    _, after = reasoner.extend(context, reasoner.embed(ids), mask)
    silent: Tensor = mask.sum(-1, keepdim=True) == 0
    return Context(cache=after.cache, mask=after.mask, hidden=torch.where(silent, context.hidden, after.hidden))
