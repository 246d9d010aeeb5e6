r"""Which number a sentence states, of all that it mentions."""

import re
from itertools import pairwise
from typing import NamedTuple

from lightning_latent.data.answers.plain import without_emphasis
from lightning_latent.data.answers.quantities import Quantity, quantities
from lightning_latent.data.answers.values import COUNTED
from lightning_latent.data.answers.words import number_in_words

_BULLET = re.compile(r"^[ \t]*(?:[-*+\u2022][ \t]+|(?:#+[ \t]+)?\d{1,2}[.)][ \t]+(?=[A-Za-z*]))", re.MULTILINE)
_SENTENCE_END = re.compile(
    r"\n|;\s|(?<!\bapprox)(?<!\bi\.e)(?<!\be\.g)(?<!\bvs)(?<!\b[Nn]o)(?<!\betc)(?<!\bft)"
    rf"(?!(?<=\d)!\s+(?:{COUNTED}|[=*/\u00d7]))[.!?](?=[\s\"')]|\*\*|$)"
    r"|(?<=[\d%])\s(?=[A-Z][a-z]+\s(?:will|can|is|are|was|has|takes?|fills?|does)\b)"
)
_BOLD = re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*")
_REASON = re.compile(
    r"[,\s(]\s*\b(?:because|since|given that|as (?:there|each|every|the|he|she|it|they|we|in)|for (?:if|there))\b"
    r"|,\s*(?:after|when|if|once|while|although|though|even|compared|instead of|which is \d+ (?:more|less|fewer))\b",
    re.IGNORECASE,
)
_ARITHMETIC = re.compile(r"[-+*/\u00d7\u00f7]")
_SO = re.compile(r"[,;]\s*(?:and\s+)?(?:so|thus|therefore|hence|then|which means)\b|\bso,", re.IGNORECASE)
_COMPARED = re.compile(
    r"(?:\s[a-z]+)?\s(?:more|less|fewer|greater|larger|smaller|older|younger)\s+than\b", re.IGNORECASE
)
_BRACKETS = re.compile(r"(?<=\s)\([^()]*\)(?!\s?[-+*/^=\u00d7])")
_BECAUSE = re.compile(r"\W*because\b", re.IGNORECASE)
_NOTE = re.compile(r"\W*(?:note|remark|p\.?s)\b", re.IGNORECASE)
_EXCEPT = re.compile(r"\b(?:except|other than|apart from)\s+(?:for\s+)?(?:the\s+)?(?:number\s+)?$", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;]\s|\s\(|:\s")
# Words between a cue and its number that add nothing to it.
_FILLER = (
    r"(?:\W|_|(?<!\w)(?:a|an|total|sum|of|about|approximately|approx|roughly|around|nearly|almost|exactly|only|just|simply"
    r"|equals?|equal|to|is|are|was|be|at|least|most|therefore|thus|so|hence|then|clearly|probably|now|option|it|that's"
    r"|it's|there|here|maximum|minimum|precisely|final|answer|indeed|also|still|[a-z](?=\s*=))(?!\w))*"
)
_AT_CUE = re.compile(rf"^{_FILLER}$", re.IGNORECASE)
_COPULA = re.compile(
    r"\b(?:is|are|was|were|be|equals?|equal to|totals?|total of|makes|leaves|leaving|comes? to|amounts? to|gives)\b"
    rf"{_FILLER}$",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?<!\w)(?:the|this|that|last|first|each|no|every|which|any|another|other|only|next|right)[\s-]+$", re.I
)
_GIVEN = re.compile(r"(?<!\w)(?:the|these|those|his|her|their|its|my|our|all)\s+$", re.IGNORECASE)
_OF = re.compile(r"\s+(?:of|another|by|or more|hand|way|more time)\b|\s*-\s*[a-z]", re.IGNORECASE)
_LONGEST_NUMBER = 32  # words
_TOKEN = re.compile(r"[A-Za-z]+|-")


def without_bullets(text: str) -> str:
    r"""A text without the dashes and numbers of its lists.

    >>> without_bullets("1. Count.\n- 18")
    'Count.\n18'
    """
    return _BULLET.sub("", text)


def sentences(text: str) -> list[str]:
    r"""The sentences and lines of a text, without questions and reasons.

    >>> sentences("Count.\nIt is 2.5 in all. Why? 18!")
    ['Count', 'It is 2.5 in all', '18']
    """
    found: list[str] = []
    start = 0
    for end in [*_SENTENCE_END.finditer(text), None]:
        part = text[start : end.start() if end else len(text)]
        remark = _BECAUSE.match(part) or (found and _NOTE.match(part))
        if re.search(r"\w", part) and not (end and end[0] == "?") and not remark:
            found.append(part.strip() + ("." if part.endswith("!") else ""))  # the stop of "5!." tells a factorial
        start = end.end() if end else start
    return found


class Found(NamedTuple):
    """The number that a sentence states, and the spelling of the sentence in which it stands."""

    text: str
    number: Quantity
    first: bool  # the sentence begins with it, or shows it in bold

    @property
    def written(self) -> str:
        """The number as it stands there; the empty string where it has no value."""
        return self.text[self.number.start : self.number.end].strip() if self.number.value is not None else ""


def stated_quantity(sentence: str, *, cued: bool) -> Found | None:
    """The number that a sentence states; None where it holds no number.

    It is the one in bold; else the one that it begins with after a cue, or what an equation comes to; else the one
    behind `is`; else the last one. The number has no value where the sentence states something that is none, such as
    `18 or 19`.

    Args:
        sentence: One sentence or line, in one spelling (`plain`).
        cued: Whether it follows a cue, so that the number at its beginning is the answer.

    >>> stated_quantity("In 2 hours he drives 18 miles", cued=True).written
    '18 miles'
    """
    for bold in reversed(_BOLD.findall(sentence)):
        found = quantities(bold)
        if len(found) == 1 and _AT_CUE.match(bold[: found[0].start]) and len(bold[found[0].end :].split()) < 4:
            return Found(bold, found[0], True)
    sentence = without_emphasis(sentence)
    for text in (sentence, digits_for_words(sentence)):
        text = _without_reason(text)
        if found := quantities(text):
            at_cue = cued and _AT_CUE.match(text[: found[0].start]) is not None
            number = _at_cue(text, found) if at_cue else _concluded(text, found)
            return Found(text, number, at_cue and number == found[0])
    return None


def digits_for_words(text: str) -> str:
    """A text whose numbers in words are written in digits, except for words that mean none, as in "the last one".

    >>> digits_for_words("Twenty-five of the two and a half dozen"), digits_for_words("one of us")
    ('25 of the 5/2 dozen', 'one of us')
    """
    tokens, parts, at = list(_TOKEN.finditer(text)), [], 0
    words = [token[0].lower() for token in tokens]
    index = 0
    while index < len(tokens):
        last = min(index + _LONGEST_NUMBER, len(tokens))
        run = next((i for i in range(index + 1, last) if not _touch(text, tokens, i)), last)
        found = number_in_words(words[index:run])
        start, used = tokens[index].start(), found[1] if found else 1
        end = tokens[index + used - 1].end()
        if found and not (words[index] in ("one", "half") and _means_none(text, start, end)):
            parts += [text[at:start], str(found[0])]
            at = end
        index += used
    return "".join(parts) + text[at:]


def _touch(text: str, tokens: list[re.Match[str]], index: int) -> bool:
    return text[tokens[index - 1].end() : tokens[index].start()].strip(" ") == ""


def _means_none(text: str, start: int, end: int) -> bool:
    named = _NAMED.search(text[max(0, start - 12) : start])
    return bool(named or (text[start:end].lower() != "half" and _OF.match(text, end)))


def _without_reason(sentence: str) -> str:
    """A sentence up to `because`, where a number stands before it."""
    reasons = list(_REASON.finditer(sentence))
    first = next((number.end for number in quantities(sentence)), None) if reasons else None
    ends = [reason.start() for reason in reasons if first is not None and first <= reason.start()]
    return sentence[: ends[0]] if ends else sentence


def _at_cue(text: str, found: list[Quantity]) -> Quantity:
    """The number that a cued sentence begins with, or what the equation comes to that it begins with."""
    end = _CLAUSE_END.search(text, found[0].end)
    clause = text[: end.start()] if end else text
    return _result(clause, [number for number in found if number.start < len(clause)]) if "=" in clause else found[0]


def _concluded(text: str, found: list[Quantity]) -> Quantity:
    """The number of the last clause that holds one, remarks in brackets aside."""
    starts = [0, *(clause.end() for clause in _SO.finditer(text)), len(text) + 1]
    brackets = [bracket.span() for bracket in _BRACKETS.finditer(text)]
    outside = [number for number in found if not any(start <= number.start < end for start, end in brackets)] or found
    outside = [number for number in outside if not _COMPARED.match(text, number.end)] or outside
    if singled := [number for number in outside if _EXCEPT.search(text[: number.start])]:
        return singled[0]
    for start, end in reversed(list(pairwise(starts))):
        if clause := [number for number in outside if start <= number.start < end]:
            return _result(text[:end], clause) if "=" in text[start:end] else _named(text, clause)
    return found[-1]


def _named(text: str, found: list[Quantity]) -> Quantity:
    """The last number behind `is` or the like, else the last one that is not given, as in "$64 for the 16 glasses"."""
    named = [number for number in found if _COPULA.search(text[: number.start])]
    new = [number for number in found if not _GIVEN.search(text[: number.start])]
    return (named or new or found)[-1]


def _result(text: str, found: list[Quantity]) -> Quantity:
    """What an equation comes to: 18 of `9 * 2 = 18`, and of `18 = 9 * 2`."""
    sides = [0, *(sign.end() for sign in re.finditer("=", text)), len(text) + 1]
    for start, end in reversed(list(pairwise(sides))):
        side = [number for number in found if start <= number.start < end]
        if side and (side[0].value is not None or not _ARITHMETIC.search(text[side[0].start : side[0].end])):
            named = [number for number in side[1:] if _COPULA.search(text[start : number.start])]
            return named[-1] if named else side[0] if _AT_CUE.match(text[start : side[0].start]) else side[-1]
    return found[-1]
