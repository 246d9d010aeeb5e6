r"""What a text answers to a question with options: a letter, or an option's text."""

import re

from lightning_latent.data.answers.concluding import last_value
from lightning_latent.data.answers.letters import closing_letter, last_letter, mentioned_letter, opening_letter, worded
from lightning_latent.data.answers.numbers import read_number, stretches
from lightning_latent.data.answers.plain import plain, without_emphasis
from lightning_latent.data.answers.qualified import read_qualified, with_direction
from lightning_latent.data.answers.sentences import stated_quantity, without_bullets
from lightning_latent.data.answers.statements import Statement, statements
from lightning_latent.data.answers.typed import Answer, Option, same
from lightning_latent.data.answers.typed import Statement as Words

_LABEL = re.compile(r"\s*\(?\s*([A-Ha-h])\s*\)\s*")
_LETTER = re.compile(r"\s*([A-H])\s*[.:]?\s*")
_CLAUSE_END = re.compile(r"\n|[,;]\s|\s-\s(?=[a-z]{2})|\.(?:\s|$)")
_BLANK = re.compile(r"(?<!\d) | (?!\d)")  # not the one of "2 1/2"
_THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{2,3}){0,6},\d{3}(?![\d,])")
_ALTERNATIVES = re.compile(
    r"^\W*(?:either\W+)?[A-H][\"')\]]*\s*(?:,|/|\bor\b)\s*(?:option\s+)?[\"'(\[]*[A-H]\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"=|\w\s+\w+\s+(?:is|are|was|equals)\s")


def stated_choice(text: str) -> str:
    r"""What a generated text answers to a multiple-choice question: a letter if it names one, else an option's text.

    >>> stated_choice("25 * 25 = 625\n### C) 625"), stated_choice("The answer is (b), since"), stated_choice("### 625")
    ('C', 'B', '625')
    """
    return next((said for part in stretches(text) if (said := _stated(part))), "")


def read_option(text: str) -> Answer:
    """The answer that a whole text is: an option by its letter, a number, or other words; None where it is blank.

    >>> read_option("C) 625"), read_option("not 10")
    (Option(letter='C'), Statement(words='not10'))
    """
    if named := _LABEL.match(text) or _LETTER.fullmatch(text):
        return Option(named[1].upper())
    return read_content(text)


def read_content(text: str) -> Answer:
    """The answer that an option's text is, without its letter."""
    number = read_number(_spelled(text)) or read_qualified(plain(_spelled(text)))
    return number or (Words(words) if (words := _words(text)) else None)


def same_choice(prediction: str, gold: str) -> bool:
    """Whether an answer means the gold option, by its letter or, if it names none, by its text.

    >>> same_choice("C", "C) 625"), same_choice("625.0", "C) 625")
    (True, True)
    >>> same_choice("A", "C) 625"), same_choice("D) 625", "C) 625")
    (False, False)
    """
    answer = read_option(prediction)
    return (
        answer == Option(gold[:1])
        if isinstance(answer, Option)
        else same_option(prediction, unlabelled(gold, gold[:1]))
    )


def same_option(left: str, right: str) -> bool:
    """Whether two texts say the same option: the same words, or the same number of which one may lack the unit.

    >>> same_option("150", "150 m"), same_option("$1,500.0", "1500"), same_option("120 minutes", "2 hours")
    (True, True, True)
    >>> same_option("4", "4 \u03c0"), same_option("5 days", "5 hours"), same_option("15 cents", "$15")
    (False, False, False)
    """
    words = _words(left)
    return words != "" and (words == _words(right) or same(read_content(left), read_content(right)))


def unlabelled(text: str, letter: str) -> str:
    """Strip an option's own label, also where the source wrote it twice."""
    while (label := _LABEL.match(text)) and label[1].upper() == letter:
        text = text[label.end() :]
    return text.strip()


def _stated(text: str) -> str:
    text = without_bullets(text)
    parts, rest = statements(worded(_cleaned(text)))
    letters = (letter for part in parts if (letter := _letter_of(part)))
    closing = closing_letter(rest) if rest is not None else ""
    contents = (said for part in parts if (said := _content(_clause(part))))
    if letter := next(letters, ""):
        return letter
    if parts and _ALTERNATIVES.search(_clause(parts[0])):
        return ""
    if said := closing or next(contents, ""):
        return said
    return "" if rest is None else last_letter(rest) or last_value(rest)


def _letter_of(part: Statement) -> str:
    text = without_emphasis(part.text)
    return opening_letter(text, passage=part.form == "passage") or mentioned_letter(_clause(part))


def _clause(part: Statement) -> str:
    text = without_emphasis(part.text)
    return (text if part.form == "whole" else _CLAUSE_END.split(text, maxsplit=1)[0]).strip()


def _content(clause: str) -> str:
    """The text of an answer: what an equation comes to, else the clause as it is."""
    found = stated_quantity(clause, cued=True) if _SENTENCE.search(clause) else None
    if found and found.number.value is not None:
        return with_direction(found.text, found.number.start, found.number.end)
    return re.sub(r"(?<=\d)!$", "", clause).strip(" \"'.;")  # it is said loudly


def _cleaned(text: str) -> str:
    """Without the quotes around a whole text and what a web page left in it."""
    return re.sub(r"\[\s*reveal\s*\]\s*spoiler\s*:?", "", text.strip().strip('"'), flags=re.IGNORECASE)


def _spelled(text: str) -> str:
    """MathQA's spelling of decimals and of a worn rupee sign, as others write it: `. 5`, `s . 480`."""
    text = re.sub(r"^\s*s\s?\.?\s?(?=\d)", "rs. ", text)
    return re.sub(r"^(\s*-?\s*)\.\s+(?=\d)", r"\1.", text)


def _words(text: str) -> str:
    """Lower case, without blanks, thousands' commas, currency of a number and a trailing stop."""
    text = without_emphasis(plain(_spelled(text))).lower()
    text = _THOUSANDS.sub(lambda m: m[0].replace(",", ""), text)
    text = re.sub(r"\(([a-z](?:\^\d+)?)\)", r"\1", text)  # 16(p^2)
    text = re.sub(r"\s*(?:\u00b0|\bdegrees?\b)", " degrees", text)
    return _BLANK.sub("", re.sub(r"\s+", " ", text).strip(" .\"'")).strip()
