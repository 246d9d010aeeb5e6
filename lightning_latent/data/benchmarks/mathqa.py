"""MathQA: word problems with five options and an operation program."""

import ast
import re
from typing import ClassVar, Literal

from lightning_latent.data.benchmark import Fields, quoted, row_id, text_field
from lightning_latent.data.benchmarks.choices import MultipleChoice, labelled, without_verdict
from lightning_latent.data.example import Example

_OPTION = re.compile(r"(?:^|,)\s*([a-e])\s*\)\s*(.*?)(?=\s*,\s*[a-e]\s*\)|$)", re.DOTALL)
# The texts are tokenised, so that a full stop stands free; "rs . 50" and "sq . cm" are no ends of sentences.
_SENTENCE_END = re.compile(r"(?<!\brs)(?<!\bsq)\s+\.\s+|\n")
_NUMBER_LINE = re.compile(r"(n\d+) = ([-\d.e+]+)")


class MathQA(MultipleChoice):
    """MathQA (arXiv 1905.13319): the answer is one of five options, by letter or text.

    Reads the official JSON `{Problem, Rationale, options, correct, linear_formula}` and LILA's JSON lines `{Input,
    Output Program, Options, Correct, Explanation}`. The options stand below the question, and the gold answer is the
    option with its letter.

    Args:
        steps: What a step is. `formula` takes the operations of the linear formula, of LILA's program where that is
            what there is; `rationale` takes the sentences of the explanation, without the closing "answer: c".
    """

    name = "mathqa"
    max_new_tokens = 256
    unlabelled: ClassVar[Fields] = {"correct": "a", "linear_formula": "none", "Correct": "a", "Output Program": [""]}

    def __init__(self, *, steps: Literal["formula", "rationale"] = "formula") -> None:
        self.steps = steps

    def parse(self, row: Fields, *, index: int) -> Example:
        """See `Benchmark.parse`."""
        lila = "Input" in row
        options = labelled(split_options(text_field(row, "Options" if lila else "options")))
        if self.steps == "rationale":
            rationale = without_verdict(str(row.get("Explanation" if lila else "Rationale") or "").strip(' "'))
            steps = tuple(part.strip(" .") for part in _SENTENCE_END.split(rationale) if part.strip(" ."))
        elif lila:
            steps = _program_steps(row)
        else:
            formula = text_field(row, "linear_formula")
            steps = tuple(part.strip() for part in formula.split("|") if part.strip())
        question = text_field(row, "Input" if lila else "Problem")
        letter = text_field(row, "Correct" if lila else "correct")
        return self.example(row_id(row, index, "id"), question, options, letter, steps)


def split_options(text: str) -> list[str]:
    """The five options of MathQA's one string, which is a sentence in most rows and a printed list in some.

    >>> split_options("a ) 38 , b ) 1,200 , c ) 30 , d ) no , e ) none of these")
    ['38', '1,200', '30', 'no', 'none of these']
    """
    if text.startswith("["):
        try:
            options = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            raise ValueError(f"the options {quoted(text)} are no list") from None
    else:
        found = _OPTION.findall(text)
        options = [option for _, option in found]
        if [letter for letter, _ in found] != list("abcde"):
            raise ValueError(
                f"the options {quoted(text)} do not read 'a ) ... , b ) ... , c ) ... , d ) ... , e ) ...'"
            )
    if len(options) != 5 or not all(isinstance(option, str) for option in options):
        raise ValueError(f"the options {quoted(text)} are not five")
    return options


def _program_steps(row: Fields) -> tuple[str, ...]:
    """The operations of LILA's Python program, with the question's numbers put in for their names."""
    programs = row.get("Output Program")
    if not isinstance(programs, list) or not programs or not isinstance(programs[0], str):
        raise ValueError("field 'Output Program' must be a list with a program")
    lines = programs[0].split("\n")
    numbers = {name: value.removesuffix(".0") for name, value in _NUMBER_LINE.findall(programs[0])}
    steps = [line for line in lines if " = " in line and not _NUMBER_LINE.fullmatch(line)]
    return tuple(re.sub(r"\bn\d+\b", lambda name: numbers.get(name[0], name[0]), step).strip() for step in steps)
