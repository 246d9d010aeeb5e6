"""ProntoQA's questions told otherwise: premises in another order, other names and classes, the asked thing negated."""

import random
import re

from lightning_latent.data.example import Example
from lightning_latent.data.prontoqa.sentences import ASK, CLASSES, PEOPLE
from lightning_latent.data.views import View, inverse, renamed_from, replaced_words

_PERSON = re.compile(r"(?:^|[.:] )([A-Z]\w+) is ")
_CLASS = re.compile(r"\b([A-Za-z]\w*pus)(?:es)?\b")
_ASKED = re.compile(r"(\w+ is) (not )?(\w+)\.")
_OTHER = {"True": "False", "False": "True"}


def retold(example: Example, rng: random.Random) -> View | None:
    """Tell a question otherwise; None where it does not end with what is asked of its premises.

    The premises stay the same, and with them the proof: people and made-up classes get other names, each everywhere the
    same, and premises come in another order. Half of the time the question is turned into its negation, as half of the
    benchmark's questions are, and the answer with it. Properties keep their names: they have meanings.
    """
    told, ask, asked = example.question.partition(ASK)
    question = _ASKED.fullmatch(asked.strip())
    if not ask or question is None:
        return None
    premises = re.split(r"(?<=\.)\s+", told.strip())
    people = sorted({who for who in _PERSON.findall(example.question) if who not in ("Every", "Each")})
    classes = sorted({word.lower() for word in _CLASS.findall(told)})
    words = {**renamed_from(people, PEOPLE, rng), **_spelt(renamed_from(classes, CLASSES, rng))}
    rng.shuffle(premises)
    negate = rng.random() < 0.5
    who, negated, quality = question.groups()
    wanted = f"{who} {'not ' if bool(negated) != negate else ''}{quality}."
    view = example._replace(
        question=_with_articles(replaced_words(f"{' '.join(premises)} {ASK} {wanted}", words)),
        steps=tuple(_with_articles(replaced_words(step, words)) for step in example.steps),
        answer=_OTHER[example.answer] if negate else example.answer,
    )
    order = (1, 0) if negate else (0, 1)
    return View(view, order=order, words=inverse(words), answers=_OTHER if negate else {})


def _spelt(words: dict[str, str]) -> dict[str, str]:
    """The same for plurals, and at the beginning of a sentence."""
    plural = words | {f"{old}es": f"{new}es" for old, new in words.items()}
    return plural | {old.capitalize(): new.capitalize() for old, new in plural.items()}


def _with_articles(text: str) -> str:
    """Put `an` before a class that begins with a vowel, and `a` before others.

    >>> _with_articles("Sam is a impus. Every impus is an dumpus.")
    'Sam is an impus. Every impus is a dumpus.'
    """
    return re.sub(r"\ban? (?=(\w))(?=\w+pus\b)", lambda m: "an " if m[1] in "aeiou" else "a ", text)
