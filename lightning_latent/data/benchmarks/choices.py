"""Multiple-choice questions: how their options are shown, and when an answer means one of them."""

import random
import re
from collections.abc import Sequence

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.benchmarks.answers import answer_parts, marked_line, split_number
from lightning_latent.data.example import Example
from lightning_latent.data.views import View

_LETTERS = "ABCDEFGH"  # not I, which is a word
_LABEL = re.compile(r"\s*\(?\s*([A-Ha-h])\s*\)\s*")
_BARE = re.compile(r"\W*(?:(?:option|choice)\W+)?\b([A-H])\b\s*(?:\.(?![a-z])|[:,;)*\]]|\n|$)", re.IGNORECASE)
_EXPLAINED = re.compile(
    r"\W*(?:(?i:option|choice)\W+)?\b(?:([A-H])\s+(?:(?:because|since|due)\b|[-\u2013\u2014(]\s?)|([B-H])\s+\d)"
)
_MENTIONED = re.compile(r"(?<!\w)\(\s*([A-H])\s*\)|\b(?:option|choice)\s+([A-H])\b", re.IGNORECASE)
# A letter on its own ends a clause only after these words: "train B" and "from A to B" name no option.
_ENDING = re.compile(
    r"(?i:\b(?:is|was|be|option|choice|letter|answer|therefore|thus|hence|so|then|choose|pick|select"
    r"|go\s+with|[a-z]+ly))\s+([A-H])\s*[.!]*$"
)
_CLAUSE_END = re.compile(r"\n|[,;]\s|(?<!\b[Rr]s)\.(?:\s|$)")
_WRAPPING = re.compile(r"\\(?:text|textbf|mathrm|mathbf|boldsymbol)\s*\{([^{}]*)\}")
_EMPHASIS = re.compile(r"\\?\$|\\[()\[\]]|`|(?<!\d)\*{2,}|\*{2,}(?!\d)")
_NAMED = r"\(?\b([A-H])\b\)?"
_IS_RIGHT = re.compile(
    rf"(?:\b(?:option|choice|answer)\s+)?{_NAMED}\s+(?:is|must\s+be)\s+"
    r"(?:(?:the|our|my|also|indeed|therefore|thus|final|correct|right|best|[a-z]+ly)\s+){0,4}"
    r"(?:(?:answer|option|choice)\b|(?:correct|right)\b(?!\s+(?!because|since|as|and|so|here)[a-z]))",
)
_OPTION_IS = re.compile(
    rf"\b(?i:option|choice)(?=\s*(?:[:=]|\s(?:is|was|(?:will|would|must|should) be)\b)[\s:]*{_NAMED})"
)
_RULED_OUT = re.compile(
    r"(?i:(?:\b(?:and|but)\s+)?\b(?:not|neither|nor|cannot|rather\s+than|instead\s+of)|n['\u2019]t)(?:\s+be)?\s+"
    r"(?:(?i:option|choice)\s+)?(?:\(\s*[A-Ha-h]\s*\)|[A-H]\b)"
)
# Words that may be left out after a number without changing it: units and things counted, but no "4 dozen" or "4 pi".
_NOUN = r"""(?:[cdkm]?m|kms|in|ft|lbs?|[km]?g|kgs|gms?|ml|l|cc|s|secs?|mins?|h|hrs?|yrs?|kmp?h|mph|mps|rs|deg|day
    |men|man|way
    |(?!(?:root|dozen|hundred|thousand|lakh|lac|million|billion|trillion|crore|factorial|square|cube|power|pair|score
          |halve|third|quarter|fifth|sixth|seventh|eighth|ninth|tenth)s?\b
       |(?:squared|cubed|cubic|half|gross|couple|twice|double|triple|plus|minus|and|upto|less|more|fewer|than|over|under
          |above|below|before|after|late|later|early|earlier|ahead|behind|higher|lower|faster|slower|older|younger
          |greater|profit|loss|gain|increased?|decreased?|east|west|north|south)\b)[a-z]{4,})"""
_UNIT = re.compile(
    rf"(?:(?:sq|cu|square|cubic)\b[ .]*)?{_NOUN}(?:[ ](?:(?:of|per|a|an|in|the)[ ])?{_NOUN}){{0,2}}", re.VERBOSE
)
_THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{2,3}){0,6},\d{3}(?![\d,])")
_BLANK = re.compile(r"(?<!\d) | (?!\d)")  # not the one of "2 1/2"
_VERDICT_LENGTH = 200  # the closing words that are looked at, so that a long rationale takes no longer
_VERDICT = re.compile(
    r"""(?:\b(?:so|hence|thus|therefore|the|our|my|correct|right|final)\b\W*)*
        (?:\b(?:answer|ans|option|choice)\b(?:\W|\b(?:is|was|will|be|must|the|option|choice)\b)*\b[a-e]\b
          |\b[a-e]\b\W*(?:\bis\b\W*)?(?:\bthe\b\W*)?(?:\bcorrect\b\W*)?\b(?:answer|option|choice)\b
          |(?:^|(?<=\n))\W*[a-e])
        \W*$""",
    re.IGNORECASE | re.VERBOSE,
)


class MultipleChoice(Benchmark):
    """A benchmark whose answers are options with letters."""

    answer_form = "the letter of the right option"

    @staticmethod
    def example(id: str, question: str, options: tuple[str, ...], letter: str, steps: tuple[str, ...]) -> Example:
        """A question with its options below it, whose gold answer is the option of the letter."""
        return Example(id, with_options(question, options), steps, correct_option(options, letter), options)

    def view(self, example: Example, rng: random.Random) -> View | None:
        """The options in another order, with the letters of their new places."""
        order = rng.sample(range(len(example.options)), len(example.options))
        options = labelled([_unlabelled(example.options[place], example.options[place][0]) for place in order])
        question = with_options(without_options(example.question, example.options), options)
        gold = options[order.index(example.options.index(example.answer))]
        back = {new: example.options[place] for new, place in zip(options, order, strict=True)}
        letters = {new[0]: old[0] for new, old in back.items()}
        told = example._replace(question=question, answer=gold, options=options)
        return View(told, order=tuple(order), answers={**back, **letters})

    def extract(self, text: str) -> str:
        """The letter of the option that the text names, else the text of its answer."""
        return stated_choice(text)

    def matches(self, prediction: str, gold: str) -> bool:
        """Whether the prediction means the gold option."""
        return same_choice(prediction, gold)


def labelled(texts: Sequence[str]) -> tuple[str, ...]:
    """Options with their letters, whatever label they came with.

    >>> labelled(["a ) 24", "(B) 120", "625"])
    ('A) 24', 'B) 120', 'C) 625')
    """
    if len(texts) > len(_LETTERS):
        raise ValueError(f"{len(texts)} options are more than the {len(_LETTERS)} letters")
    return tuple(
        f"{letter}) {_unlabelled(text, letter)}".rstrip() for letter, text in zip(_LETTERS, texts, strict=False)
    )


def with_options(question: str, options: Sequence[str]) -> str:
    r"""A question with its options below it, one a line.

    >>> with_options("How many?", ("A) 1", "B) 2"))
    'How many?\nA) 1\nB) 2'
    """
    return "\n".join((question, *options))


def without_options(question: str, options: Sequence[str]) -> str:
    """Undo `with_options`; a question that does not end with its options stays as it is."""
    return question.removesuffix("\n" + "\n".join(options)) if options else question


def correct_option(options: Sequence[str], letter: str) -> str:
    """The option of a letter; a `ValueError` if there is none.

    >>> correct_option(("A) 24", "B) 120"), "b")
    'B) 120'
    """
    for option in options:
        if option[0] == letter.strip().upper():
            return option
    raise ValueError(f"the correct option is {letter!r}, but there are only {len(options)} options")


def stated_choice(text: str) -> str:
    r"""What a generated text answers to a multiple-choice question: a letter if it names one, else an option's text.

    >>> stated_choice("25 * 25 = 625\n### C) 625"), stated_choice("The answer is (b), since"), stated_choice("### 625")
    ('C', 'B', '625')
    """
    text = _plain_wording(text)
    marked = marked_line(text)
    if marked and (letter := _opening(marked)):
        return letter
    for part in answer_parts(text):
        # A marked line is the answer; after a cue in prose, the clause is.
        clause = part if part == marked else _CLAUSE_END.split(part, maxsplit=1)[0].strip()
        if said := _opening(part) or _letter(_MENTIONED.search(clause) or _ENDING.search(clause)) or clause:
            return said
    if marked is not None:
        return ""
    # "C) since ..." opens with its answer; "(A) is too small, so it is (C)" ends with it.
    opening = "" if text.lstrip().startswith("(") else _opening(text)
    mentioned = next(reversed(list(_MENTIONED.finditer(text))), None)
    return opening or _letter(mentioned or _ENDING.search(text.rstrip()))


def same_choice(prediction: str, gold: str) -> bool:
    """Whether an answer means the gold option, by its letter or, if it names none, by its text.

    >>> same_choice("C", "C) 625"), same_choice("625.0", "C) 625")
    (True, True)
    >>> same_choice("A", "C) 625"), same_choice("D) 625", "C) 625")
    (False, False)
    """
    named = _LABEL.match(prediction) or re.fullmatch(r"\s*([A-H])\s*[.:]?\s*", prediction)
    if named:
        return _letter(named) == gold[:1]
    return same_option(prediction, _unlabelled(gold, gold[:1]))


def same_option(left: str, right: str) -> bool:
    """Whether two texts say the same option: the same words, or the same number of which one may lack the unit.

    >>> same_option("150", "150 m"), same_option("$1,500.0", "1500")
    (True, True)
    >>> same_option("4", "4 \u03c0"), same_option("5 days", "5 hours"), same_option("10", "less than 10")
    (False, False, False)
    """
    left, right = _plain(left), _plain(right)
    if not left or not right:
        return False
    if _BLANK.sub("", left) == _BLANK.sub("", right):
        return True
    one, other = split_number(left), split_number(right)
    if one is None or other is None or one[:2] != other[:2]:
        return False
    unit, other_unit = one.after.strip("% ."), other.after.strip("% .")
    return unit == other_unit or ("" in (unit, other_unit) and _UNIT.fullmatch(unit or other_unit) is not None)


def without_verdict(rationale: str) -> str:
    r"""A rationale without its closing "answer: C", which is the answer and no step towards it.

    >>> without_verdict("5 * 5 = 25\nThe correct answer is C.")
    '5 * 5 = 25'
    """
    rationale = rationale.strip()
    verdict = _VERDICT.search(rationale, max(0, len(rationale) - _VERDICT_LENGTH))
    return rationale[: verdict.start()].strip() if verdict else rationale


def _letter(match: re.Match[str] | None) -> str:
    return next(group for group in match.groups() if group).upper() if match else ""


def _opening(text: str) -> str:
    """The letter that a text opens with: `C`, `C) 625`, `C - 625`, `C because`, but not the article of "A car"."""
    return _letter(_BARE.match(text) or _LABEL.match(text) or _EXPLAINED.match(text))


def _plain_wording(text: str) -> str:
    """Take LaTeX and markdown off, leave ruled out letters away, and give every verdict the words "the answer is"."""
    text = _RULED_OUT.sub(" ", _EMPHASIS.sub("", _WRAPPING.sub(r"\1", text)))
    return _OPTION_IS.sub("answer", _IS_RIGHT.sub(r"the answer is (\1).", text))


def _unlabelled(text: str, letter: str) -> str:
    """Strip an option's own label, also where the source wrote it twice."""
    while (label := _LABEL.match(text)) and label[1].upper() == letter:
        text = text[label.end() :]
    return text.strip()


def _plain(text: str) -> str:
    """Lower case, without thousands' commas, currency and trailing stop; `. 5` and `rs . 5` are MathQA's spelling."""
    text = _THOUSANDS.sub(lambda m: m[0].replace(",", ""), text.lower())
    text = re.sub(r"\s*(?:[\u00b0\u00ba]|\bdegrees?\b)", " degrees ", text)
    text = re.sub(r"[$\u00a3\u20ac]|\br?s\s?\.?(?=\s*\d)", "", text)
    return re.sub(r"^\.\s+(?=\d)", ".", re.sub(r"\s+", " ", text).strip()).rstrip(" .")
