"""Units and currencies: which there are, in which spellings, and what one is in another of its kind."""

import re
from fractions import Fraction
from typing import NamedTuple


class Unit(NamedTuple):
    """What a number counts: a kind, such as `length/time` or `pens`, and how many of the kind's first unit it is."""

    kind: str = ""
    factor: Fraction = Fraction(1)


NO_UNIT = Unit()

_TABLE = """
dollar 1 $ dollar usd buck
dollar 1/100 \u00a2 cent
euro 1 \u20ac euro eur
pound 1 \u00a3 gbp
pound 1/100 pence
rupee 1 \u20b9 rs re rupee inr
rupee 1/100 paise paisa
yen 1 \u00a5 yen
unit 1 unit
percent 1 % percent percentage pct
time 1 s sec second
time 60 min minute
time 3600 h hr hour
time 86400 day
time 604800 week wk
month 1 month
month 12 year yr
length 1/1000 mm millimeter millimetre
length 1/100 cm cms centimeter centimetre
length 1 m meter metre mtr
length 1000 km kilometer kilometre
inch 1 inch inche in
inch 12 ft foot feet
inch 36 yd yard
inch 63360 mi mile
mass 1/1000 mg milligram
mass 1 g gm gram gramme
mass 1000 kg kilo kilogram
ounce 1 oz ounce
ounce 16 lb
volume 1/1000 ml cc millilitre milliliter
volume 1 l liter litre ltr
quart 1 quart
quart 4 gallon gal
degree 1 \u00b0 degree deg
celsius 1 c \u00b0c celsius centigrade
fahrenheit 1 f \u00b0f fahrenheit
"""
_UNITS: dict[str, Unit] = {}
for _line in _TABLE.split("\n"):
    for _name in _line.split()[2:]:
        _UNITS[_name] = Unit(_line.split()[0], Fraction(_line.split()[1]))
_SPEEDS = {"kmph": "km/h", "kmh": "km/h", "kph": "km/h", "mph": "mi/h", "mps": "m/s", "kmps": "km/s"}
_SPEEDS |= {"km/h": "km/h", "kmp/h": "km/h"}
# Words that change the number before them, or say on which side of something it is: no units.
_NO_NOUN = re.compile(
    r"(?:root|factorial|square|cube|power|score|halve|third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
    r"|squared|cubed|cubic|half|gross|couple|twice|double|triple|plus|minus|upto|less|more|fewer|than|over|under"
    r"|above|below|before|after|late|later|early|earlier|ahead|behind|higher|lower|faster|slower|older|younger"
    r"|greater|profit|loss|gain|increased?|decreased?|east|west|north|south|only|log|percent|but|not|times?|when|if"
    r"|which|that|is|are|and|or|with|without|from|to|at|by|on|am|pm|pi|bn|mn)s?"
)
_NOUN = re.compile(r"(?:[a-z]{3,}(?:[-'][a-z]+)*|cd|pm|am)")
_LINKS = ("of", "per", "a", "an", "in", "the", "/", "each", "every")
_MOST_WORDS = 5


def unit_of(text: str) -> Unit | None:
    """The unit that a whole text is; the text itself, of nouns, is a kind of its own. None where it is no unit.

    >>> unit_of("cents"), unit_of("km per hour") == unit_of("kmph"), unit_of("less than x")
    (Unit(kind='dollar', factor=Fraction(1, 100)), True, None)
    """
    text = _tidy(text)
    if not text:
        return NO_UNIT
    known = _known(text)
    if known is not None:
        return known
    words = text.replace("/", " / ").split()
    if len(words) > _MOST_WORDS or words[0] in _LINKS or words[-1] in _LINKS:
        return None
    nouns = [word for word in words if word not in _LINKS]
    if all(word in _UNITS or (_NOUN.fullmatch(word) and not _NO_NOUN.fullmatch(word)) for word in nouns):
        head = _known(words[0])
        return head if head and words[1:2] == ["of"] else Unit(" ".join(map(_singular, words)))
    return None


def known_unit(text: str) -> Unit | None:
    """The unit of the table above that a whole text is, in any spelling, with powers and quotients; None otherwise."""
    return _known(_tidy(text))


def _tidy(text: str) -> str:
    text = re.sub(r"\bper\s+(?:cent|centum)\b|\bp\.?\s?c\b\.?", "percent", text.lower().strip())
    text = re.sub(r"(?<=%|t)\s?(?:p\.?\s?a\b\.?|(?:per\s+|/\s?|a\s+)(?:annum|year))$", "", text)
    text = re.sub(r"(?:\u00b0|\bdegrees?)\s?(?=c\b|f\b|celsius|fahrenheit|centigrade)", "", text)
    text = re.sub(r"(?<=[a-z])\s?\.(?=\s|$|/)", "", text)
    text = re.sub(r"\b(?:square|sq)[\s.]+", "sq ", re.sub(r"\b(?:cubic|cu)[\s.]+", "cu ", text))
    text = re.sub(
        r"\b([a-z]+)\s?\^?\s?\(?([23])\)?(?=$|/|\s)", lambda m: f"{'sq' if m[2] == '2' else 'cu'} {m[1]}", text
    )
    text = re.sub(r"\s*(?:/|\bper\b|\ban?\b(?=\s+(?:hour|minute|second|day|week|month|year)))\s*", "/", text)
    return re.sub(r"\s+", " ", re.sub(r"/+\s*-?$", "", text)).strip()


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 2 else word


def _known(text: str) -> Unit | None:
    parts = _SPEEDS.get(_singular(text), text).split("/")
    if len(parts) > 2:
        return None
    found = [_simple(part.strip()) for part in parts]
    if None in found:
        return None
    units = [unit for unit in found if unit is not None]
    if len(units) == 1:
        return units[0]
    return Unit(f"{units[0].kind}/{units[1].kind}", units[0].factor / units[1].factor)


def _simple(word: str) -> Unit | None:
    for prefix, power in (("sq ", 2), ("cu ", 3)):
        if word.startswith(prefix):
            unit = _simple(word.removeprefix(prefix))
            return Unit(f"{unit.kind}^{power}", unit.factor**power) if unit else None
    if word == "pounds":
        return Unit("pounds")  # of money or of weight
    return _UNITS.get(word) or _UNITS.get(_singular(word)) or _UNITS.get(word.removesuffix("es"))
