"""Numbers in words: twenty-five, two and a half, three quarters, one hundred and five."""

from collections.abc import Sequence
from fractions import Fraction

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
SMALL = {word: value for value, word in enumerate(_UNITS.split(" "))} | {
    word: 20 + 10 * i for i, word in enumerate(_TENS.split(" "))
}
SMALL |= {"fourty": 40}
SCALES = {
    "dozen": 12,
    "hundred": 100,
    "thousand": 1000,
    "lakh": 10**5,
    "lac": 10**5,
    "million": 10**6,
    "crore": 10**7,
    "billion": 10**9,
    "trillion": 10**12,
}
SCALES |= {f"{word}s": value for word, value in SCALES.items()}
PARTS = {"half": 2, "halves": 2, "third": 3, "fourth": 4, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7}
PARTS |= {"eighth": 8, "ninth": 9, "tenth": 10, "hundredth": 100}
PARTS |= {f"{word}s": value for word, value in PARTS.items() if word not in ("half", "halves")}
_A = ("a", "an")


def number_in_words(words: Sequence[str]) -> tuple[Fraction, int] | None:
    """The number that the first of some lower-case words make, and how many of them; None where they make none.

    Args:
        words: Words and the signs between them, of which hyphens count as nothing.

    >>> number_in_words("two and a half days".split())
    (Fraction(5, 2), 4)
    >>> number_in_words(["twenty", "-", "five"]), number_in_words(["one", "third"])
    ((Fraction(25, 1), 3), (Fraction(1, 3), 2))
    """
    words = list(words)
    if words[:1] == ["half"]:
        scale = words[2] if words[1:2] in (["a"], ["an"]) and len(words) > 2 else ""
        return (Fraction(SCALES[scale], 2), 3) if scale in SCALES else (Fraction(1, 2), 1)
    whole = _whole(words)
    if whole is None:
        return None
    value, used = whole
    rest = words[used:]
    if rest[:1] == ["-"]:
        rest, used = rest[1:], used + 1
        if not rest or rest[0] not in PARTS:
            return value, used - 1
    if rest and rest[0] in PARTS:
        return value / PARTS[rest[0]], used + 1
    if rest[:2] in (["and", "a"], ["and", "one"]) and rest[2:3] and rest[2] in PARTS:
        return value + Fraction(1, PARTS[rest[2]]), used + 3
    if rest[:1] == ["point"] and (digits := _digits(rest[1:])):
        return value + Fraction(f"0.{digits}"), used + 1 + len(digits)
    return value, used


def _digits(words: Sequence[str]) -> str:
    found = ""
    for word in words:
        if SMALL.get(word, 10) > 9:
            break
        found += str(SMALL[word])
    return found


def _whole(words: Sequence[str]) -> tuple[Fraction, int] | None:
    """A whole number: groups below a scale, as "two million three hundred thousand and five"."""
    total = group = 0
    used = at = 0
    if words and words[0] in _A:  # "a hundred", but not the article of "a car"
        if len(words) < 2 or words[1] not in SCALES:
            return None
        group, at = 1, 1
    while at < len(words):
        word = words[at]
        if word in SMALL and (group % 100 == 0 or (group % 10 == 0 and group % 100 >= 20 and 0 < SMALL[word] < 10)):
            group += SMALL[word]
        elif word in SCALES and (used or at == 1) and (group or total):
            if SCALES[word] < 1000:
                group *= SCALES[word]
            else:
                total, group = total + group * SCALES[word], 0
        elif word in ("-", "and") and used and at + 1 < len(words) and words[at + 1] in SMALL:
            if word == "and" and words[at - 1] not in SCALES:
                break  # "five and six" are two numbers
            at += 1
            continue
        else:
            break
        at += 1
        used = at
    return (Fraction(total + group), used) if used else None
