"""A benchmark of one's own: multiple choice."""

from lightning_latent.data.benchmark import row_id, text_field, texts_field
from lightning_latent.data.benchmarks.choices import MultipleChoice, labelled


class MyChoice(MultipleChoice):
    """Rows with `question`, `choices`, the letter of the right one as `correct`, and `why`."""

    name = "mychoice"
    max_new_tokens = 96  # enough for the steps and the option

    def parse(self, row, *, index):
        """See `Benchmark.parse`."""
        options = labelled(texts_field(row, "choices"))
        question, letter = text_field(row, "question"), text_field(row, "correct")
        return self.example(row_id(row, index, "id"), question, options, letter, texts_field(row, "why"))
