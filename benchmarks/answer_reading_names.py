"""How a rationale names its question's gold answer, told by a rule that knows nothing of the reader.

Only the last line counts. It names the answer

- by `letter`: the gold letter stands alone in the last words, of about 30 characters, and is neither an article (`a
  factor`) nor a variable (`A = 9261`);
- by `value`: the gold option has one number, which is the last one of the last words, of about 60 characters, and
  stands there alone: not as the exponent of `5^30`, a term of `435-534`, the factor of `3m`, or what is divided by;
- by `text`: the line ends with the gold option's text, which is not one number.
"""

import re
from fractions import Fraction
from itertools import pairwise

from lightning_latent.data.example import Example

NAMES = ("letter", "value", "text", "not at all")

_LETTER_END, _NUMBER_END = 30, 60  # characters that are looked at; a word is not cut
_NUMBER = re.compile(r"(?<![\w.,])-?(?:\d+ )?\d+/\d+(?![\d/])|-?(?:\d+(?:\.\d+)?|(?<!\w)\.\d+)!?")
_CUE = re.compile(r"(?:\b(?:answers?|ans|option|choice|correct|only)\b\W*(?:is\b\W*)?|[(\[{\"'])$", re.IGNORECASE)
_OPERAND_BEFORE = re.compile(
    r"(?:(?:\d|[)\]%]|\b[a-z])\s*-|[*/^+\u00d7\u00f7\u221a(]|\b(?:divided|multiplied)\s+by|\b(?:times|plus|minus|below|above|under|over|than))\s*$"
)
_OPERAND_AFTER = re.compile(r"\s*[-+*/^\u00d7\u00f7]\s*[\w(]|\(|[a-z](?![a-z])|(?:st|nd|rd|th)\b", re.IGNORECASE)
_VARIABLE_BEFORE = re.compile(r"[*/^+\u00d7\u00f7]\s*$")
_VARIABLE_AFTER = re.compile(r"\s*[-+*/^\u00d7\u00f7=]\s*[\w(\u221a-]")
_EXPRESSION = re.compile(r"[+*^=\u00d7\u00f7\u221a\u03c0]|[\w)]\s*[-/]\s*[\w(]")
_PRODUCT = re.compile(r"\d[a-z](?![a-z])")  # 3m, 2b


def how_named(text: str, example: Example) -> str:
    """By which of `NAMES` a rationale says what the answer is."""
    if not example.options:
        return "value"
    line = spelled(text.strip().strip('"').rstrip().rpartition("\n")[2])
    letter, content = example.answer[0], spelled(example.answer[2:])
    if names_letter(last_words(line, _LETTER_END), letter):
        return "letter"
    if names_value(last_words(line, _NUMBER_END), content):
        return "value"
    return "text" if names_text(line, content) else "not at all"


def spelled(text: str) -> str:
    """A text with the signs that the rules look for."""
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text.replace("\u2044", "/").replace("\u2212", "-"))
    return re.sub(r"(?<=\d)\s*/\s*(?=\d)", "/", text.replace("\u2013", "-")).strip()


def last_words(line: str, length: int) -> str:
    """The last words of a line, of so many characters and the rest of the first of them."""
    start = max(0, len(line) - length)
    return line[line.rfind(" ", 0, start) + 1 :] if start else line


def names_letter(words: str, letter: str) -> bool:
    """Whether a letter stands alone among words, as a label."""
    for found in re.finditer(rf"(?<![A-Za-z0-9]){letter}(?![A-Za-z0-9])", words, re.IGNORECASE):
        before, after = words[: found.start()], words[found.end() :]
        opens = re.search(r"(?:^|[.!?]\s)$", before) is not None
        article = found[0] in ("aA" if opens else "a") and re.match(r"\s+[a-z]", after, re.IGNORECASE)
        variable = _VARIABLE_AFTER.match(after) or _VARIABLE_BEFORE.search(before)
        if _CUE.search(before) or not (article or variable):
            return True
    return False


def names_value(words: str, content: str) -> bool:
    """Whether the last number among words is the only one of an option that is a number, and stands alone."""
    number, last = only_number(content), list(_NUMBER.finditer(words))
    if not number or not last or last[-1][0] != number:
        return False
    before, after = words[: last[-1].start()], words[last[-1].end() :]
    if _OPERAND_BEFORE.search(before):
        return False
    if "/" in number:
        after = re.sub(r"^(?:st|nd|rd|th)\b", "", after)  # 1/8th
    product = _PRODUCT.search(content)
    return bool(product and after.lstrip().startswith(product[0][1:])) if product else not _OPERAND_AFTER.match(after)


def only_number(content: str) -> str:
    """The number that an option is, whatever words stand about it; the empty string where it is another thing."""
    numbers = list(_NUMBER.finditer(content))
    if len(numbers) != 1 or _EXPRESSION.search(content[: numbers[0].start()] + "#" + content[numbers[0].end() :]):
        return ""
    return numbers[0][0]


def names_text(line: str, content: str) -> bool:
    """Whether a line ends with an option's text, which is not one number."""
    parts = re.findall(r"\w+|[^\w\s]", content.strip(" ."))
    text = r"\s*".join(map(re.escape, parts))
    named = re.search(rf"(?<![\w.-]){text}$", line.strip(" ."), re.IGNORECASE)
    return bool(named and not only_number(content) and len(content) > 1)


def same_text(option: str, gold: str) -> bool:
    """Whether two options with their letters say the same: the same text, or equal fractions."""
    one, other = (bare(text[2:]) for text in (option, gold))
    fractions = [re.fullmatch(r"(\d+)/([1-9]\d*)", text) for text in (one, other)]
    values = [Fraction(int(found[1]), int(found[2])) for found in fractions if found]
    return one == other or any(left == right for left, right in pairwise(values))


def bare(text: str) -> str:
    """A text in lower case without blanks and the signs at its ends."""
    return re.sub(r"\s+", "", spelled(text)).lower().strip(".,;:\"'")
