"""StrategyQA: yes or no questions whose reasoning steps are left implicit."""

from typing import ClassVar

from lightning_latent.data.answers.verdicts import stated_verdict
from lightning_latent.data.benchmark import Benchmark, Fields, row_id, text_field, texts_field
from lightning_latent.data.example import Example

_WORDS = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


class StrategyQA(Benchmark):
    """StrategyQA (arXiv 2101.02235): the steps are the decomposition, the answer is yes or no.

    Reads the official JSON array `{qid, question, answer, decomposition, ...}`; a row without a decomposition has no
    steps. Its questions are about the world, so that nothing in them can be exchanged: they have no views.
    """

    name = "strategyqa"
    max_new_tokens = 128
    answer_form = "yes or no"
    unlabelled: ClassVar[Fields] = {"answer": "no"}

    def parse(self, row: Fields, *, index: int) -> Example:
        """See `Benchmark.parse`."""
        answer = _WORDS.get(str(row.get("answer")).strip().lower())
        if answer is None:
            raise ValueError(f"field 'answer' must be true or false, not {row.get('answer')!r}")
        return Example(
            id=row_id(row, index, "qid"),
            question=text_field(row, "question"),
            steps=texts_field(row, "decomposition") if row.get("decomposition") else (),
            answer=answer,
            options=("yes", "no"),
        )

    def extract(self, text: str) -> str:
        """Yes or no, by the rules of `stated_verdict`; true and false count as well."""
        verdict = stated_verdict(text)
        return "" if verdict is None else "yes" if verdict.holds else "no"
