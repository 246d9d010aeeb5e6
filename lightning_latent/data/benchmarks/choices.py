"""Multiple-choice questions: how their options are shown, and when an answer means one of them."""

import random
import re
from collections.abc import Sequence

from lightning_latent.data.answers.letters import LETTERS
from lightning_latent.data.answers.options import same_choice, stated_choice, unlabelled
from lightning_latent.data.benchmark import Benchmark, quoted
from lightning_latent.data.example import Example
from lightning_latent.data.views import View

_VERDICT_LENGTH = 200  # the closing words that are looked at, so that a long rationale takes no longer
_VERDICT = re.compile(
    r"""(?:\b(?:so|hence|thus|therefore|the|our|my|correct|right|final)\b\W*)*
        (?:\b(?:answer|ans|option|choice)\b(?:\W|\b(?:is|was|will|be|must|the|option|choice)\b)*\b[a-e]\b
          |\b[a-e]\b\W*(?:\bis\b\W*)?(?:\bthe\b\W*)?(?:\bcorrect\b\W*)?\b(?:answer|option|choice)\b
          |(?:^|(?<=\n))\W*[a-e])
        \W*$""",
    re.IGNORECASE | re.VERBOSE,
)


class MultipleChoice(Benchmark):
    """A benchmark whose answers are options with letters."""

    answer_form = "the letter of the right option"

    @staticmethod
    def example(id: str, question: str, options: tuple[str, ...], letter: str, steps: tuple[str, ...]) -> Example:
        """A question with its options below it, whose gold answer is the option of the letter."""
        return Example(id, with_options(question, options), steps, correct_option(options, letter), options)

    def view(self, example: Example, rng: random.Random) -> View | None:
        """The options in another order, with the letters of their new places."""
        order = rng.sample(range(len(example.options)), len(example.options))
        options = labelled([unlabelled(example.options[place], example.options[place][0]) for place in order])
        question = with_options(without_options(example.question, example.options), options)
        gold = options[order.index(example.options.index(example.answer))]
        back = {new: example.options[place] for new, place in zip(options, order, strict=True)}
        letters = {new[0]: old[0] for new, old in back.items()}
        told = example._replace(question=question, answer=gold, options=options)
        return View(told, order=tuple(order), answers={**back, **letters})

    def extract(self, text: str) -> str:
        """The letter of the option that the text names, else the text of its answer."""
        return stated_choice(text)

    def matches(self, prediction: str, gold: str) -> bool:
        """Whether the prediction means the gold option."""
        return same_choice(prediction, gold)


def labelled(texts: Sequence[str]) -> tuple[str, ...]:
    """Options with their letters, whatever label they came with.

    >>> labelled(["a ) 24", "(B) 120", "625"])
    ('A) 24', 'B) 120', 'C) 625')
    """
    if len(texts) > len(LETTERS):
        raise ValueError(f"{len(texts)} options are more than the {len(LETTERS)} letters")
    return tuple(f"{letter}) {unlabelled(text, letter)}".rstrip() for letter, text in zip(LETTERS, texts, strict=False))


def with_options(question: str, options: Sequence[str]) -> str:
    r"""A question with its options below it, one a line.

    >>> with_options("How many?", ("A) 1", "B) 2"))
    'How many?\nA) 1\nB) 2'
    """
    return "\n".join((question, *options))


def without_options(question: str, options: Sequence[str]) -> str:
    """Undo `with_options`; a question that does not end with its options stays as it is."""
    return question.removesuffix("\n" + "\n".join(options)) if options else question


def correct_option(options: Sequence[str], letter: str) -> str:
    """The option of a letter; a `ValueError` if there is none.

    >>> correct_option(("A) 24", "B) 120"), "b")
    'B) 120'
    """
    for option in options:
        if option[0] == letter.strip().upper():
            return option
    raise ValueError(f"the correct option is {quoted(letter)}, but there are only {len(options)} options")


def without_verdict(rationale: str) -> str:
    r"""A rationale without its closing "answer: C", which is the answer and no step towards it.

    >>> without_verdict("5 * 5 = 25\nThe correct answer is C.")
    '5 * 5 = 25'
    """
    rationale = rationale.strip()
    verdict = _VERDICT.search(rationale, max(0, len(rationale) - _VERDICT_LENGTH))
    return rationale[: verdict.start()].strip() if verdict else rationale
