"""ProntoQA: is a statement true or false in a world of made-up classes."""

import random
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from lightning_latent.data.answers.reference import reference_answer, same_as_reference, same_characters
from lightning_latent.data.answers.verdicts import stated_verdict
from lightning_latent.data.benchmark import Benchmark, Fields, row_id, text_field, texts_field
from lightning_latent.data.example import Example
from lightning_latent.data.prontoqa.retelling import retold
from lightning_latent.data.prontoqa.sentences import ASK
from lightning_latent.data.views import View

_LOGIC_LLM_ASK = "Is the following statement true or false?"


class ProntoQA(Benchmark):
    """ProntoQA (arXiv 2210.01240): the steps are the proof, the answer is True or False.

    Reads three forms and makes them one, that of the Coconut repository: `{question, steps, answer}`; Logic-LLM's
    `{context, question, options, answer, explanation}`; and llm-reasoners' object of `{test_example: {question, query,
    chain_of_thought, answer}}`, of which the examples for prompting are left out.

    Args:
        scoring: How an answer is read. `word` finds true, false, yes or no in any wording; `reference` takes the text
            after the last `#`, as Coconut's repository does.
    """

    name = "prontoqa"
    max_new_tokens = 256
    answer_form = "True or False"
    unlabelled: ClassVar[Fields] = {"answer": "True", "steps": ()}

    def __init__(self, *, scoring: Literal["word", "reference"] = "word") -> None:
        self.scoring = scoring

    def parse(self, row: Fields, *, index: int) -> Example:
        """See `Benchmark.parse`."""
        if "test_example" in row:
            example = row["test_example"]
            if not isinstance(example, Mapping):
                raise ValueError("field 'test_example' must be an object")
            question = f"{text_field(example, 'question')} {text_field(example, 'query')}"
            steps, answer = _hops(texts_field(example, "chain_of_thought")), text_field(example, "answer")
        elif "context" in row:
            statement = text_field(row, "question").removeprefix(_LOGIC_LLM_ASK).strip()
            question = f"{text_field(row, 'context')} {ASK} {statement}"
            steps = _hops(texts_field(row, "explanation"))
            answer = _option(texts_field(row, "options"), text_field(row, "answer"))
        else:
            question, steps, answer = text_field(row, "question"), texts_field(row, "steps"), text_field(row, "answer")
        if answer not in ("True", "False"):
            raise ValueError(f"the answer must be True or False, not {answer!r}")
        return Example(row_id(row, index, "id"), question, steps, answer, options=("True", "False"))

    def view(self, example: Example, rng: random.Random) -> View | None:
        """Premises in another order, other names and classes, the asked thing negated; see `retold`."""
        return retold(example, rng)

    def extract(self, text: str) -> str:
        """True or False, by the rules of `stated_verdict`; yes and no count as well."""
        if self.scoring == "reference":
            return reference_answer(text)
        verdict = stated_verdict(text)
        return "" if verdict is None else str(verdict.holds)

    def matches(self, prediction: str, gold: str) -> bool:
        """Whether both are the same word."""
        return same_characters(prediction, gold)

    def reference(self, text: str, gold: str) -> bool:
        """Whether Coconut's repository counts the text as right."""
        return same_as_reference(text, gold)


def _hops(proof: Sequence[str]) -> tuple[str, ...]:
    """Pair each fact with the rule that is applied to it, as Coconut's steps do; the conclusion stands alone.

    >>> _hops(["Ann is a wug.", "Wugs are daxes.", "Ann is a dax."])
    ('Ann is a wug. Wugs are daxes.', 'Ann is a dax.')
    """
    return tuple(" ".join(proof[start : start + 2]) for start in range(0, len(proof), 2))


def _option(options: Sequence[str], letter: str) -> str:
    """The text of the option `A) True` that a letter names."""
    for option in options:
        if option.startswith(f"{letter})"):
            return option.removeprefix(f"{letter})").strip()
    raise ValueError(f"the answer {letter!r} is none of the options")
