"""ProsQA's questions told otherwise: statements in another order, other names and nouns, candidates swapped."""

import random
import re

from lightning_latent.data.example import Example
from lightning_latent.data.prosqa.sentences import NAMES, NOUNS
from lightning_latent.data.views import View, inverse, permutation, replaced_words

_STATEMENT = re.compile(r"(Every )?(\w+) is a (\w+)\.")
_ASKED = re.compile(r"Is (\w+) a (\w+) or (\w+)\?")


def retold(example: Example, rng: random.Random) -> View | None:
    """Tell a question otherwise; None where it is not in ProsQA's sentences.

    The graph stays the same, and with it the path to the answer: people and kinds get other names, each everywhere the
    same, statements come in another order, and half of the time the candidates change places. New names are ProsQA's,
    where the old ones are; else the question's own change places.
    """
    told, _, asked = example.question.rpartition(" Is ")
    statements = _STATEMENT.findall(told)
    question = _ASKED.fullmatch("Is " + asked)
    if question is None or " ".join(f"{every}{one} is a {other}." for every, one, other in statements) != told:
        return None
    who, first, second = question.groups()
    people = sorted({one for every, one, _ in statements if not every} | {who})
    kinds = sorted({word for every, one, other in statements for word in ((one, other) if every else (other,))})
    words = {**_renamed(people, NAMES, rng), **_renamed(kinds, NOUNS, rng)}
    rng.shuffle(statements)
    swap = rng.random() < 0.5
    candidates = [words[kind] for kind in ((second, first) if swap else (first, second))]
    sentences = [f"{every}{words[one]} is a {words[other]}." for every, one, other in statements]
    view = example._replace(
        question=" ".join([*sentences, f"Is {words[who]} a {candidates[0]} or {candidates[1]}?"]),
        steps=tuple(replaced_words(step, words) for step in example.steps),
        answer=replaced_words(example.answer, words),
        options=tuple(f"{words[who]} is a {candidate}." for candidate in candidates),
    )
    return View(view, order=(1, 0) if swap else (0, 1), words=inverse(words))


def _renamed(own: list[str], pool: tuple[str, ...], rng: random.Random) -> dict[str, str]:
    return permutation(rng, own, pool if set(own) <= set(pool) else own)
