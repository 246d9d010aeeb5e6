"""Numbers in words, against a speller that writes them."""

import random

from lightning_latent.data.answers.sentences import digits_for_words
from lightning_latent.data.answers.words import SMALL, number_in_words

NAMES = {value: word for word, value in SMALL.items() if word != "fourty"}


def spelled(number: int) -> str:
    """An English spelling of 0 to 999,999,999, with a hyphen in twenty-five and an `and` before the last two digits."""
    for scale, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= scale:
            rest = number % scale
            link = " and " if 0 < rest < 100 else " "
            return f"{spelled(number // scale)} {name}{link + spelled(rest) if rest else ''}"
    return NAMES[number] if number in NAMES else f"{NAMES[number - number % 10]}-{NAMES[number % 10]}"


def test_every_spelled_number_is_read():
    rng = random.Random(0)
    for number in [*range(1200), *(rng.randrange(10**9) for _ in range(500))]:
        words = spelled(number).replace("-", " - ").split()
        assert number_in_words(words) == (number, len(words)), spelled(number)
        assert digits_for_words(f"It is {spelled(number)}.") == f"It is {number}.", spelled(number)


def test_words_that_mean_no_number_stay():
    for text in ("the last one", "one of them", "no one", "a car", "and", "point", "an hundredweight"):
        assert digits_for_words(text) == text
