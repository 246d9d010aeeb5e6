"""Views: the same question told otherwise, whose answer can be translated back."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lightning_latent.data.example import Example

_WORD = re.compile(r"\w+")


class View(NamedTuple):
    """A question told otherwise."""

    example: Example  # what is asked instead, with its own gold answer, steps and options
    order: tuple[int, ...] = ()  # for each of its options, the place of the same option in the original question
    words: Mapping[str, str] = {}  # what its words are in the original question
    answers: Mapping[str, str] = {}  # what whole answers to it, such as a letter, are there

    def back(self, answer: str) -> str:
        """Translate an answer to the view into one to the original question.

        >>> example = Example("1", "Is Eva a lempus or terpus?", (), "Eva is a terpus.")
        >>> View(example, words={"Eva": "Tom", "terpus": "gorpus"}).back("Eva is a terpus.")
        'Tom is a gorpus.'
        """
        return self.answers[answer] if answer in self.answers else replaced_words(answer, self.words)

    def in_order(self, scores: Sequence[float]) -> list[float]:
        """What belongs to its options, one each, in the order of the original question's."""
        return [scores[self.order.index(place)] for place in range(len(scores))]


def answerable(example: Example) -> Example:
    """An example with a gold answer in any case, since tellings are made of one: where none is known, its first option.

    >>> answerable(Example("1", "Is it?", (), "", ("yes", "no"))).answer
    'yes'
    """
    return example._replace(answer=example.options[0]) if not example.answer and example.options else example


def replaced_words(text: str, words: Mapping[str, str]) -> str:
    """Put other words in the place of some, all at once, so that two may change places.

    >>> replaced_words("Tom saw Eva's terpus.", {"Tom": "Eva", "Eva": "Tom"})
    "Eva saw Tom's terpus."
    """
    return _WORD.sub(lambda match: words.get(match[0], match[0]), text) if words else text


def permutation(rng: random.Random, names: Sequence[str], pool: Sequence[str]) -> dict[str, str]:
    """Give each name another of a pool, or itself, no two the same.

    Args:
        rng: Source of randomness.
        names: What is renamed, each once.
        pool: What there is to choose from, at least as many.
    """
    return dict(zip(names, rng.sample(list(pool), len(names)), strict=True))


def renamed_from(names: Sequence[str], pool: Sequence[str], rng: random.Random) -> dict[str, str]:
    """Give each name another of a pool, where all names are of it; else let them change places among themselves."""
    return permutation(rng, names, pool if set(names) <= set(pool) else names)


def inverse(words: Mapping[str, str]) -> dict[str, str]:
    """The way back of a renaming."""
    return {new: old for old, new in words.items()}
