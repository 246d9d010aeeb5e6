"""The value that a number is written with: numerals, fractions, mixed numbers, powers, roots."""

import math
import re
from fractions import Fraction

_DIGITS = r"(?:\d+(?:[.,]\d+)*|\.\d+)"
_N = rf"{_DIGITS}(?:[eE][+-]?\d+(?![\w.]))?"
_ATOM = rf"(?:{_DIGITS}|\(\s?-?\s?{_DIGITS}\s?\))"
# What is counted by factorials: before it `5!` is one, and elsewhere it may be said loudly.
COUNTED = (
    r"(?:(?:different|possible|distinct)\s+)?(?:ways|arrangements|permutations|orders|words|possibilities|outcomes)"
)
_FORMS = {  # of the value, the longest first
    "mixed": r"(\d+)\s?(?:\s|-|\band\s)\s?(\d+)\s?/\s?(\d+)(?![\d/]|\.\d)",
    "mixed_written": r"(\d+)\s\((\d+)\)/\((\d+)\)",
    "scientific": rf"({_N})\s?[\u00d7x*]\s?10\s?\^\s?\(?\s?(-?\s?\d{{1,3}})\b\s?\)?",
    "chance": r"(1)\s+(?:in|out\s+of)\s+([2-9]|[1-9]\d+)(?=\s*(?:$|[.,;:)\]*]|(?:chances?|probability|odds)\b))",
    "factorial": rf"(\d{{1,3}})(?:\s?!(?=[.,;:)\]]|\s?=|\s+(?:{COUNTED})\b)|\s+factorial\b)",
    "fraction": rf"({_ATOM})\s?/\s?(-?\s?{_ATOM})(?!\s?/\s?\d|\^|[eE]\d)",
    "power": rf"({_ATOM})\s?\^\s?(?:\(\s?(-?\s?\d{{1,4}})\s?\)|(-?\d{{1,4}}))",
    "root": rf"\u221a\s?(?:\(\s?({_N})\s?\)|({_N}))",
    "plain": rf"({_N}|{_ATOM})",
}
_VALUE = {name: re.compile(form) for name, form in _FORMS.items()}
_NUMERALS = re.compile(r"(?:\d+|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3})?(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_LARGEST_FACTORIAL = 170
_MOST_DIGITS = 1000  # more have no answer, but runaway generation does


def value_at(text: str, at: int) -> tuple[Fraction | None, int, int]:
    """The value that begins at a place, how many decimals it is written with, and where it ends.

    >>> value_at("3 1/2", 0), value_at("2,5", 0)
    ((Fraction(7, 2), 0, 5), (None, 0, 3))
    """
    for name, form in _VALUE.items():
        if match := form.match(text, at):
            if name == "mixed" and not int(match[2][:9]) < int(match[3][:9]):
                continue
            parts = [part for part in match.groups() if part is not None]
            values = [_numeral(part) for part in parts]
            value = None if None in values else _combined(name, [value for value in values if value is not None])
            decimals = len(parts[0].partition(".")[2].rstrip(") ")) if name == "plain" else 0
            return value, decimals, match.end()
    return None, 0, at + 1


def _combined(form: str, values: list[Fraction]) -> Fraction | None:
    if form.startswith("mixed"):
        return values[0] + values[1] / values[2] if values[2] else None
    if form == "factorial":
        return Fraction(math.factorial(int(values[0]))) if values[0] <= _LARGEST_FACTORIAL else None
    if form in ("fraction", "chance"):
        return values[0] / values[1] if values[1] else None
    if form == "scientific":
        return values[0] * Fraction(10) ** int(values[1])
    if form == "power":
        small = abs(values[1]) <= 64 and values[0].denominator < 10**6 and abs(values[0].numerator) < 10**6
        return values[0] ** int(values[1]) if small and (values[0] or values[1] > 0) else None
    if form == "root":
        roots = [Fraction(math.isqrt(part)) for part in values[0].as_integer_ratio()]
        return roots[0] / roots[1] if (roots[0] / roots[1]) ** 2 == values[0] else None
    return values[0]


def _numeral(text: str) -> Fraction | None:
    """The exact value of an English numeral; None for any other, such as `2,5`, `1,2,3` and `1.000,50`."""
    digits = re.sub(r"[()\s]", "", text)
    sign, digits = (-1, digits[1:]) if digits.startswith("-") else (1, digits)
    if len(digits) > _MOST_DIGITS or not _NUMERALS.fullmatch(digits):
        return None
    return sign * Fraction(digits.replace(",", ""))
