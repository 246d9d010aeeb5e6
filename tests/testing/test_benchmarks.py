"""The check of benchmarks says what is wrong with one."""

import pytest

from lightning_latent.data import Example
from lightning_latent.data.benchmark import row_id, text_field, texts_field
from lightning_latent.data.benchmarks.choices import MultipleChoice, labelled
from lightning_latent.errors import UserError
from lightning_latent.testing import check_benchmark

ROWS = [
    {"id": "1", "question": "How many?", "choices": ["24", "120"], "correct": "B", "why": ["12 * 10 = 120"]},
    {"id": "2", "question": "Which?", "choices": ["a cat", "a dog", "neither"], "correct": "A", "why": []},
]


class Choice(MultipleChoice):
    """Keeps to all rules."""

    name = "choice"
    max_new_tokens = 64

    def parse(self, row, *, index):
        options = labelled(texts_field(row, "choices"))
        question, letter = text_field(row, "question"), text_field(row, "correct")
        return self.example(row_id(row, index, "id"), question, options, letter, texts_field(row, "why"))


class Loud(Choice):
    name = "Loud"


class Short(Choice):
    max_new_tokens = 8


class Asking(Choice):
    def __init__(self, size) -> None:
        self.size = size


class Trusting(Choice):
    def parse(self, row, *, index):
        return Example(str(index), row["question"], (), "yes") if "question" in row else super().parse(row, index=index)


class Tripping(Choice):
    def parse(self, row, *, index):
        row["question"]
        return super().parse(row, index=index)


class Numbered(Choice):
    def parse(self, row, *, index):
        return super().parse(row, index=index)._replace(id="1")


class Listing(Choice):
    def parse(self, row, *, index):
        example = super().parse(row, index=index)
        return example._replace(steps=list(example.steps))


class Spaced(Choice):
    def parse(self, row, *, index):
        return super().parse(row, index=index)._replace(steps=("one\nand two",))


class Bare(Choice):
    def parse(self, row, *, index):
        example = super().parse(row, index=index)
        return example._replace(answer=example.answer[3:])


class Lenient(Choice):
    def matches(self, prediction, gold):
        return True


class Deaf(Choice):
    def extract(self, text):
        return ""


class Astray(Choice):
    def view(self, example, rng):
        view = super().view(example, rng)
        return view._replace(answers={option: example.options[-1] for option in view.answers})


class Same(Choice):
    def counterfactual(self, example, rng):
        return example


def test_one_that_keeps_to_all_passes():
    examples = check_benchmark(Choice(), ROWS, malformed=[{**ROWS[0], "correct": "C"}])
    assert [(example.answer, len(example.steps)) for example in examples] == [("B) 120", 1), ("A) a cat", 0)]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Loud, "Loud.name is 'Loud'; the first part of ids is in lower case"),
        (Short, "Short.max_new_tokens is 8; it must be at least 64: a model that is only prompted"),
        (Trusting, r"row \{'question': 'q'\} is read as Example\(.+\); raise a ValueError"),
        (Tripping, r"row \{\} ends in KeyError: 'question'; raise a ValueError with the reason, as text_field"),
        (Listing, "choice/rows/1: steps is a list; make it a tuple"),
        (Spaced, r"choice/rows/1: steps\[0\] has a line break: 'one\\nand two'"),
        (Bare, "choice/rows/1: the answer '120' is none of the options .+; write it the same"),
        (Lenient, "choice/rows/1: '' is right, though it holds no answer"),
        (Deaf, "choice/rows/1: '### B\\) 120' is wrong, though 'B\\) 120' is the gold answer"),
        (Astray, "choice/rows/2: the gold answer of its view, translated back, is 'C\\) neither', not 'A\\) a cat'"),
        (Same, "choice/rows/1: its counterfactual has the same answer, 'B\\) 120'"),
    ],
)
def test_the_message_says_which_rule_is_broken(kind, message):
    with pytest.raises(AssertionError, match=f"^{message}"):
        check_benchmark(kind(), ROWS)


def test_a_class_that_a_config_cannot_name_is_told():
    class Local(Choice):
        pass

    for benchmark in (Asking(3), Local()):
        with pytest.raises(AssertionError, match=r"a config cannot name .+; put the class at the top of a module, and"):
            check_benchmark(benchmark, ROWS)


def test_ids_that_occur_twice_are_told():
    with pytest.raises((AssertionError, UserError), match="choice/rows/1"):
        check_benchmark(Numbered(), ROWS)


def test_rows_may_be_a_file(tmp_path):
    (tmp_path / "some.csv").write_text("id,question\n1,Is it?\n")
    with pytest.raises(UserError, match=r"some\.csv"):
        check_benchmark(Choice(), tmp_path / "some.csv")
