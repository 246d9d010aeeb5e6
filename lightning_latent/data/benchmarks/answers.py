"""Reading answers out of generated text, and comparing them: the rules that several benchmarks share.

All of them are pure functions of strings, and none of them fails, whatever the text.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

# A minus is a sign only where no operand stands before it: "16 - 3" holds 16 and 3, "x = -3" holds -3.
_SIGN = r"(?:(?<![\w.)\]%])(?<![\d)\]%]\s)[-\u2212\u2013]\s?)?"
_DIGITS = r"(?:\d{1,3}(?:,\d{2,3}){0,6},\d{3}(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_TAIL = r"(?:\s?/\s?\d+(?!\d|\.\d)|[eE][+-]?\d+\b)?"  # a fraction or an exponent, never both
NUMBER = re.compile(rf"{_SIGN}(?:[$\u00a3\u20ac]\s?)?{_SIGN}(?:(?:{_DIGITS}){_TAIL})")
_MIXED = re.compile(r"(?<![\w.,/])(\d{1,15})\s+(\d{1,15})\s?/\s?(\d{1,15})(?!\d|\.\d)")
_LATEX_FRACTION = re.compile(r"\\[cdt]?frac\s*(?:\{\s*(\d+)\s*\}|(\d))\s*(?:\{\s*(\d+)\s*\}|(\d))")
_LATEX_COMMA = re.compile(r"(?<=\d)(?:\{,\}|\\,)(?=\d{3}(?!\d))")
_ONE_SIGN_FRACTION = re.compile("[\u00bc-\u00be\u2150-\u215e]")
# Values beyond these are not worth the time of exact arithmetic: no answer has them, runaway generation does.
_MOST_CHARACTERS, _HUGE_EXPONENT = 1000, re.compile(r"[eE][+-]?\d{4}")
_OPERATION = re.compile(r"\d\s*(?:[-+*/^\u00d7\u00f7x]|\\times)\s*[\d(]")
_BULLET = re.compile(r"^[ \t]*[-*+\u2022\u2013][ \t]+", re.MULTILINE)
_CLAUSE_END = re.compile(r"\n|[,;]\s|\.(?:\s|$)")

_MARK = re.compile(r"(?:^|(?<=\s))#{3,}")
_BARE_MARK = re.compile(  # "### 18", "### (C) 625" or "### no", and no heading
    r"^[ \t]*#{3,}[ \t]*((?:[^\w\n]*\d[\d.,/%]*|\(?[A-H]\)?[.:]?|(?:yes|no|true|false)\.?)[ \t]*$|\(?[A-H]\)[^\n]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_CUE = re.compile(  # "the answer to it is", and at the start of a line also "Answer 18" or the heading "Final answer"
    r"""(?i:\banswer(?:\s+(?:to|for|of)\b[^.,:;?\n]{0,60}?)?|\bans)\b[\s,*_]*
        (?:(?i:therefore|then|thus|here|so)\b[\s,]*)?
        (?:[:=]|(?<=\s)[-\u2013\u2014](?=\s)|(?i:is|was|equals|(?:will|would|must|should)\s+be)\b)
        (?:\s*:|\s+that\b)?
      | ^[^\w\n]*(?i:(?:(?:the|final|correct)\s+)*ans(?:wer)?)\b(?![^\w\n]*[a-z])(?:[\s*_]+[-\u2013\u2014](?=\s))?
    """,
    re.MULTILINE | re.VERBOSE,
)
_BOXED = re.compile(r"\\boxed\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_NEGATION = r"(?:(?:\bnot|\bnever|\bcannot|n['\u2019]t)\s+(?:be\s+)?(?:an?\s+)?(?:[a-z]+ly\s+)?)?"
# A "no" before any other word belongs to that word, as in "no idea", and answers nothing.
_DETERMINER = re.compile(
    r"(?:[ \t]+|-)(?!(?:an?|and|as|because|but|for|he|i|if|is|it|not|or|she|since|so|that|the|there|these|they|this|we"
    r"|when|you)\b)[a-z]",
    re.IGNORECASE,
)


def after_mark(text: str) -> str:
    r"""The text after the last `#`, as ProsQA's reference reads it; the empty string where no `#` stands.

    >>> after_mark("Tom is a terpus.\n### Tom is a lempus.")
    'Tom is a lempus.'
    """
    _, mark, tail = text.rpartition("#")
    return tail.strip() if mark else ""


def marked_line(text: str) -> str | None:
    r"""What stands behind the mark `###` or `####` in the last line that is not blank; None where it has no mark.

    A mark further up is a heading, and `#2` is a number.

    >>> marked_line("### Step 1\n9 * 2 = 18\n#### 18\n")
    '18'
    """
    line = text.rstrip().rpartition("\n")[2]
    marks = list(_MARK.finditer(line))
    return line[marks[-1].end() :].strip() if marks else None


def answer_parts(text: str) -> Iterator[str]:
    r"""The parts of a text that state its answer, by the cues that language models use; the likeliest first.

    They are the last `\boxed{}` and those before it; what follows the last "answer is" or "answer:", up to the end, and
    what follows those before it, up to the next; and lines of a mark and a bare number, letter, yes or no. Where the
    last line is marked, nothing but that line counts: the boxes and cues in it, then the whole of it.

    >>> list(answer_parts("### The answer is 7."))
    ['7.', 'The answer is 7.']
    """
    marked = marked_line(text)
    where = text if marked is None else marked
    parts = _BOXED.findall(where)[::-1]
    cues = list(_CUE.finditer(where))
    bounds = [*(cue.start() for cue in cues), len(where)]
    parts += [where[cue.end() : end].strip("*_ \t\n") for cue, end in zip(cues, bounds[1:], strict=True)][::-1]
    parts += _BARE_MARK.findall(text)[::-1] if marked is None else [marked]
    return (part.strip() for part in parts if re.search(r"\w", part))


def stated_word(text: str, words: Mapping[str, str]) -> str:
    """Which of a few words a generated text answers with; the empty string where it answers with none.

    It is the first one after an answer cue. Without a cue, it is the word that the text opens with, else the last one.
    `not true` is false, and neither `yes or no` nor the no of `no idea` is an answer. The words are lower case.

    >>> stated_word("Yes. There is no doubt.", {"yes": "yes", "no": "no"})
    'yes'
    >>> stated_word("No wonder: the answer is yes.", {"yes": "yes", "no": "no"})
    'yes'
    """
    for part in answer_parts(text):
        if found := _verdicts(part, words):
            return found[0][1]
    found = _verdicts(text, words)
    if not found or marked_line(text) is not None:
        return ""
    opens = not re.search(r"\w", text[: found[0][0]])
    return found[0 if opens else -1][1]


def stated_number(text: str) -> str:
    """The number that a generated text answers with; the empty string where it answers with none.

    It is the first one after an answer cue, or what an equation there comes to. Without a cue, it is the last one.

    >>> stated_number("The answer is 9 * 2 = 18."), stated_number("9 * 2 = 18 dollars")
    ('18', '18')
    """
    text = _BULLET.sub("", text)
    for part in answer_parts(text):
        if number := _result(part):
            return number
    return "" if marked_line(text) is not None else next(reversed(numbers_in(text)), "")


def numbers_in(text: str) -> list[str]:
    """The numbers in a text, in order, as they are written.

    >>> numbers_in("16-3 eggs at $2.50 make -1,000 or 3/4")
    ['16', '3', '$2.50', '-1,000', '3/4']
    """
    return [match.group().strip() for match in NUMBER.finditer(_plain_numbers(text))]


class OneNumber(NamedTuple):
    """A text that holds exactly one number: what stands before it, its exact value, what stands after it."""

    before: str
    value: Fraction
    after: str


def split_number(text: str) -> OneNumber | None:
    """Split a text at its one number; None where it holds none, or several.

    >>> split_number("about $2 1/2 a day")
    OneNumber(before='about', value=Fraction(5, 2), after='a day')
    """
    text = _plain_numbers(text)
    found = list(NUMBER.finditer(text))
    if len(found) != 1:
        return None
    plain = re.sub(r"[\s,$\u00a3\u20ac]", "", found[0].group()).replace("\u2212", "-").replace("\u2013", "-")
    value = _value(plain.lstrip("-"))
    if value is None:
        return None
    before, after = text[: found[0].start()].strip(), text[found[0].end() :].strip()
    return OneNumber(before, -value if plain.startswith("-") else value, after)


def number_value(text: str) -> Fraction | None:
    """The exact value of a text that holds one number, with or without currency, per cent, unit or trailing stop.

    Per cent and units are dropped, not converted: `50%` is 50. None where the text holds no number, or several.

    >>> number_value("$1,000.0.") == number_value("1000 dollars") == 1000
    True
    """
    split = split_number(text)
    return split.value if split else None


def same_number(left: str, right: str) -> bool:
    """Whether two texts hold the same number, by value.

    >>> same_number("-3/4", "-0.75"), same_number("5", "-5"), same_number("", "")
    (True, False, False)
    """
    value = number_value(left)
    return value is not None and value == number_value(right)


def _value(digits: str) -> Fraction | None:
    top, _, bottom = digits.partition("/")
    if len(digits) > _MOST_CHARACTERS or _HUGE_EXPONENT.search(digits):
        return None
    try:
        return Fraction(top) / int(bottom or 1)
    except (ValueError, ZeroDivisionError):
        return None


def _plain_numbers(text: str) -> str:
    r"""Write `\frac{3}{4}` as 3/4, `1{,}000` as 1,000 and 2 1/2 as 5/2, which is one number, not two."""
    text = _LATEX_FRACTION.sub(lambda m: f" {m[1] or m[2]}/{m[3] or m[4]}", text)
    text = _ONE_SIGN_FRACTION.sub(lambda m: " " + unicodedata.normalize("NFKC", m[0]), _LATEX_COMMA.sub(",", text))
    text = text.replace("\u2044", "/")
    return _MIXED.sub(lambda m: f"{int(m[1]) * int(m[3]) + int(m[2])}/{m[3]}", text)


def _result(part: str) -> str:
    """The first number of a part, or the one that an equation ends with: 18 of `9 * 2 = 18`, and of `18 = 9 * 2`."""
    for clause in _CLAUSE_END.split(part):
        if found := numbers_in(clause):
            side = re.split("[=\u2248]", clause)[-1]
            right = numbers_in(side)
            return right[0] if len(right) == 1 or (right and not _OPERATION.search(side)) else found[0]
    return ""


def _verdicts(text: str, words: Mapping[str, str]) -> list[tuple[int, str]]:
    """Where a text answers with one of the words, and what that stands for."""
    either, meanings, found = "|".join(words), set(words.values()), []
    both = rf"\b(?:{either})[\s-]*(?:/|\bor\b|\band\b)[\s-]*(?:{either})\b"
    for match in re.finditer(rf"{both}|({_NEGATION})\b({either})\b", text, re.IGNORECASE):
        word = (match[2] or "").lower()
        if word and not (word == "no" and _DETERMINER.match(text, match.end())):
            other = next(iter(meanings - {words[word]}), "")
            found.append((match.start(), other if match[1] else words[word]))
    return found
