"""Whether two questions are one and the same, however they are spelt."""

import re
import unicodedata

from lightning_latent.data.benchmarks.choices import without_options
from lightning_latent.data.example import Example

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"), "-")
_COUNTS = re.compile(
    r"[^\W_]"  # letters and digits
    r"|[+<>=\u2264\u2265\u2260*\u00d7\u00f7%]"  # signs that are nothing but signs
    r"|(?:(?<=\d)|(?<=\b[a-z])|(?<=\)))\s*-\s*(?=\d|[a-z]\b|\()"  # minus between two things
    r"|(?<![\w)-])-(?=\d|[a-z]\b)"  # and before one
    r"|(?<![a-z])\.(?=\d)"  # a decimal point
    r"|(?:(?<=\d)|(?<=\b[a-z]))\s*/\s*(?=\d|[a-z]\b)"  # a fraction
)


def question_key(example: Example) -> str:
    r"""What two copies of a question have in common: letters, digits and signs in lower case, without its options.

    Blanks, and what only separates words, do not count; characters count for what they stand for.

    >>> question_key(Example("1", "How many eggs -- 3, or 4?", (), "3"))
    'howmanyeggs3or4'
    >>> question_key(Example("1", "Is \u00bd of -3 less than 7 - 3?", (), "yes"))
    'is1/2of-3lessthan7-3'
    """
    text = unicodedata.normalize("NFKC", without_options(example.question, example.options)).lower()
    text = text.translate(_DASHES).replace("\u2044", "/")
    return "".join(match.strip() for match in _COUNTS.findall(text))
