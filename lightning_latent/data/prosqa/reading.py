"""A question in ProsQA's sentences, taken apart and put together again."""

import re
from typing import NamedTuple

_FACT = re.compile(r"(Every )?(\w+) is a (\w+)\.")
_ASKED = re.compile(r"Is (\w+) a (\w+) or (\w+)\?")


class Told(NamedTuple):
    """What a question says: its facts, whom it asks about, and the two kinds between which it asks."""

    facts: tuple[tuple[str, str, str], ...]  # "Every " or nothing, from whom, to what
    who: str
    first: str
    second: str

    @property
    def edges(self) -> list[tuple[str, str]]:
        """The facts as edges of a graph, in their order."""
        return [(one, other) for _, one, other in self.facts]

    @property
    def people(self) -> list[str]:
        """Who is no kind, sorted."""
        return sorted({one for every, one, _ in self.facts if not every} | {self.who})

    @property
    def kinds(self) -> list[str]:
        """The kinds of the facts, sorted."""
        return sorted({word for every, one, other in self.facts for word in ((one, other) if every else (other,))})


def read_question(question: str) -> Told | None:
    """Take a question apart; None where it is not in ProsQA's sentences.

    >>> read_question("Tom is a terpus. Every terpus is a gorpus. Is Tom a gorpus or lempus?").edges
    [('Tom', 'terpus'), ('terpus', 'gorpus')]
    """
    told, _, asked = question.rpartition(" Is ")
    facts = _FACT.findall(told)
    candidates = _ASKED.fullmatch("Is " + asked)
    if candidates is None or " ".join(sentence(*fact) for fact in facts) != told:
        return None
    return Told(tuple(facts), *candidates.groups())


def sentence(every: str, one: str, other: str) -> str:
    """A fact in words.

    >>> sentence("Every ", "terpus", "gorpus")
    'Every terpus is a gorpus.'
    """
    return f"{every}{one} is a {other}."


def tell(told: Told) -> str:
    """Put a question together."""
    facts = " ".join(sentence(*fact) for fact in told.facts)
    return f"{facts} Is {told.who} a {told.first} or {told.second}?"
