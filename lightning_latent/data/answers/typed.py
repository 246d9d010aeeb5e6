"""The kinds of answers, and when two of them are the same."""

from fractions import Fraction
from typing import Literal, NamedTuple

from lightning_latent.data.answers.units import NO_UNIT, Unit

_ROUNDED_FROM = 2  # decimals of a gold answer from which on a more exact answer may round to it


class Number(NamedTuple):
    """An exact value of a unit; `decimals` is how many stand behind the point, 0 for a fraction."""

    value: Fraction
    unit: Unit = NO_UNIT
    decimals: int = 0


Qualifier = Literal["up", "down", "<", "<=", ">", ">="]


class Qualified(NamedTuple):
    """A number that says which way a change goes, such as a loss of 5 %, or a bound, such as `more than 7`."""

    qualifier: Qualifier
    number: Number


class Option(NamedTuple):
    """An option by its letter, a capital."""

    letter: str


class Verdict(NamedTuple):
    """Yes or no, true or false."""

    holds: bool


class Statement(NamedTuple):
    """Any other answer: its words in one spelling."""

    words: str


Answer = Number | Qualified | Option | Verdict | Statement | None
"""What a text answers; None is no answer, and never right."""


def same(answer: Answer, gold: Answer) -> bool:
    """Whether an answer is the gold one: of the same kind, and equal by value.

    A number of another unit of the same kind is converted, and one side may lack its unit. The values must be exactly
    equal, with one exception: where the gold answer has two decimals or more, it was rounded, and an answer that rounds
    to it is right. Of a change, the gold answer may lack the direction, but not the answer: a loss of 5 % is 5 %.

    >>> same(Number(Fraction(200, 3)), Number(Fraction("66.67"), decimals=2))
    True
    >>> same(Number(Fraction(37, 2)), Number(Fraction(18))), same(None, None)
    (False, False)
    """
    if isinstance(answer, Number) and isinstance(gold, Number):
        value = _in_unit(answer, gold.unit)
        return value is not None and (value == gold.value or _rounds_to(value, gold))
    if isinstance(answer, Qualified) and isinstance(gold, Qualified):
        return answer.qualifier == gold.qualifier and same(answer.number, gold.number)
    if isinstance(answer, Qualified) and isinstance(gold, Number):
        return answer.qualifier in ("up", "down") and same(answer.number, gold)
    return answer is not None and answer == gold


def _rounds_to(value: Fraction, gold: Number) -> bool:
    return gold.decimals >= _ROUNDED_FROM and abs(value - gold.value) * 2 * 10**gold.decimals <= 1


def _in_unit(number: Number, unit: Unit) -> Fraction | None:
    """The value in another unit; None where that is of another kind."""
    if NO_UNIT in (number.unit, unit) or number.unit == unit:
        return number.value
    one, other = (_pounds(unit, beside) for unit, beside in ((number.unit, unit), (unit, number.unit)))
    return number.value * one.factor / other.factor if one.kind == other.kind else None


def _pounds(unit: Unit, beside: Unit) -> Unit:
    """What pounds are, money or weight, beside a unit that is one of them."""
    if unit.kind != "pounds":
        return unit
    return Unit("ounce", Fraction(16)) if beside.kind == "ounce" else Unit("pound")
