"""Numbers as they are written."""

import random
from fractions import Fraction

from lightning_latent.data.answers.numbers import read_number, same_number
from lightning_latent.data.answers.plain import plain
from lightning_latent.data.answers.quantities import quantities

NUMBERS = [
    ("the answer is - 5", [-5]),
    ("x=-3", [-3]),
    ("-$5 or then $-7", [-5, -7]),
    ("\u22124 degrees", [-4]),
    ("16-3", [None]),
    ("1,000,000 pens, then 18", [1000000, 18]),
    ("$18.", [18]),
    (r"\frac{3}{4} of it, \dfrac12 of it, 2\frac{1}{2} in all", [Fraction(3, 4), Fraction(1, 2), Fraction(5, 2)]),
    ("\u00bd of it", [Fraction(1, 2)]),
    ("1/2e3", [None]),
    ("the 2nd of Team #2 in B12", []),
    ("no number at all", []),
    ("not 12 but 18", [18]),
    ("12 is wrong", []),
    ("", []),
]


def test_numbers_are_found():
    for text, values in NUMBERS:
        assert [number.value for number in quantities(plain(text))] == values, text


SETTERS = [",", "\u202f", "\u00a0", "\u2009", "'", "\u2019", "{,}", r"\,"]


def test_thousands_in_every_writing_have_the_value_of_python():
    rng = random.Random(0)
    for _ in range(300):
        whole, decimals, setter = rng.randrange(1000, 10**12), rng.randrange(3), rng.choice(SETTERS)
        tail = "".join(rng.choice("0123456789") for _ in range(decimals))
        written = f"{whole:,}".replace(",", setter) + (f".{tail}" if tail else "")
        number = read_number(written)
        assert number is not None and number.value == Fraction(f"{whole}.{tail}" if tail else whole), written
        assert number.decimals == decimals


VALUES = [
    ("1,000.0", 1000),
    ("50%", 50),
    ("12 apples", 12),
    ("-0.75", Fraction(-3, 4)),
    ("22 1/2 %", Fraction(45, 2)),
    ("5/0", None),
    ("3 or 4", None),
    ("1e3", 1000),
    ("0/6e1", None),
    ("1e9999999", None),
    ("1e-9999999", None),
    ("9" * 4301, None),
    ("1/" + "9" * 4301, None),
    ("10^(9999)", None),
    ("none", None),
    ("less than 10", None),
    ("10 % loss", None),
]


def test_value_is_exact_or_none():
    for text, value in VALUES:
        number = read_number(text)
        assert (None if number is None else number.value) == value, text


def test_absent_numbers_are_never_the_same():
    assert not same_number("", "")
    assert not same_number("red", "red")
