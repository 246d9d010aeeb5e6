r"""The numbers of a sentence: sign, currency, value, scale and unit, and whether they can be read for certain."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from lightning_latent.data.answers.units import NO_UNIT, Unit, known_unit
from lightning_latent.data.answers.values import value_at
from lightning_latent.data.answers.words import PARTS, SCALES

_START = re.compile(r"(?<![\w#])(?<!\w[.,])(?:\d|\.\d|\u221a\s?\(?\s?\d|\(\s?-?\s?\.?\d[\d.,]*\s?\)(?!\w))")
_BEFORE = re.compile(
    r"(?:(?P<minus>-\s?|\b(?:minus|negative)\s+)|(?<![\w)\]]\s)(?<![\w)\]])\+\s?)?(?P<currency>(?:[$\u00a3\u20ac\u20b9\u00a5]|\b(?:usd|eur|gbp)\b)\s?)?"
    r"(?P<inner>-\s?)?$",
    re.IGNORECASE,
)
_SCALE = re.compile(rf"\s?-?({'|'.join(sorted(SCALES, key=len, reverse=True))})\b", re.IGNORECASE)
_SHORT_SCALE = re.compile(r"(k|K|mn|bn)(?![\w/])|(?<=\d)\s(mn|bn)\b")
_MONEY_SCALE = re.compile(r"\s?([mMbB])(?![\w/])")
_SHORT = {"k": 10**3, "m": 10**6, "mn": 10**6, "b": 10**9, "bn": 10**9}
_PART = re.compile(
    rf"\s?-?\s?({'|'.join(sorted(PARTS, key=len, reverse=True))})\b(?!\s+(?:note|dollar|hour))", re.IGNORECASE
)
_UNSURE_PARTS = ("quarter", "quarters", "half", "halves")  # three quarters of a dollar, or three coins?
_UNIT_WORD = re.compile(
    r"\s?(?:\u00b0\s?[CF](?!\w)|[%\u00b0\u00a2/]|(?:sq|cu)\s?\.|[a-z]+(?:\s?\^\s?\(?[23]\)?|[23])?(?!\w))\.?",
    re.IGNORECASE,
)
_MOST_UNIT_WORDS = 5
_RUPEE_END = re.compile(r"\s?/\s?-(?!\s?\d)")
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b", re.IGNORECASE)
_LABEL = re.compile(
    r"\b(?:step|problem|question|exercise|case|example|figure|equation|eq|phase|stage|approach|method)\s?[#.(]?\s?$",
    re.IGNORECASE,
)
_REJECTED = re.compile(
    r"(?:\b(?:not|never|neither|nor|rather than|instead of|cannot be)|n't(?: be)?)\s+"
    r"(?:(?:a|be|just|only|exactly|actually|really|really|equal to)\s+){0,2}$",
    re.IGNORECASE,
)
_CALLED_WRONG = re.compile(
    r"\s*(?:[a-z]+\s+)?(?:is|was|would be|can't be|cannot be)\s+(?:wrong|incorrect|impossible|not\b|too\s)",
    re.IGNORECASE,
)
# What stands before a number and makes another value of it, or a bound.
_BOUND_BEFORE = re.compile(
    r"""(?:[\u221a\u221b\u00b1\u2264\u2265\u2260<>]\s?=?\s?\(?
         |[\w)\]%]\s?[*\u00d7\u00f7/^+]\s?\(?
         |(?:(?<![\w'])[a-z]|[)\]])\s?-\s?
         |[\w)]\s+x\s+
         |\b(?:sin|cos|tan|log|ln)\s?\(?
         |\b(?:between|less\sthan|more\sthan|greater\sthan|fewer\sthan|larger\sthan|smaller\sthan|below|above|under
            |over|root|roots\sof|root\sof|log|log\sof|sin|cos|tan|half\sof|twice|double|times|plus|minus|of\sthe\sway\sto
            |divided\sby|multiplied\sby|upto|up\sto)\s+)$""",
    re.IGNORECASE | re.VERBOSE,
)
_NEXT = r"(?:[-(\u221a]\s?)?(?:[$\u00a3\u20ac\u20b9]\s?)?(?:-\s?)?\.?\d"
# What follows a number and shows that it is part of something else; it ends before the next number, if there is one.
_GOES_ON = re.compile(
    rf"""\s?(?:
        (?:\s?[a-z]+\s+){{0,2}}?(?:[+*\u00d7\u00f7^/&]|\bx\b|\bX\b)\s?(?={_NEXT}|[a-z]\b(?!\w))
      | \s?-\s?(?={_NEXT}|[b-z](?!\w))
      | :(?={_NEXT}) | (?<=\s):\s(?={_NEXT})
      | \s?(?:or|and)\s+[a-z]\s?=\s?(?={_NEXT})
      | \s?(?:but\s+(?:less|more|fewer|at|no|not)\b|[<>\u2264\u2265])
      | \s?or\s+(?:more|less|fewer|over|under|above|below)\b
      | [\u03c0\u00b1\u221a\u221b\u00b2\u00b3^]
      | !\s?(?=[*\u00d7/+\w(])
      | \s?(?:or|to|nor|through|versus|vs\.?|plus|minus|times|over|multiplied\s+by|divided\s+by
          |(?:more|less|fewer|greater)\s+than|of|choose)\s+(?:(?:even|maybe|possibly|perhaps|about)\s+)?(?={_NEXT})
      | \s?(?:[a-z]+\s+)?(?:or|nor)\s+(?:(?:even|maybe|possibly|perhaps|about)\s+)?(?={_NEXT})
      | (?:\s?and|,(?:\s?and)?)\s+(?={_NEXT}[\d.,/]*\s?(?:$|[,.;)!}}\]]|\band\b|\bor\b))
      | ,(?=\d)
      | \s(?=\d)
      | \s?(?:squared|cubed|factorial|pi|(?:raised\s+)?to\s+the\s+(?:power|\w+th))\b
      | \s?(?:[b-hj-z]|[A-HJ-Z])(?![\w'.])(?!\s?[.)])
    )""",
    re.VERBOSE,
)
_LINK = re.compile(r"(?:\s?[,.])?\s(?:and\s)?(?=\d)")
_PRODUCT = re.compile(r"[(\[]\s?(?:[\d(]|[a-z](?![a-z]))|[a-zA-Z]{1,2}\d")
_OR = re.compile(r"(?P<sum>\s?[-+*/\u00d7]\s?(?P<second>\d[\d.,]*))?(?:,?\s+or|,\s*i\.?e\.?,?)\s+(?=[-$.\d\u20b9])")


class Quantity(NamedTuple):
    """A number from `start` to `end`, sign and unit included; without a value where it cannot be read for certain."""

    value: Fraction | None
    unit: Unit
    decimals: int
    start: int
    end: int


def quantities(text: str) -> list[Quantity]:
    """The numbers of a sentence in one spelling (`plain`), in order, without those that it rejects or that are labels.

    What belongs together is one number: `18 or 19`, `10:30` and `16 + 2` are each one that cannot be read.

    >>> [str(number.value) for number in quantities("Not 3 but $2.50 a day, at 10:30, for 1 1/2 dozen eggs")]
    ['5/2', 'None', '18']
    """
    return list(_quantities(text))


def _quantities(text: str) -> Iterator[Quantity]:
    at = 0
    while start := _START.search(text, at):
        number = _read(text, start.start())
        at = number.end if number else start.end()
        if number is None:
            continue
        number = _restated(text, _with_smaller(text, number))
        while more := _goes_on(text, number):
            following = _START.match(text, _skip_signs(text, more))
            after = _read(text, following.start()) if following else None
            number = number._replace(value=None, end=max(after.end if after else more, number.end + 1))
        at = number.end
        before = text[max(0, number.start - 40) : number.start]
        if _REJECTED.search(before) or _LABEL.search(before) or _CALLED_WRONG.match(text, number.end):
            continue
        yield number._replace(value=None) if _BOUND_BEFORE.search(before) else number


def _with_smaller(text: str, number: Quantity) -> Quantity:
    """A number together with those of smaller units that follow: 2 hours and 30 minutes, 5 feet 3 inches."""
    while number.value is not None and number.unit.factor > 0 and (link := _LINK.match(text, number.end)):
        part = _read(text, link.end())
        if part is None or part.value is None or part.unit.kind != number.unit.kind or not number.unit.kind:
            break
        if part.unit.factor >= number.unit.factor:
            break
        value = number.value + part.value * part.unit.factor / number.unit.factor
        number = number._replace(value=value, end=part.end)
    return number


def _restated(text: str, number: Quantity) -> Quantity:
    """What a number says a second time, as in `270 - 130 or 140` and `31 inches or 2 ft 7 in`; else the number."""
    link = _OR.match(text, number.end)
    following = _START.match(text, _skip_signs(text, link.end())) if link else None
    after = _read(text, following.start()) if following else None
    if link is None or after is None:
        return number
    after = _with_smaller(text, after)
    value = number.value
    if link["sum"]:
        right = _read(text, link.start("second"))
        value = _computed(value, link["sum"].strip()[0], right.value if right else None)
    elif value is not None and number.unit.kind == after.unit.kind:
        value *= number.unit.factor / after.unit.factor
    return after._replace(start=number.start) if value is not None and value == after.value else number


def _computed(left: Fraction | None, sign: str, right: Fraction | None) -> Fraction | None:
    if left is None or right is None:
        return None
    return {"+": left + right, "-": left - right, "/": left / right if right else None}.get(sign, left * right)


def _skip_signs(text: str, at: int) -> int:
    while at < len(text) and text[at] in "-$\u00a3\u20ac\u20b9 ":
        at += 1
    return at


def _goes_on(text: str, number: Quantity) -> int:
    """Where what makes a number part of something else ends; 0 where there is nothing of the kind."""
    product = _PRODUCT.match(text, number.end)
    if product:
        return product.end() - 1
    more = _GOES_ON.match(text, number.end)
    return more.end() if more else 0


def _read(text: str, at: int) -> Quantity | None:
    """The number whose value begins at a place; None for an ordinal."""
    before = _BEFORE.search(text, max(0, at - 14), at)
    sign, start, currency = _signed(text, at, before)
    value, decimals, end = value_at(text, at)
    if ordinal := _ORDINAL.match(text, end):
        if "/" not in text[at:end]:
            return None
        end = ordinal.end()  # 1/8th
    factor, end = _scaled(text, end, money=bool(currency))
    value = None if value is None or factor is None else value * sign * factor
    unit, end = _unit(text, end, currency)
    return Quantity(value, unit, decimals, start, end)


def _signed(text: str, at: int, before: re.Match[str] | None) -> tuple[int, int, str]:
    if before is None or before.start() == at:
        return 1, at, ""
    currency = (before["currency"] or "").strip()
    sign = -1 if before["inner"] else 1
    start = before.start() if not before["minus"] else before.end("minus")
    if not before["minus"]:
        return sign, start, currency
    if _is_sign(text[: before.start()], before["minus"]):
        return -sign, before.start(), currency
    return sign, start, currency


def _is_sign(left: str, minus: str) -> bool:
    """Whether a minus belongs to the number alone: after no operand, and not the dash of `Total - 18`."""
    word = re.search(r"([a-z']+)(\s*)$", left, re.IGNORECASE)
    if word is None:
        return re.search(r"[\d)\]%]\s?$", left) is None
    if minus.strip() == "-" and not minus.endswith(" "):
        return bool(word[2])
    return len(word[1]) > 1 and _BEFORE_SIGNS.fullmatch(word[1].lower()) is not None


_BEFORE_SIGNS = re.compile(
    r"is|it's|was|be|are|to|of|at|by|equals?|than|about|approximately|exactly|answer|or|and|from|reads|gets?|gives|becomes"
    r"|makes|it|says|only|just|therefore|so|thus|hence|then|fell|falls|drops|nearly|around"
)


def _scaled(text: str, at: int, *, money: bool) -> tuple[Fraction | None, int]:
    """What a number is multiplied by, as in "2 million" or "18k", and where that ends; None where it is not sure."""
    factor = Fraction(1)
    while scale := _SCALE.match(text, at):
        factor, at = factor * SCALES[scale[1].lower()], scale.end()
    if short := _SHORT_SCALE.match(text, at) or (money and _MONEY_SCALE.match(text, at)) or None:
        return factor * _SHORT[next(group for group in short.groups() if group).lower()], short.end()
    if factor == 1 and (part := _PART.match(text, at)):
        unsure = part[1].lower() in _UNSURE_PARTS
        return (None if unsure else Fraction(1, PARTS[part[1].lower()])), part.end()
    return factor, at


def _unit(text: str, at: int, currency: str) -> tuple[Unit, int]:
    """The unit behind a number, or its currency, and where the number ends."""
    ends, end = [], at
    for _ in range(_MOST_UNIT_WORDS):
        word = _UNIT_WORD.match(text, end)
        if word is None:
            break
        end = word.end()
        ends.append(end - word[0].endswith("."))
    for end in reversed(ends):
        words = text[at:end].strip()
        unit = known_unit(f"{currency} {words}" if currency else words)
        if unit is not None and not _is_preposition(text, words, end):
            return unit, end
    if rupees := _RUPEE_END.match(text, at):
        return known_unit(currency or "\u20b9") or NO_UNIT, rupees.end()
    return (known_unit(currency) or NO_UNIT) if currency else NO_UNIT, at


def _is_preposition(text: str, words: str, end: int) -> bool:
    """Whether `in` goes on with a word, so that it is no inch, and `s` belongs to an apostrophe."""
    return words.lower().split()[-1] == "in" and re.match(r"\s+[a-z\d]", text[end:], re.IGNORECASE) is not None
