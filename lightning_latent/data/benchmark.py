"""What a benchmark must say: how a raw row becomes an example, and how an answer is read and judged."""

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from lightning_latent.data.example import Example
from lightning_latent.data.views import View

UNKNOWN = "?"
"""What stands in a row in the place of a gold answer that is not known, while the row is parsed."""
_LONGEST_QUOTE = 60  # characters of a text that a message repeats
Fields = Mapping[str, Any]  # of a raw row


class Benchmark(ABC):
    """The adapter of one benchmark: raw row in, example out; generated text in, answer out; answer in, verdict out.

    Adapters hold no data and read no files: the same instance serves every split and every worker. They are named in
    configs by their class path, and a new one is a subclass with two class attributes and a few methods.
    """

    name: str  # short, the first part of every example's id
    max_new_tokens: int  # enough for a chain of steps and the answer; decoding stops earlier at the end token
    answer_form: str = "the answer alone"  # what an answer is, as in "a number", to tell a model that is only prompted
    unlabelled: ClassVar[Fields] = {"answer": UNKNOWN, "steps": ()}  # given to `parse` where a row has no gold answer
    shortcut_rule: str | None = None  # in words, a rule that answers without reasoning; `shortcut` goes by it

    @abstractmethod
    def parse(self, row: Fields, *, index: int) -> Example:
        """Turn a raw row into an example; a `ValueError` with the reason if it is malformed.

        A row is one JSON object, or `{"text": line}` for a line of a text or tab-separated file, and `index` its place
        in its source, from 0. The example's id is the row's own where it has one, else the index. The source that reads
        the row puts `"{benchmark}/{source}/"` in front, and file and line before a reason.
        """

    def parse_question(self, row: Fields, *, index: int) -> Example:
        """Turn a raw row, whose gold answer may be missing or null, into an example, without answer and steps if it is.

        `unlabelled` stands in for what is missing while the row is parsed.
        """
        try:
            return self.parse(row, index=index)
        except ValueError:
            missing = {key: value for key, value in self.unlabelled.items() if row.get(key) is None}
            if not missing:
                raise
            return self.parse({**row, **missing}, index=index)._replace(answer="", steps=())

    def view(self, example: Example, rng: random.Random) -> View | None:
        """Tell a question otherwise, so that the answer can be translated back; None where there is no symmetry.

        The gold answer of the view, translated back, is the gold answer. Nothing but what a true symmetry changes may
        change: whoever can answer the question can answer the view.

        Args:
            example: The question.
            rng: Source of randomness; the same numbers give the same view.
        """
        return None

    def shortcut(self, example: Example) -> str | None:
        """The answer that `shortcut_rule` gives; None where it cannot decide, or no such rule is known."""
        return None

    def counterfactual(self, example: Example, rng: random.Random) -> Example | None:
        """A question as much like this one as can be, with another answer; None where there is none.

        Who has understood the question answers both; who goes by its looks gives the same answer twice.

        Args:
            example: The question.
            rng: Source of randomness; the same numbers give the same question.
        """
        return None

    @abstractmethod
    def extract(self, text: str) -> str:
        """Read the answer out of generated text; the empty string where it gives none."""

    def matches(self, prediction: str, gold: str) -> bool:
        """Whether an extracted answer is the gold answer: the same text, unless overridden; the empty one never is."""
        return prediction != "" and prediction == gold

    def reference(self, text: str, gold: str) -> bool | None:
        """Whether the repository that published figures counts a generated text as right; None where there is none."""
        return None


def text_field(row: Fields, key: str) -> str:
    """The non-empty text under `key`, stripped, or a `ValueError` that says what is there instead.

    >>> text_field({"question": " How many? "}, "question")
    'How many?'
    """
    if key not in row:
        raise ValueError(f"no field {key!r} (the row has {', '.join(map(repr, row)) or 'no fields'})")
    value = row[key]
    if not isinstance(value, str):
        raise ValueError(f"field {key!r} must be text, not {type(value).__name__}")
    if not value.strip():
        raise ValueError(f"field {key!r} is empty")
    return value.strip()


def texts_field(row: Fields, key: str) -> tuple[str, ...]:
    """The list of texts under `key`, each stripped and the blank ones left out.

    A list with nothing but a blank text is how the Coconut files write an example without steps.

    >>> texts_field({"steps": ["Tom is a terpus. ", ""]}, "steps")
    ('Tom is a terpus.',)
    """
    if key not in row:
        raise ValueError(f"no field {key!r} (the row has {', '.join(map(repr, row)) or 'no fields'})")
    value = row[key]
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"field {key!r} must be a list of texts")
    return tuple(item.strip() for item in value if item.strip())


def quoted(text: str) -> str:
    """A text for a message of one line: its beginning, where it is long.

    >>> quoted("9" * 100)
    "'999999999999999999999999999999999999999999999999...'"
    """
    return repr(text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 12]}...")


def row_id(row: Fields, index: int, *keys: str) -> str:
    """The row's own id, under the first of `keys` that holds one, else its index.

    >>> row_id({"qid": "03caf2"}, 7, "id", "qid")
    '03caf2'
    >>> row_id({}, 7, "id", "qid")
    '7'
    """
    for key in keys:
        value = row.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return str(index)
