r"""A number with a word that makes another answer of it: which way a change goes, or on which side of it one is."""

import re

from lightning_latent.data.answers.numbers import read_number
from lightning_latent.data.answers.typed import Qualified, Qualifier

_LONGEST = 60  # characters
_UP = r"increas(?:es?|ed)|ris(?:es?|en)|rose|gains?|gained|profits?"
_DOWN = r"decreas(?:es?|ed)|reduc(?:es|ed|tion)|falls?|fell|loss|loses?|lost|drops?|dropped|declin(?:es?|ed)"
_RATE = r"(?:\s*(?:%|per\s?cent(?:age)?))?"
_TO = r"\s*(?:of|by|is|was|=|:)?\s*"
_BEFORE = re.compile(
    rf"\W*(?:(?:an?|the|is|was|it)\s+)*(?:(?P<up>{_UP})|(?:{_DOWN})){_RATE}\b{_TO}(?P<number>.*\d.*)", re.I
)
_AFTER = re.compile(rf"\W*(?:an?\s+)?(?P<number>.*\d.*?)\s*(?:(?P<up>{_UP})|(?:{_DOWN}))\W*", re.I)
_WORD_BEFORE = re.compile(rf"\b(?:{_UP}|{_DOWN}){_RATE}{_TO}$", re.I)
_WORD_AFTER = re.compile(rf"\s*(?:{_UP}|{_DOWN})\b", re.I)
_BOUNDS: dict[Qualifier, str] = {
    ">=": r"(?:>=|\u2265|at\s+least|no(?:t)?\s+(?:less|fewer|smaller)\s+than|minimum\s+of)",
    "<=": r"(?:<=|\u2264|at\s+most|up\s?to|no(?:t)?\s+(?:more|greater|larger)\s+than|maximum\s+of)",
    ">": r"(?:>|(?:more|greater|larger|higher)\s+than|above|over|exceeds)",
    "<": r"(?:<|(?:less|fewer|smaller|lower)\s+than|below|under)",
}
_BOUND = re.compile(
    r"\W*?(?:(?:is|are|it)\s+)*(?:"
    + "|".join(f"(?P<b{place}>{form})" for place, form in enumerate(_BOUNDS.values()))
    + r")\s*(?P<number>.*\d.*)",
    re.I,
)


def read_qualified(text: str) -> Qualified | None:
    """The change or the bound that a whole text is, in one spelling (`plain`); None where it is neither.

    >>> read_qualified("decreases by 4%") == read_qualified("a 4 % decrease"), read_qualified("> 7").qualifier
    (True, '>')
    """
    if len(text) > _LONGEST:
        return None
    if bound := _BOUND.fullmatch(text):
        places = (qualifier for place, qualifier in enumerate(_BOUNDS) if bound[f"b{place}"])
        return _qualified(next(places), bound["number"])
    change = _BEFORE.fullmatch(text) or _AFTER.fullmatch(text)
    return _qualified("up" if change["up"] else "down", change["number"]) if change else None


def with_direction(text: str, start: int, end: int) -> str:
    """The number from `start` to `end` of a text, with the word beside it that says which way a change goes.

    >>> with_direction("that is 4% decrease", 8, 10), with_direction("a loss of 5", 10, 11)
    ('4% decrease', 'loss of 5')
    """
    if after := _WORD_AFTER.match(text, end):
        return text[start : after.end()].strip()
    before = _WORD_BEFORE.search(text, max(0, start - _LONGEST), start)
    return text[before.start() if before else start : end].strip()


def _qualified(qualifier: Qualifier, number: str) -> Qualified | None:
    value = read_number(number)
    return Qualified(qualifier, value) if value else None
