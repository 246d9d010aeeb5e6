"""What instruction-tuned models are asked."""

from typing import Literal

Style = Literal["cot", "concise", "short"]

_HOW: dict[Style, str] = {
    "cot": "Think step by step. Then end with",
    "concise": "Think step by step and be concise: at most a few words a step. Then end with",
    "short": "Do not explain anything. Give nothing but",
}


def prompt(question: str, *, style: Style, form: str) -> str:
    r"""A question with the instruction how to answer it.

    The answer stands after `###`, where benchmarks look for it first.

    Args:
        question: The question, its options below it if it has any.
        style: `cot` asks for steps, `concise` for short ones, `short` for the answer alone.
        form: What the answer is, as in "a number".

    >>> print(prompt("How many?", style="short", form="a number"))
    How many?
    <BLANKLINE>
    Do not explain anything. Give nothing but one last line that reads "### " and your answer, which is a number.
    """
    return f'{question}\n\n{_HOW[style]} one last line that reads "### " and your answer, which is {form}.'
