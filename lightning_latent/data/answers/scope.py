"""What counts of a generated text: not its thoughts, not a further question, not what it took back."""

import re
from collections.abc import Iterator

_THOUGHTS = r"(?:think|thinking|thought|thoughts|reasoning|scratchpad)"
_OPENS = re.compile(rf"<{_THOUGHTS}>|\u25c1think\u25b7", re.IGNORECASE)
_CLOSES = re.compile(rf"</{_THOUGHTS}>|\u25c1/think\u25b7", re.IGNORECASE)
_TURN_ENDS = re.compile(r"<\|(?:im_end|im_start|eot_id|endoftext|end|user|start_header_id)\|>|</s>|<eos>|<end_of_turn>")
_QUESTION = re.compile(
    r"^[ \t>*_#]*(?:(?:new|next|another)\s+)?"
    r"(?:(?:question|problem|exercise|q|example)\s*(?:#?\d+\s*)?[*_]*[:.)]|(?:human|user|instruction|student)[*_ ]*:)",
    re.IGNORECASE | re.MULTILINE,
)
_START = r"(?:^|(?<=[.!?)\n])|(?<=\*\*))[ \t]*(?:(?:but|oh|hmm+|no|oops)[,.]?\s+)*"
_THINKS_AGAIN = re.compile(
    _START
    + r"(?:wait|hold on|oops|sorry|scratch that|correction|on second thought)\b|"
    + _START
    + r"actually,|(?:\.{2,}|,|\u2014)\s*(?:no,?\s+wait|wait|no,|or rather|i mean|sorry)",
    re.IGNORECASE | re.MULTILINE,
)
_TAKES_BACK = re.compile(
    _START
    + r"(?:my mistake\b|i made an? (?:mistake|error)\b|that(?: is|'s| was) (?:wrong|incorrect|not right|a mistake)\b)",
    re.IGNORECASE | re.MULTILINE,
)


def after_thoughts(text: str) -> str:
    """What follows the thoughts of a reasoning model; nothing where they do not end.

    >>> after_thoughts("<think>12? No.</think> 18"), after_thoughts("<think>The answer is 12?")
    (' 18', '')
    """
    closings = list(_CLOSES.finditer(text))
    after = text[closings[-1].end() :] if closings else text
    opening = _OPENS.search(after)
    return after[: opening.start()] if opening else after


def this_turn(text: str) -> str:
    """A text up to the sign that ends the model's turn, where that was decoded as text.

    >>> this_turn("18<|im_end|> And 3?")
    '18'
    """
    text = text.lstrip()
    end = _TURN_ENDS.search(text)
    return text[: end.start()] if end and end.start() else text


def until_questions(text: str) -> Iterator[str]:
    r"""A text up to each further question that it asks, then as a whole; the first part with an answer counts.

    >>> list(until_questions("18\nQuestion: And 2 more?\n20"))
    ['18\n', '18\nQuestion: And 2 more?\n20']
    """
    for question in _QUESTION.finditer(text):
        if text[: question.start()].strip(" \t\n*_#>"):
            yield text[: question.start()]
    yield text


def last_word_first(text: str) -> Iterator[str]:
    """A text from each place on where its writer thinks again, the last first, and then as a whole.

    Where it says that what stands before is wrong, that is left away.

    >>> list(last_word_first("It is 12. Wait, it is 18."))
    [', it is 18.', 'It is 12. Wait, it is 18.']
    >>> list(last_word_first("It is 12. That is wrong."))
    ['.']
    """
    wrong = list(_TAKES_BACK.finditer(text))
    if wrong and text[: wrong[-1].start()].strip():
        text = text[wrong[-1].end() :]
    for again in reversed(list(_THINKS_AGAIN.finditer(text))):
        if text[: again.start()].strip():
            yield text[again.end() :]
    yield text
