"""GSM8K and GSM8K-Aug: grade-school word problems whose answer is a number."""

import random
import re
from typing import ClassVar, Literal

from lightning_latent.data.answers.numbers import read_number, same_number, stated_number
from lightning_latent.data.answers.reference import reference_answer, same_as_reference, same_characters
from lightning_latent.data.benchmark import Benchmark, Fields, quoted, row_id, text_field, texts_field
from lightning_latent.data.benchmarks.people import exchanged
from lightning_latent.data.example import Example
from lightning_latent.data.views import View, inverse, replaced_words

_EQUATION = re.compile(r"<<.*?>>")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


class GSM8K(Benchmark):
    """GSM8K (arXiv 2110.14168); the answer is compared by value.

    Reads the original JSON lines `{question, answer}`, whose answer ends in `#### N`; GSM8K-Aug text lines
    `question||<<a>> <<b>> #### N`; and Coconut's JSON `{question, steps, answer}`.

    Args:
        steps: What a step is. `equations` takes the `<<...>>` marks, the form that Coconut trains on; a chain without
            any has no steps, as in GSM8K-Aug. `sentences` takes the natural-language lines without the marks. A text
            line whose chain is natural language, and Coconut's JSON, keep the steps that they have.
        scoring: What is right. `value` reads the answer and compares it by value; `reference` counts exactly what
            Coconut's repository does, the text after the last `#` without commas, compared as a string.
    """

    name = "gsm8k"
    max_new_tokens = 160
    answer_form = "a number"
    unlabelled: ClassVar[Fields] = {"answer": "#### 0"}

    def __init__(
        self,
        *,
        steps: Literal["equations", "sentences"] = "equations",
        scoring: Literal["value", "reference"] = "value",
    ) -> None:
        self.steps = steps
        self.scoring = scoring
        if steps == "sentences":
            self.max_new_tokens = 320

    def parse(self, row: Fields, *, index: int) -> Example:
        """See `Benchmark.parse`."""
        if "text" in row:
            question, steps, answer = _text_line(text_field(row, "text"))
        elif "steps" in row:
            question, steps, answer = text_field(row, "question"), texts_field(row, "steps"), text_field(row, "answer")
        else:
            question = text_field(row, "question")
            chain, answer = _split_chain(text_field(row, "answer"))
            steps = _equations(chain) if self.steps == "equations" else _sentences(chain, "\n")
        if read_number(answer) is None or not re.search(r"\d", answer):
            raise ValueError(f"the answer {quoted(answer)} is not a number")
        return Example(id=row_id(row, index, "id"), question=question, steps=steps, answer=answer)

    def view(self, example: Example, rng: random.Random) -> View:
        """People get other names of their gender; a question that names nobody stays as it is.

        Nothing else is exchanged: numbers, things and the order of sentences change what is computed, or how it reads.
        """
        words = exchanged(example.question, rng)
        told = example._replace(
            question=replaced_words(example.question, words),
            steps=tuple(replaced_words(step, words) for step in example.steps),
        )
        return View(told, words=inverse(words))

    def extract(self, text: str) -> str:
        """The number that the text answers with, as it stands there; the reference's text after the last `#`."""
        return reference_answer(text) if self.scoring == "reference" else stated_number(text)

    def matches(self, prediction: str, gold: str) -> bool:
        """Whether both are the same number by value, 1,000.0 and $1000; for the reference, the same characters."""
        return (same_characters if self.scoring == "reference" else same_number)(prediction, gold)

    def reference(self, text: str, gold: str) -> bool:
        """Whether Coconut's repository counts the text as right."""
        return same_as_reference(text, gold)


def _text_line(line: str) -> tuple[str, tuple[str, ...], str]:
    question, bar, rest = line.partition("||")
    if not bar or not question.strip():
        raise ValueError("a text line must read 'question||chain #### answer'")
    chain, answer = _split_chain(rest)
    return question.strip(), _equations(chain) or _sentences(chain, _SENTENCE_END), answer


def _split_chain(text: str) -> tuple[str, str]:
    chain, mark, answer = text.rpartition("####")
    if not mark or not answer.strip():
        raise ValueError("no answer after '####'")
    return chain.strip(), answer.strip()


def _equations(chain: str) -> tuple[str, ...]:
    return tuple(_EQUATION.findall(chain))


def _sentences(chain: str, end: str | re.Pattern[str]) -> tuple[str, ...]:
    plain = _EQUATION.sub("", chain)
    return tuple(part.strip() for part in re.split(end, plain) if part.strip())
