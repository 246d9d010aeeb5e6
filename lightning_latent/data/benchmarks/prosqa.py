"""ProsQA: which of two classes a named thing belongs to, by a walk through a graph of sentences."""

import random

from lightning_latent.data.answers.reference import reference_answer, same_as_reference, same_characters
from lightning_latent.data.benchmark import UNKNOWN, Benchmark, Fields, row_id, text_field, texts_field
from lightning_latent.data.example import Example
from lightning_latent.data.prosqa.counterfactual import flipped
from lightning_latent.data.prosqa.retelling import retold
from lightning_latent.data.prosqa.sentences import candidates
from lightning_latent.data.prosqa.shortcut import deeper_candidate
from lightning_latent.data.views import View


class ProsQA(Benchmark):
    """ProsQA (arXiv 2412.06769): the steps are the path through the graph, the answer is one sentence.

    Reads the JSON array `{question, steps, answer, ...}` of the Coconut repository. As there, an answer is right when
    it is the gold sentence, commas aside. The options are the two sentences that the question chooses between.
    """

    name = "prosqa"
    max_new_tokens = 128
    answer_form = 'one whole sentence like "Tom is a lempus."'
    shortcut_rule = "the candidate that is farther below the nearest name that nothing points to"

    def parse(self, row: Fields, *, index: int) -> Example:
        """See `Benchmark.parse`."""
        question, steps, answer = text_field(row, "question"), texts_field(row, "steps"), text_field(row, "answer")
        options = candidates(question)
        return Example(
            row_id(row, index, "id"), question, steps, answer, options if answer in (*options, UNKNOWN) else ()
        )

    def view(self, example: Example, rng: random.Random) -> View | None:
        """Statements in another order, other names and nouns, candidates swapped."""
        return retold(example, rng)

    def shortcut(self, example: Example) -> str | None:
        """The deeper candidate."""
        return deeper_candidate(example.question)

    def counterfactual(self, example: Example, rng: random.Random) -> Example | None:
        """One fact pointed elsewhere, so that the other candidate is the answer."""
        return flipped(example, rng)

    def extract(self, text: str) -> str:
        """The sentence after the last `#`, commas aside."""
        return reference_answer(text)

    def matches(self, prediction: str, gold: str) -> bool:
        """Whether the sentences are the same, commas and surrounding blanks aside."""
        return same_characters(prediction, gold)

    def reference(self, text: str, gold: str) -> bool:
        """Whether Coconut's repository counts the text as right."""
        return same_as_reference(text, gold)
