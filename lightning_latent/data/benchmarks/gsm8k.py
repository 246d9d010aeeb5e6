"""GSM8K and GSM8K-Aug: grade-school word problems whose answer is a number."""

import random
import re
from typing import Literal

from lightning_latent.data.benchmark import Benchmark, Fields, row_id, text_field, texts_field
from lightning_latent.data.benchmarks.answers import number_value, same_number, stated_number
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
    """

    name = "gsm8k"
    max_new_tokens = 160
    answer_form = "a number"

    def __init__(self, *, steps: Literal["equations", "sentences"] = "equations") -> None:
        self.steps = steps
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
        # GSM8K-Aug writes 1000 where the original writes 1,000; one spelling keeps their token sequences equal.
        answer = answer.replace(",", "")
        if number_value(answer) is None:
            raise ValueError(f"the answer {answer!r} is not a number")
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
        """By the rules of `stated_number`: the first number after an answer cue, else the last of the text."""
        return stated_number(text)

    def matches(self, prediction: str, gold: str) -> bool:
        """Whether both are the same number by value: 1,000.0 is 1000, and so is $1000."""
        return same_number(prediction, gold)


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
