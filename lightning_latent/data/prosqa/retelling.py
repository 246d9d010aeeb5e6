"""ProsQA's questions told otherwise: statements in another order, other names and nouns, candidates swapped."""

import random

from lightning_latent.data.example import Example
from lightning_latent.data.prosqa.reading import Told, read_question, tell
from lightning_latent.data.prosqa.sentences import NAMES, NOUNS
from lightning_latent.data.views import View, inverse, renamed_from, replaced_words


def retold(example: Example, rng: random.Random) -> View | None:
    """Tell a question otherwise; None where it is not in ProsQA's sentences.

    The graph stays the same, and with it the path to the answer: people and kinds get other names, each everywhere the
    same, statements come in another order, and half of the time the candidates change places. New names are ProsQA's,
    where the old ones are; else the question's own change places.
    """
    told = read_question(example.question)
    if told is None:
        return None
    words = {**renamed_from(told.people, NAMES, rng), **renamed_from(told.kinds, NOUNS, rng)}
    facts = list(told.facts)
    rng.shuffle(facts)
    swap = rng.random() < 0.5
    who, (first, second) = told.who, (told.second, told.first) if swap else (told.first, told.second)
    renamed = Told(
        facts=tuple((every, words[one], words[other]) for every, one, other in facts),
        who=words[who],
        first=words[first],
        second=words[second],
    )
    view = example._replace(
        question=tell(renamed),
        steps=tuple(replaced_words(step, words) for step in example.steps),
        answer=replaced_words(example.answer, words),
        options=tuple(f"{renamed.who} is a {candidate}." for candidate in (renamed.first, renamed.second)),
    )
    return View(view, order=(1, 0) if swap else (0, 1), words=inverse(words))
