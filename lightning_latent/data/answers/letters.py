r"""Which option a part of a text names by its letter, in whatever wrapping."""

import re

LETTERS = "ABCDEFGH"  # not I, which is a word
_OPEN = r"[\s\"'(\[{<*_:=.-]*"
_CLOSE = r"\s?[\"')\]}>*_]*"
_KIND = (
    r"(?:(?:[a-z]+ly|also|thus|therefore|then|so|it's|it\s+is)\s+)?"
    r"(?:(?:the\s+)?(?:(?:correct|right|final|best)\s+)?(?:option|choice|letter|answer|ans)\b[\s:#.]*(?:is\b|as\b)?)?"
)
_OPENING = re.compile(rf"({_OPEN}{_KIND}{_OPEN})([A-Ha-h])(?!\w|'\w)({_CLOSE})", re.IGNORECASE)
_ANOTHER = re.compile(
    r"\s*(?:,|/|&|\bor\b|\band\b|\bnor\b|\bto\b|\bboth\b)\s*(?:option\s+|choice\s+)?[\"'(\[]*[A-Ha-h]\b(?!')(?!\s+(?:is|are)\b)"
)
_ENDS = re.compile(r"\s*/?\s*$|\s*(?:\n|[.,;:!?\])}\"'](?![a-z\d])|[^\w\s+*/^\u00d7\u00f7$\u20b9%\u00b0(=-])")
_REMARK = re.compile(
    r"\s*=(?!\s*[a-z]\s*[+*/^-])|\s+-\s+(?![a-h]\b)|\s*\u2014|\s*\("
    r"|\s+(?:because|since|due|as|given|which is|with|here|too|only|it\s+is)\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"\s+[A-Za-z]{2,}")
_VALUE = re.compile(r"\s+[$\u20b9]?\s?-?\s?\.?\d[\d.,/]*(?![\d/]|\.\d|\s?[-+*=\u00d7\u00f7^]\s?[\d(])")
_INITIALS = re.compile(r"\s?\.\s?[a-z]\s?(?:\.|$)", re.IGNORECASE)  # "c . p ." is a price
_MENTIONED = re.compile(
    r"(?<![\w)])[(\[]\s*([A-Ha-h])\s*[)\]](?!\s?[(\d^+*/=\u00d7\u00f7-])|\b(?:option|choice)s?\s*[:#]?\s*[\"'(]*([A-Ha-h])\b(?!['-])",
    re.IGNORECASE,
)
# A letter on its own ends a clause only after these words: "train B" and "from A to B" name no option.
_ENDS_WITH = (
    r"(?:(?i:(?:,\s*or|\b(?:is|was|be|option|choice|letter|answer|ans|therefore|thus|hence|so|then|choose|pick|select|us|it's|imo"
    r"|go\s+with|get|only|but|[a-z]+ly)))\s+|[=:,>]\s*)[\"'(\[]*\s?"
)
_ENDING = re.compile(_ENDS_WITH + r"([A-Hb-h])[\s\"')\].!]*$")
_EQUALS = re.compile(r"^[^=]*\d[^=]*=\s*\(?([A-H])\)?\W*$")
_NAMED = r"(?:[\"'(\[*]+\s?)?(?<![\w'])([A-H])(?![\w'])(?:\s?[\"')\]*]+)?"
_IS_RIGHT = re.compile(
    rf"(?:\b(?:option|choice|answer|statement)\s+)?{_NAMED}\s+(?:is|(?:must|would|should|will)\s+be|was|seems|as)\s+"
    r"(?:(?:the|our|my|also|indeed|therefore|thus|final|correct|right|best|only|[a-z]+ly)\s+){0,4}"
    r"(?:(?:answer|option|choice|ans|winner)\b|(?:correct|right|true|closest|nearest)\b(?!\s+(?!because|since|as|and|so|here|option|answer|choice|i\b)[a-z]))",
    re.IGNORECASE,
)
_ONLY = re.compile(
    rf"\bonly\s+(?:(?:option|choice|answer)\s+)?{_NAMED}\s+(?:works|fits|satisfies|remains|is\s+left|matches|has|does|can|cannot|yields|gives)\b"
    rf"|(?:^|(?<=[.;:!?]\s)|(?<=\n)){_NAMED}\s+(?:fits|works|checks(?:\s+out)?)(?=\s?(?:[.,;:]|$))",
    re.IGNORECASE,
)
_ANSWER_AFTER = re.compile(rf"{_NAMED}\s*\(?\s*\b(?:the\s+)?(?:answer|ans)\b\W*$", re.IGNORECASE)
_OPTION_IS = re.compile(
    rf"\b(?:option|choice|ans|answers?|oa|letter)(?=\s*(?:[:=]|\s(?:is|was|(?:will|would|must|should)\s+be)\b)[\s:]*{_NAMED})",
    re.IGNORECASE,
)
_CUED = re.compile(
    rf"\b(?:answers?|ans|option|choice)\s*[:.,-]*\s*{_NAMED}(?=\W*(?:$|\n|[.,;!)]|\d|it\b|has\b|for\b|fits\b|works\b|-))",
    re.IGNORECASE,
)
_RULED_OUT = re.compile(
    r"(?i:(?:\b(?:and|but)\s+)?\b(?:not|neither|cannot|rather\s+than|instead\s+of)|n't)(?:\s+be)?(?:\s+(?i:option|choice))?\s+"
    r"[\"'(\[]*[A-Ha-h][\"')\]]*(?:\s+(?:nor|or)\s+(?:(?i:option|choice)\s+)?[\"'(\[]*[A-Ha-h]\b[\"')\]]*)?(?![\w'])"
)
_IS_WRONG = re.compile(
    r"(?:\b(?:option|choice)\s+)?(?:[\"'(\[]\s?[A-H]\s?[\"')\]]|(?<![\w'(])[A-H](?![\w')]))\s+"
    r"(?:is|was|can|must|seems|cannot)\s*(?:also\s+|clearly\s+|obviously\s+|thus\s+)?"
    r"(?:not\b|n't\b|wrong|incorrect|false|too\b|out\b|(?:be )?(?:ruled out|eliminated|excluded)|impossible|odd\b)",
    re.IGNORECASE,
)
_LIST = re.compile(r"(?:^|[\s(])A\s?[).:].*?[\s(]B\s?[).:].*?[\s(]C\s?[).:]", re.DOTALL | re.IGNORECASE)
_ALONE = re.compile(r"(?:^|\n)[\"'(\[*\s]*([A-Ha-h])[\"')\]*.\s]*$")
_TRAILING = re.compile(
    rf"(?:(?:[^\w\s(\[]|\d[\d.,]*(?:\s+[a-z%/.\u00b0]+){{0,3}}?)\s+[\"'(\[]*\s?|{_ENDS_WITH})"
    r"([b-h]|(?<!\bis )(?<!\bbe )(?<!\bor )a)[\s\"')\].]*$"
)
_LABELLED = re.compile(r"^\(?([A-H])\s?\)[ \t]+\S", re.MULTILINE)
_BRACKETED = re.compile(
    r"(?<![-+*/^=\u00d7])\s([a-hA-H])\s?\)[\s.]*$"
    r"|(?<![-+*/^=\u00d7])[\s(]([a-hA-H])\s?\)\s?[$\u20b9]?\s?\d[\d.,/ ]*(?:[a-z%\u00b0]+)?[\s.]*$"
)
_NO_TRAIL = re.compile(
    r"(?:\b(?:to|from|of|than|by|and|or|between|for|train|car|point|pipe|person|angle|side|machine|class|type|plan|x|y"
    r"|an?|the|in|at|celsius|degrees?)|[-+*/^\u00d7])\s+[\"'(\[]*[a-h]\W*$"
)
_CAPITAL_TRAILING = re.compile(
    rf"(?:[.!?;:)]\s+[\"'(\[]*|>\s?|{_ENDS_WITH})([A-H])[\s\"')\].]*$"
    r"|(?<=\d)\s+([BDEGH])[\s\"')\].]*$"  # 5 A, 5 C and 5 F have units
)


def opening_letter(text: str, *, passage: bool = False) -> str:
    r"""The letter that a part opens with; the empty string where it opens with something else.

    A letter that goes on with other words is a name, as in "C is the right angle", but not in a passage that begins
    after "answer:".

    >>> [opening_letter(part) for part in ("C", '"c"', "C) 625", "C = 15", "option C.", "C because", "A car", "B or C")]
    ['C', 'C', 'C', 'C', 'C', 'C', '', '']
    """
    found = _OPENING.match(text)
    if found is None or _ANOTHER.match(text, found.end()) or _INITIALS.match(text, found.end(2)):
        return ""
    wrapped = "option" in found[1].lower() or re.search(r"[)\]}\"']", found[3]) is not None
    article = found[2].lower() == "a" and not wrapped
    rest = found.end(2) if found[3].strip() == "" else found.end(3)
    ends = _ENDS.match(text, rest) or _REMARK.match(text, rest) or (not article and _VALUE.match(text, rest))
    ends = ends or (passage and not article and _WORDS.match(text, rest))
    return found[2].upper() if ends or (wrapped and not re.match(r"\s*[-+*/^\u00d7]", text[rest:])) else ""


def mentioned_letter(clause: str) -> str:
    """The letter that a clause names in brackets or after `option`, or ends with; alternatives name none.

    >>> mentioned_letter("it must be (C)"), mentioned_letter("15 = C"), mentioned_letter("train C")
    ('C', 'C', '')
    """
    found = list(_MENTIONED.finditer(clause))
    if found and (len(found) == 1 or not _ANOTHER.match(clause, found[0].end())):
        return "" if _ANOTHER.match(clause, found[0].end()) else _letter(found[0])
    return "" if found else _letter(_ENDING.search(clause) or _EQUALS.match(clause))


def closing_letter(text: str) -> str:
    r"""The letter that stands alone at the end of a reasoning, as rationales end.

    >>> closing_letter("so 5 * 3 = 15\nC"), closing_letter("= 15 days c"), closing_letter("the speed of train c")
    ('C', 'C', '')
    """
    if alone := _ALONE.search(text):
        return alone[1].upper()
    line = re.sub(r"/\s?-(?!\s?\d)", "", text.rstrip().rpartition("\n")[2])[-200:]
    if capital := _CAPITAL_TRAILING.search(line):
        return _letter(capital)
    labelled = _LABELLED.findall(text)
    if len(labelled) == 1 and (last := _LABELLED.match(line)):
        return last[1].upper()
    if bracketed := _BRACKETED.search(line):
        return _letter(bracketed)
    trailing = _TRAILING.search(line)
    return trailing[1].upper() if trailing and not _NO_TRAIL.search(line[-60:]) else ""


def last_letter(text: str) -> str:
    """The letter that a text without any cue names: the one it opens with, else the last one in brackets or so."""
    listed = _LIST.search(text) is not None
    equation = re.match(rf"{_OPEN}[A-H]\s*=", text, re.IGNORECASE)
    opening = "" if listed or equation or text.lstrip().startswith("(") else opening_letter(text)
    found = [] if listed else list(_MENTIONED.finditer(text))
    if len(found) > 1 and re.fullmatch(r"\s*(?:or|and|nor)\s*", text[found[-2].end() : found[-1].start()]):
        return opening
    return opening or (_letter(found[-1]) if found else _letter(_ENDING.search(text.rstrip())))


def worded(text: str) -> str:
    """Leave away what a text says of letters that are wrong, and give every verdict the words "the answer is".

    >>> worded("not (B) but (C)"), worded("So C is correct."), worded("A is too small, (B) is it")
    ('   but (C)', 'So the answer is (C).', '  small, (B) is it')
    """
    text = _IS_WRONG.sub(" ", _RULED_OUT.sub("  ", text))
    text = _ONLY.sub(lambda found: f"the answer is ({found[1] or found[2]})", text)
    text = _IS_RIGHT.sub(r"the answer is (\1)", text)
    text = _ANSWER_AFTER.sub(r"the answer is (\1)", text)
    return _CUED.sub(r"answer is (\1) ", _OPTION_IS.sub("answer", text))


def _letter(found: re.Match[str] | None) -> str:
    return next(group for group in found.groups() if group).upper() if found else ""
