"""When two answers are the same."""

import itertools

from lightning_latent.data.answers.numbers import same_number
from lightning_latent.data.answers.typed import Option, Statement, Verdict, same

SAME = [
    ("120 minutes", "2 hours"),
    ("36 km/h", "10 m/s"),
    ("1500 cents", "$15"),
    ("2 dozen", "24"),
    ("5 feet 6 inches", "66 inches"),
    ("16 sq . cm", "16 cm\u00b2"),
    ("5 lbs", "5 pounds"),
    ("\u00a35", "5 pounds"),
    ("18", "18 eggs"),
    ("18 eggs", "18"),
    ("3 candies", "3 candy"),
    ("2/3", "0.67"),
    ("33.3333", "33.33"),
    ("66.666", "66.67"),
]
OTHERS = [
    ("15 cents", "$15"),
    ("\u20ac15", "$15"),
    ("5 days", "5 hours"),
    ("\u00a35", "5 lbs"),
    ("5 m", "5 m\u00b2"),
    ("18.4", "18"),  # a whole number was not rounded
    ("0.45", "0.5"),  # nor is one decimal enough to say so
    ("33.3", "33.33"),
    ("0.665", "0.67001"),
    ("", "5"),
]


def test_values_are_compared_in_one_unit():
    for answer, gold in SAME:
        assert same_number(answer, gold), (answer, gold)
    for answer, gold in OTHERS:
        assert not same_number(answer, gold), (answer, gold)


def test_kinds_are_told_apart_and_nothing_is_never_right():
    answers = [Option("A"), Option("B"), Verdict(True), Verdict(False), Statement("a"), None]
    for one, other in itertools.product(answers, repeat=2):
        assert same(one, other) is (one is not None and one is other)
