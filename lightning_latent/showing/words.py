"""What latents say: the nearest words of all, and of the question's own, beside the gold steps that these belong to.

Legend: T latents, D hidden size, S gold steps, V vocabulary.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_latent.data.example import Example
from lightning_latent.reasoner.open_thoughts import Word, nearest
from lightning_latent.reasoner.reasoner import LatentReasoner

_COMMON = 0.5  # a token in more than this share of questions is grammar, and says nothing of a step


class StepWords(NamedTuple):
    """The tokens of one question that carry meaning."""

    own: list[int]  # those of question and steps, among which the nearest is looked for
    steps: list[set[int]]  # those of each gold step


class Thought(NamedTuple):
    """What one latent says by the model's output head."""

    nearest: list[Word]  # of the whole vocabulary, the likeliest first
    own_word: str  # the likeliest of the question's own; empty where it has none
    steps: list[int]  # the gold steps that this word belongs to, from 0
    shares: list[float]  # probability of each gold step's words, of all that the question's own words have


def step_words(reasoner: LatentReasoner, examples: Sequence[Example]) -> list[StepWords]:
    """The tokens of each question and of its gold steps, but those that most questions have: they are grammar.

    What is grammar can be told from several questions only. A token of two steps counts for both. Words are taken with
    and without a blank before them, which tokenizers tell apart.
    """
    steps = [[_tokens(reasoner, step) for step in example.steps] for example in examples]
    whole = [
        _tokens(reasoner, example.question).union(*own_steps)
        for example, own_steps in zip(examples, steps, strict=True)
    ]
    counts = Counter(token for tokens in whole for token in tokens)
    common = {token for token, count in counts.items() if count > max(1, _COMMON * len(examples))}
    common |= set(reasoner.tokenizer.all_special_ids)
    return [
        StepWords(sorted(tokens - common), [step - common for step in own_steps])
        for tokens, own_steps in zip(whole, steps, strict=True)
    ]


@torch.no_grad()
def nearest_words(reasoner: LatentReasoner, words: StepWords, latents: Tensor) -> list[int]:
    """The likeliest of a question's own tokens at each of its latents `[T, D]`; -1 where it has none."""
    if not words.own:
        return [-1] * len(latents)
    logits = reasoner.logits(latents.to(reasoner.dtype))[:, words.own]
    return [words.own[place] for place in logits.argmax(-1).tolist()]


@torch.no_grad()
def step_shares(reasoner: LatentReasoner, words: StepWords, latents: Tensor) -> list[list[float]]:
    """Of the probability of all of a question's own words at a latent `[T, D]`, the share of each gold step's: T x S.

    A word of several steps counts for each of them in part, so that a latent's shares never add up to more than one.
    """
    if not words.own:
        return [[0.0] * len(words.steps) for _ in latents]
    probabilities = reasoner.logits(latents.to(reasoner.dtype))[:, words.own].float().softmax(-1)
    belongs = torch.tensor([[token in step for token in words.own] for step in words.steps]).float()
    belongs = belongs.reshape(len(words.steps), len(words.own)).to(probabilities)
    return (probabilities @ (belongs / belongs.sum(0).clamp(min=1)).T).tolist()


def read_thoughts(reasoner: LatentReasoner, words: StepWords, latents: Tensor, *, count: int = 3) -> list[Thought]:
    """Read the latents `[T, D]` of one question.

    Args:
        reasoner: The model, whose output head reads them.
        words: The question's own, one of `step_words`.
        latents: What it thought.
        count: How many of the nearest words of the whole vocabulary.
    """
    own = nearest_words(reasoner, words, latents)
    return [
        Thought(
            said,
            "" if token < 0 else str(reasoner.tokenizer.decode([token])),
            [number for number, step in enumerate(words.steps) if token in step],
            shares,
        )
        for said, token, shares in zip(
            nearest(reasoner, latents[None], count=count)[0], own, step_shares(reasoner, words, latents), strict=True
        )
    ]


def _tokens(reasoner: LatentReasoner, text: str) -> set[int]:
    encode = reasoner.tokenizer
    found = {token for said in (text, " " + text) for token in encode(said, add_special_tokens=False)["input_ids"]}
    return found - {encode.unk_token_id}
