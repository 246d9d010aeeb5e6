r"""The number that a text answers with, and the number that a text is."""

import re
from collections.abc import Iterator
from fractions import Fraction

from lightning_latent.data.answers.plain import plain, without_emphasis
from lightning_latent.data.answers.quantities import Quantity, quantities
from lightning_latent.data.answers.scope import after_thoughts, last_word_first, this_turn, until_questions
from lightning_latent.data.answers.sentences import Found, digits_for_words, sentences, stated_quantity, without_bullets
from lightning_latent.data.answers.statements import Statement, statements
from lightning_latent.data.answers.typed import Number, same
from lightning_latent.data.answers.units import NO_UNIT, unit_of

_FACTORIAL = re.compile(r"\d{1,3}\s?!\.?")
_ABOUT = re.compile(
    r"^[\W_]*(?:(?:about|approximately|approx\.?|roughly|around|exactly|only|just|a total of|=|[a-z]\s?=)\s*)*$", re.I
)


def stretches(text: str) -> Iterator[str]:
    """The stretches of a generated text in which its answer may stand, the first with an answer counts."""
    for part in until_questions(this_turn(after_thoughts(text))):
        yield from last_word_first(plain(part))


def stated_number(text: str) -> str:
    """The number that a generated text answers with, as it stands there; the empty string where it answers with none.

    >>> stated_number("The answer is 9 * 2 = 18."), stated_number("9 * 2 = 18 dollars"), stated_number("18 or 19")
    ('18', '18 dollars', '')
    """
    found = next((found for part in stretches(text) if (found := _stated(without_bullets(part)))), None)
    return found.written if found else ""


def read_number(text: str) -> Number | None:
    """The number that a whole text is, with its unit; None where it is none, or not for certain.

    >>> read_number("$1,000.") == read_number("1000 dollars")
    True
    >>> read_number("2,5"), read_number("18 or 19"), read_number("less than 10"), read_number("12 apples").unit.kind
    (None, None, None, 'apple')
    """
    text = without_emphasis(plain(text)).strip()
    text = f"{text.rstrip('.')}." if _FACTORIAL.fullmatch(text) else text.rstrip(".!, ")
    return _whole(text) or _whole(digits_for_words(text))


def _whole(text: str) -> Number | None:
    found = _said_twice(text, quantities(text))
    if len(found) != 1 or found[0].value is None:
        return None
    number, behind = found[0], text[found[0].end :].strip(" .")
    if not _ABOUT.match(text[: number.start]):
        return None
    unit = unit_of(behind) if number.unit == NO_UNIT or behind else number.unit
    if unit is None or (behind and number.unit != NO_UNIT):
        unit = number.unit if re.match(r"(?:of|a|an|per|each|in)\s", behind) and number.unit != NO_UNIT else None
    return None if unit is None else Number(number.value or Fraction(0), unit, number.decimals)


def same_number(left: str, right: str) -> bool:
    """Whether two texts are the same number, by value; the second is the gold answer.

    >>> same_number("-3/4", "-0.75"), same_number("15 cents", "$15"), same_number("", "")
    (True, False, False)
    """
    return same(read_number(left), read_number(right))


def _said_twice(text: str, found: list[Quantity]) -> list[Quantity]:
    """One number for one in words or digits that the other spelling follows in brackets: `twenty-five (25)`."""
    if len(found) == 2 and found[0].value == found[1].value and text[found[0].end : found[1].start].strip(" (") == "":
        return [found[0]._replace(end=len(text))]
    return found


def _stated(text: str) -> Found | None:
    parts, rest = statements(text)
    stated = next((found for part in parts if (found := _of_part(part))), None)
    return _last(rest) if stated is None and rest is not None else stated


def _of_part(part: Statement) -> Found | None:
    """The number of the first sentence that holds one; of a passage that does not begin with it, the last one's."""
    found: list[Found] = []
    for sentence in sentences(part.text):
        if stated := stated_quantity(sentence, cued=not found):
            found.append(stated)
    if not found:
        return None
    return found[0] if part.form != "passage" or found[0].first else found[-1]


def _last(text: str) -> Found | None:
    """The number of the last sentence that holds one; words count only where there are no digits at all."""
    for sentence in reversed(sentences(text)):
        counts = re.search(r"\d", sentence) or not re.search(r"\d", text)
        if counts and (found := stated_quantity(sentence, cued=False)):
            return found
    return None
