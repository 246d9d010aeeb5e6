r"""What a reasoning that names no option comes to: the last side of an equation, a number, or words."""

import re

from lightning_latent.data.answers.numbers import read_number
from lightning_latent.data.answers.qualified import read_qualified, with_direction
from lightning_latent.data.answers.sentences import sentences, stated_quantity

_LISTED = re.compile(r"\(?[A-H]\s?[).:]\s")
_SHORT = 3  # words of a last sentence that broke off, such as "Hence"
_LONGEST_SIDE = 40  # of an equation that is an answer as a whole, in characters
_CONCLUDES = re.compile(
    r"[=:\n]|\b(?:so|thus|therefore|hence|total|required|get|is|are|(?:will|can) be|comes? to|counted)\b|[.!]\s",
    re.IGNORECASE,
)
# What a reasoning finds wrong in its last words is what was looked for.
_FOUND_WRONG = re.compile(
    r"\W*(?:so|thus|hence|therefore)\b,?\s+(?:the\s+(?:number|term)\s+)?(\d[\d.,/]*)\s+is\s+(?:the\s+)?"
    r"(?:wrong|odd|invalid|incorrect|misfit)\b[^\d]*",
    re.IGNORECASE,
)
_OPENING = re.compile(r"\s*([^\n.!?=]{1,30})[.!]\s+(?=[A-Z])")  # "3 minutes. She puts two pieces in ..."
_ALTERNATIVE = re.compile(r"^.*\bor,\s*")
_RELATION = re.compile(r"[^<>\u2264\u2265]*([<>\u2264\u2265]=?[^<>\u2264\u2265]*\d[^<>\u2264\u2265]*)")
_WORDS = re.compile(r"\b(?:is|was|are|be)\s+(?:equal\s+to\s+)?((?:[^\s\d]+\s*){1,3})$", re.IGNORECASE)
_STATES = re.compile(
    r"^(?!\W*(?:no|none|neither|nothing|never)\b)[^()=+*/]*\b(?:is|are|was|were|has|have|must|should)\b[^()=+*/]*$",
    re.I,
)
_NAME = re.compile(r"[A-Z][a-z]{2,}|-?[a-z]\([a-z]\)")
_STANDING = re.compile(
    r"\b((?:can\s?not|can't) be determined?|(?:none|all) of (?:these|the above)|data (?:is |are )?inadequate)\W*$", re.I
)


def last_value(text: str) -> str:
    r"""What a reasoning comes to, in its own words; the empty string where that is not sure.

    >>> last_value("5 * 5 = 25\nSo 25 - 7 = 18 days"), last_value("On the 7th, it was Wednesday."), last_value("Hm 7")
    ('18 days', 'Wednesday', '')
    """
    if read_number(text) is not None:
        return text.strip(" .")
    opening = _OPENING.match(text)
    if opening and "=" not in text and read_number(opening[1]) is not None:
        return opening[1].strip()
    found = sentences(text)
    whole = [part for part in found if re.search(r"\d", part) or len(part.split()) > _SHORT]
    last = whole[-1] if whole else ""
    if _LISTED.match(last):
        return ""
    return _last_side(last) or _words(last, alone=len(found) == 1) or _number(last, text)


def _last_side(sentence: str) -> str:
    """The last side of an equation, where it is a value, a relation or words; else nothing."""
    if wrong := _FOUND_WRONG.fullmatch(sentence):
        return wrong[1].rstrip(".,")
    side = _ALTERNATIVE.sub("", sentence.rpartition("=")[2].strip(" ;,\"'"))
    if "=" not in sentence or len(side) > _LONGEST_SIDE:
        return ""
    relation = _RELATION.fullmatch(side)
    if relation and read_qualified(relation[1]):
        return relation[1].strip()
    worded = not re.search(r"\d", side) and re.search(r"[a-z]{3}", side, re.IGNORECASE)
    return side if worded or read_number(side) or read_qualified(side) else ""


def _words(sentence: str, *, alone: bool) -> str:
    """What a sentence says without numbers; `alone`, where it is all that is said."""
    if standing := _STANDING.search(sentence):
        return standing[1]
    number = re.search(r"\d", sentence)
    words = _WORDS.search(sentence.rstrip(" .;,"))
    if words and (_NAME.fullmatch(words[1].strip()) or not (number or alone)):
        return words[1].strip()
    return sentence if alone and not number and _STATES.search(sentence) else ""


def _number(sentence: str, text: str) -> str:
    """The number that a sentence states, where the text concludes something at all; else the last side as it is."""
    found = stated_quantity(sentence, cued=False) if _CONCLUDES.search(text.strip()) else None
    side = sentence.rpartition("=")[2].strip(" ;,\"'")
    open_ended = found is None or not found.written
    if "=" in sentence and len(side) <= _LONGEST_SIDE and (open_ended or _is_more(side)):
        return side
    return with_direction(found.text, found.number.start, found.number.end) if found and found.written else ""


def _is_more(side: str) -> bool:
    """Whether a side that is no number holds one that cannot be read, such as `16(p^2)` and `3 5/2`."""
    found = stated_quantity(side, cued=True)
    return found is not None and not found.written and not re.search(r"\d\s?[-+*\u00d7\u00f7]\s?\.?\d", side)
