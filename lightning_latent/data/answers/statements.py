r"""Which parts of a text state its answer: boxes, cues such as "the answer is", and lines of a mark."""

import re
from typing import Literal, NamedTuple

_MARK = re.compile(r"(?:^|(?<=\s))#{3,}")
_BARE_MARK = re.compile(  # "#### 18 eggs", "### (C) 625" or "### no", and no heading such as "### 2. Add"
    r"^[ \t]*#{3,}[ \t]*((?:[^\w\n]*\d(?:[\d.,/]*\d)?\s?%?(?:[ \t]+[a-z%]+)?\.?|[\"'(\[]*[A-Ha-h][\"')\]]*[.:]?"
    r"|(?i:yes|no|true|false)\.?)[ \t]*$|\(?[A-Ha-h]\)[^\n]*$)",
    re.MULTILINE,
)
_BOXED = re.compile(r"\\f?boxed\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_TAGGED = re.compile(r"<(answer|ans|final_answer|final answer)>(.*?)(?:</\1>|$)", re.IGNORECASE | re.DOTALL)
_CUE = re.compile(  # "the answer to it is", and at the start of a line also "Answer 18" or the heading "Final answer"
    r"""(?i:\banswers?(?:\s+(?:to|for|of)\b[^.,:;?\n]{0,60}?)?(?:\s+choice)?|\bans)\b[\s,*_"']*
        (?:(?i:therefore|then|thus|here|so)\b[\s,]*)?
        (?P<link>[:=]|(?<=\s)[-\u2014](?=\s)
          |(?i:is|was|equals|(?:will|would|must|should|has\s+to|can\s+only)\s+be|comes?\s+(?:out\s+)?to)\b|(?i:'s)\b)
        (?:\s*:|\s+that\b)?
      | ^[^\w\n]*(?i:(?:(?:the|final|correct)\s+)*ans(?:wer)?)\b(?![^\w\n]*[a-z])(?:[\s*_]+[-\u2014](?=\s))?
    """,
    re.MULTILINE | re.VERBOSE,
)
# What makes a cue state nothing: a condition, a question, or an answer that is called wrong, first or somebody's.
_NO_CUE_AFTER = re.compile(
    r"""\b(?:
        (?:if|whether|suppose|supposing|assume|assuming|say|unless|check\s+that|thought|think|guess(?:ed)?|claims?|says|said)
          \s+(?:that\s+)?(?:(?:the|our|my|your|his|her|this|final|correct|right)\s+)*
      | (?:wrong|incorrect|false|tempting|common|naive|first|initial|preliminary|other|previous|earlier)\s+
      | (?:no|not\s+an?|not\s+the|each|every|what|which|both|all)\s+
      | (?:how\s+to|to|don't|cannot|can't|not)\s+
    )$""",
    re.IGNORECASE | re.VERBOSE,
)
_ASKED = re.compile(r"^[^\n.!]{0,80}?\?")
_NOT = re.compile(
    r"""^[\W_]*(?:(?:probably|certainly|clearly|definitely|surely|therefore|thus)\s+)?(?:not|never|neither)\b
        (?P<rejected>[^\n;]*?)(?:\b(?:but|instead)\b(?:\s+rather)?|[,.]\s*(?:rather|it\s+is|it's)\b|$)""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


class Statement(NamedTuple):
    """A part of a text that states its answer."""

    text: str
    form: Literal["whole", "sentence", "passage"]  # in a box or behind a mark; behind "answer is"; behind "answer:"


class Stated(NamedTuple):
    """What states the answer of a text, the likeliest first; and where nothing does, what is left to look at."""

    parts: list[Statement]
    rest: str | None  # None where only the parts count


def marked_line(text: str) -> str | None:
    r"""What stands behind the mark `###` or `####` in the last line that is not blank; None where it has no mark.

    A mark further up is a heading, and `#2` is a number.

    >>> marked_line("### Step 1\n9 * 2 = 18\n#### 18\n")
    '18'
    """
    line = text.rstrip().rpartition("\n")[2]
    marks = list(_MARK.finditer(line))
    return line[marks[-1].end() :].strip() if marks else None


def statements(text: str, *, negations: bool = False) -> Stated:
    r"""Find the parts of a text in one spelling (`plain`) that state its answer.

    They are what stands in answer tags and boxes; what follows "answer is" or "answer:", the last first; and lines of a
    mark and a bare number, letter, yes or no. Where the last line is marked, nothing but that line counts: the boxes
    and cues in it, then the whole of it.

    Args:
        text: The text.
        negations: Whether a part that only says what the answer is not states it, as of two words it does.

    >>> [part.text for part in statements("If the answer is 12, no. The answer is 7.").parts]
    ['7.']
    >>> [part.text for part in statements("### The answer is 7.").parts]
    ['7.', 'The answer is 7.']
    """
    marked = marked_line(text)
    where = text if marked is None else marked
    parts = [Statement(found, "whole") for found in [part for _, part in _TAGGED.findall(where)][::-1]]
    parts += [Statement(unshouted(found), "whole") for found in _BOXED.findall(where)[::-1]]
    cued, rest = _cued(where, negations=negations)
    parts += cued
    if marked is None:
        parts += [Statement(found, "whole") for found in _BARE_MARK.findall(text)[::-1]]
    else:
        parts.append(Statement(marked, "whole"))
    kept = [part._replace(text=part.text.strip()) for part in parts if re.search(r"\w", part.text)]
    return Stated(kept, rest if marked is None else None)


def unshouted(text: str) -> str:
    """The content of a box, in which nothing is said loudly: `5!` is a factorial."""
    return f"{text}." if text.rstrip().endswith("!") else text


def affirmed(text: str) -> str:
    """A part without what it rejects first: what follows `but`; the empty string where it only rejects.

    >>> affirmed("not 12 but 18."), affirmed("not 12."), affirmed("18, not 12")
    ('18.', '', '18, not 12')
    """
    rejected = _NOT.match(text)
    return text[rejected.end() :].strip() if rejected else text


def _cued(text: str, *, negations: bool) -> tuple[list[Statement], str]:
    """What follows the cues that state something, the last first; and the text without those that only reject."""
    cues = list(_CUE.finditer(text))
    bounds = [*(cue.start() for cue in cues), len(text)]
    parts, rest = [], text
    for cue, end in zip(cues, bounds[1:], strict=True):
        said = text[cue.end() : end].strip("_ \t\n")
        said = said if said.count("**") % 2 == 0 else re.sub(r"^\s*\*\*|\*\*$", "", said, count=1)
        if _NO_CUE_AFTER.search(text[max(0, cue.start() - 60) : cue.start()]) or _ASKED.match(said):
            continue
        left = said if negations else affirmed(said)
        if not left:
            rest = rest.replace(said.split("\n")[0], " ", 1)
            continue
        opens = not (cue["link"] or ":")[0].isalpha()
        parts.append(Statement(left, "passage" if opens else "sentence"))
    return parts[::-1], rest
