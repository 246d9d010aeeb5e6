"""Yes or no, true or false: which of them a text answers with."""

import re

from lightning_latent.data.answers.numbers import stretches
from lightning_latent.data.answers.plain import without_emphasis
from lightning_latent.data.answers.statements import statements
from lightning_latent.data.answers.typed import Verdict

_WORDS = {"yes": True, "true": True, "correct": True, "right": True}
_WORDS |= {"no": False, "false": False, "untrue": False, "incorrect": False, "wrong": False}
_EITHER = "yes|no|true|false"
# "The statement is correct", but not any "correct": the answer "no" may be called so.
_OF_CLAIM = r"untrue|(?:(?<=statement\sis\s)|(?<=claim\sis\s))(?:correct|right|incorrect|wrong)"
_NEGATION = r"(?:(?:\bnot|\bnever|\bcannot|n't)\s+(?:be\s+)?(?:an?\s+)?(?:[a-z]+ly\s+)?)?"
_LINK = r"[\s\"'-]*(?:/|\bor\b|\band\b|\bnor\b)(?:\s+(?:a|an|is it|it is|rather))?[\s\"'-]*"
_WORD = re.compile(
    rf"(?:\bneither\s+)?\b(?:{_EITHER})\b{_LINK}(?:{_EITHER})\b|({_NEGATION})\b({_EITHER}|{_OF_CLAIM})\b", re.IGNORECASE
)
_OPEN = re.compile(
    r"\b(?:perhaps|maybe|possibly|(?:could|might|may|can|would either)\s+be|either)\s+(?:a\s+)?[\"']?$", re.I
)
_NOT_ALONE = re.compile(
    r"^[\W_]*(?:(?:probably|most likely|certainly|definitely|surely|clearly)\s+)?not\b(?!\s+(?:yes|no)\b)", re.I
)
# A "no" before any other word belongs to that word, as in "no idea", and answers nothing.
_DETERMINER = re.compile(
    r"(?:[ \t]+|-)(?!(?:an?|and|as|because|but|for|he|i|if|in|is|it|not|or|she|since|so|that|the|there|these|they|this"
    r"|we|when|you)\b)[a-z]",
    re.IGNORECASE,
)


def stated_verdict(text: str) -> Verdict | None:
    """Whether a generated text says yes (true) or no (false); None where it says neither, or both.

    It is the first such word after an answer cue. Without a cue, it is the word that the text opens with, else the last
    one. `not true` is false, and neither `yes or no` nor the no of `no idea` is an answer.

    >>> stated_verdict("Yes. There is no doubt."), stated_verdict("No wonder: the answer is yes.")
    (Verdict(holds=True), Verdict(holds=True))
    >>> stated_verdict("Neither yes nor no."), stated_verdict("Not yes but no.")
    (None, Verdict(holds=False))
    """
    for part in stretches(text):
        verdict, sure = _stated(part)
        if verdict is not None or sure:
            return verdict
    return None


def _stated(text: str) -> tuple[Verdict | None, bool]:
    """The verdict of a text, and whether it states one at all."""
    parts, rest = statements(without_emphasis(text), negations=True)
    for part in parts:
        if _NOT_ALONE.match(part.text) and not re.search(
            rf"\b(?:{_EITHER})\b", part.text.split("\n")[0], re.IGNORECASE
        ):
            return Verdict(False), True
        if found := _verdicts(part.text):
            return _first(found), True
    if rest is None or not (found := _verdicts(rest)):
        return None, False
    opens = found[0][1] is not None and not re.search(r"\w", rest[: found[0][0]])
    return (_first(found) if opens else _of(found[-1][1])), True


def _first(found: list[tuple[int, bool | None]]) -> Verdict | None:
    return _of(found[0][1])


def _of(holds: bool | None) -> Verdict | None:
    return None if holds is None else Verdict(holds)


def _verdicts(text: str) -> list[tuple[int, bool | None]]:
    """Where a text says yes (True), no (False) or leaves it open (None)."""
    found: list[tuple[int, bool | None]] = []
    rejected: list[tuple[int, bool | None]] = []
    for match in _WORD.finditer(text):
        word, negated = (match[2] or "").lower(), bool(match[1])
        if word == "no" and _DETERMINER.match(text, match.end()):
            continue
        if not word or _OPEN.search(text[max(0, match.start() - 20) : match.start()]):
            found.append((match.start(), None))
        elif negated and word in ("yes", "no"):  # "not yes but ..." rejects a word, and "not true" says false
            rejected.append((match.start(), not _WORDS[word]))
        else:
            found.append((match.start(), _WORDS[word] != negated))
    return found or rejected
