"""A benchmark of one's own: an arithmetic quiz."""

from lightning_latent.data import Benchmark, Example
from lightning_latent.data.answers.numbers import same_number
from lightning_latent.data.answers.reference import reference_answer
from lightning_latent.data.benchmark import row_id, text_field, texts_field


class Quiz(Benchmark):
    """Rows with `problem`, `working` and `result`."""

    name = "quiz"  # the first part of every example's id
    max_new_tokens = 64  # enough for the steps and the answer
    answer_form = "a number"  # for models that are only prompted

    def parse(self, row, *, index):
        """See `Benchmark.parse`."""
        question, steps = text_field(row, "problem"), texts_field(row, "working")
        return Example(id=row_id(row, index, "id"), question=question, steps=steps, answer=text_field(row, "result"))

    def extract(self, text):
        """What stands after the last `#`."""
        return reference_answer(text)

    def matches(self, prediction, gold):
        """Whether both are the same number."""
        return same_number(prediction, gold)
