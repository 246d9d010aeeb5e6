"""One fact changed, and the other candidate is the answer; checked by a search of its own."""

import random
from itertools import pairwise

import pytest

from lightning_latent.data import BalancedProsQA, Example, GeneratedProsQA, ProsQA
from lightning_latent.data.prosqa.counterfactual import flipped
from lightning_latent.data.prosqa.reading import read_question, tell

SOURCES = {
    "balanced": BalancedProsQA(size=60, split="evaluation", dead_ends=3, max_hops=5),
    "generated": GeneratedProsQA(size=60, split="evaluation", num_nodes=12, min_hops=2),
    "of the published size": GeneratedProsQA(size=8, split="evaluation"),
}


def facts(question: str) -> list[tuple[str, str]]:
    sentences = question.rpartition(" Is ")[0].removesuffix(".").split(". ")
    return [(one.removeprefix("Every "), other) for one, other in (s.split(" is a ") for s in sentences)]


def reached(edges: list[tuple[str, str]], start: str) -> set[str]:
    found = {start}
    while new := {other for one, other in edges if one in found} - found:
        found |= new
    return found


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_one_fact_is_changed_and_the_answer_flips(source) -> None:
    made = 0
    for example in source:
        new = flipped(example, random.Random(example.id))
        if new is None:
            continue
        made += 1
        before, after = facts(example.question), facts(new.question)
        changed = [(old, now) for old, now in zip(before, after, strict=True) if old != now]
        assert len(changed) == 1 and changed[0][0][0] == changed[0][1][0]
        assert len(set(after)) == len(after)
        assert new.question.rpartition(" Is ")[2] == example.question.rpartition(" Is ")[2]
        assert new.options == example.options and set(new.options) == {new.answer, example.answer}
        who = new.answer.split()[0]
        right, wrong = (answer.removesuffix(".").split()[-1] for answer in (new.answer, example.answer))
        assert right in reached(after, who) and wrong not in reached(after, who)
        assert wrong in {other for _, other in after}
        assert all(one not in reached(after, other) for one, other in after), "a circle"
        assert all(step in new.question for step in new.steps)
        way = [tuple(step.removeprefix("Every ").removesuffix(".").split(" is a ")) for step in new.steps]
        assert way[0][0] == who and way[-1][1] == right
        assert all(one[1] == next_[0] for one, next_ in pairwise(way))
    assert made >= len(source) / 2


def test_the_number_of_steps_stays_on_balanced_graphs() -> None:
    for example in SOURCES["balanced"]:
        new = flipped(example, random.Random(0))
        assert new is not None and len(new.steps) == len(example.steps)


def test_the_same_numbers_give_the_same_question() -> None:
    example = next(iter(SOURCES["balanced"]))
    drawn = {flipped(example, random.Random(seed)) for seed in range(30)}
    assert flipped(example, random.Random(3)) == ProsQA().counterfactual(example, random.Random(3))
    assert len(drawn) > 1


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many apples are there?", "3"),
        ("Tom is a terpus. Is Tom a gorpus or lempus?", "Tom is a gorpus."),  # does not follow
        ("Tom is a terpus. Is Tom a terpus or lempus?", "Tom is a terpus."),  # nothing leads to the other
    ],
)
def test_what_cannot_be_changed_is_left(question: str, answer: str) -> None:
    assert flipped(Example("1", question, (), answer), random.Random(0)) is None


def test_a_question_is_put_together_as_it_was() -> None:
    for source in SOURCES.values():
        for example in source:
            told = read_question(example.question)
            assert told is not None and tell(told) == example.question
    assert read_question("Tom is a terpus.  Is Tom a terpus or lempus?") is None
