"""Numbers with a direction or a bound."""

import pytest

from lightning_latent.data.answers.options import same_option
from lightning_latent.data.answers.qualified import read_qualified

SAME = [
    ("19 % Increase", "Increases by 19%"),
    ("a loss of 5%", "5 % loss"),
    ("profit 20%", "20% gain"),
    ("> 7", "more than 7"),
    ("at least 5", "\u2265 5"),
    ("not more than 5", "at most 5"),
    ("9%loss", "9"),
    ("decreased by $5", "5 dollars"),
    ("5!", "120"),
    ("5 factorial", "120"),
    ("1 in 4", "25/100"),
    ("8%", "8 p.c.p.a."),
    ("8% per annum", "8 %"),
]
OTHERS = [
    ("Decreases by 19%", "Increases by 19%"),
    ("19%", "Increases by 19%"),  # which way it goes is part of the answer
    ("increases by 19%", "increases by 20%"),
    ("more than 7", "7"),
    ("7", "more than 7"),
    ("more than 7", "at least 7"),
    ("8!", "8"),
    ("8", "8!"),
    ("8!", "7!"),
]


@pytest.mark.parametrize(("answer", "gold"), SAME)
def test_the_same_in_other_words(answer, gold):
    assert same_option(answer, gold)


@pytest.mark.parametrize(("answer", "gold"), OTHERS)
def test_others_are_told_apart(answer, gold):
    assert not same_option(answer, gold)


def test_what_is_neither_is_none():
    for text in ("", "5", "loss", "more than", "the price of 5 gains", "x" * 1000 + " 5% loss"):
        assert read_qualified(text) is None, text
