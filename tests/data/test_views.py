"""A view is the same question told otherwise: its answer, translated back, is the question's."""

import random
import re

import pytest

from lightning_latent.data import (
    GSM8K,
    AquaRat,
    BalancedProntoQA,
    BalancedProsQA,
    GeneratedProsQA,
    MathQA,
    ProntoQA,
    ProsQA,
    StrategyQA,
)
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.data.prosqa.graph import shortest_paths

PRONTO = (
    "Every wumpus is a tumpus. Wumpuses are not red. Each tumpus is bright. Stella is a wumpus. True or false: "
    "Stella is bright."
)
OPTIONS = ("A) 24", "B) 120", "C) 625", "D) none of these", "E) 7")
PEOPLE = Example(
    "gsm8k/x/1", "Tom has 3 cats. Mary's aunt, Mrs. Alice Bell, has 2 more than Tom. How many?", ("<<3+2=5>>",), "5"
)
CHOICE = Example("aqua_rat/x/1", "How many?\n" + "\n".join(OPTIONS), ("5 * 5",), "C) 625", OPTIONS)


def examples() -> list[tuple[Benchmark, Example]]:
    generated = [
        *BalancedProsQA(size=20, seed=5, split="evaluation", dead_ends=2, max_hops=4),
        *GeneratedProsQA(size=20, seed=5),
    ]
    pronto = ProntoQA().parse({"question": PRONTO, "steps": ["Stella is a wumpus."], "answer": "True"}, index=0)
    prontos = [pronto, *BalancedProntoQA(size=20, seed=5)]
    own = [(AquaRat(), CHOICE), (MathQA(), CHOICE), (GSM8K(), PEOPLE)]
    return [*((ProsQA(), e) for e in generated), *((ProntoQA(), e) for e in prontos), *own]


@pytest.mark.parametrize(("benchmark", "example"), examples(), ids=lambda value: getattr(value, "id", None))
def test_the_gold_answer_of_a_view_is_the_gold_answer(benchmark: Benchmark, example: Example) -> None:
    seen = set()
    for seed in range(20):
        view = benchmark.view(example, random.Random(seed))
        assert view is not None and view == benchmark.view(example, random.Random(seed))
        seen.add(view.example.question)
        assert benchmark.matches(view.back(view.example.answer), example.answer)
        assert sorted(view.order) == list(range(len(example.options)))
        for place, option in zip(view.order, view.example.options, strict=True):
            assert benchmark.matches(view.back(option), example.options[place])
        again = benchmark.view(view.example, random.Random(-seed))  # a view's view is a view
        assert again is not None
        assert benchmark.matches(view.back(again.back(again.example.answer)), example.answer)
    assert len(seen) > 10


def graph(question: str) -> tuple[list[tuple[str, str]], str, list[str]]:
    told, _, asked = question.rpartition(" Is ")
    edges = [(one, other) for one, other in re.findall(r"(?:Every )?(\w+) is a (\w+)\.", told)]
    who, *candidates = re.findall(r"\w+", asked.replace(" a ", " ").replace(" or ", " "))
    return edges, who, candidates


@pytest.mark.parametrize("seed", range(5))
def test_the_path_is_preserved(seed: int) -> None:
    for example in BalancedProsQA(size=20, seed=seed, dead_ends=2, max_hops=4):
        view = ProsQA().view(example, random.Random(seed))
        assert view is not None
        edges, who, candidates = graph(view.example.question)
        words = sorted({word for edge in edges for word in edge})
        place = {word: number for number, word in enumerate(words)}
        numbered = [(place[one], place[other]) for one, other in edges]
        paths = shortest_paths(numbered, place[who])
        (path,) = (paths[place[candidate]] for candidate in candidates if place[candidate] in paths)
        assert view.example.answer == f"{who} is a {words[path[-1]]}."
        assert [view.back(step) for step in view.example.steps] == list(example.steps)
        assert len(path) - 1 == len(example.steps)


def test_what_is_not_in_these_sentences_has_no_view() -> None:
    assert ProsQA().view(Example("1", "Why?", (), "So."), random.Random(0)) is None


def proven(premises: list[str], who: str, asked: str) -> bool:
    """Follow the premises from a person to what is said of the last class; none of this is the package's code."""
    known, said = {who}, {}
    for _ in premises:
        for premise in premises:
            subject, _, predicate = premise.removeprefix("Every ").partition(" is ")
            if subject in known:
                known.add(re.sub(r"^an? ", "", predicate))
    said = {word.removeprefix("not "): not word.startswith("not ") for word in known}
    return said[asked.removeprefix("not ")] != asked.startswith("not ")


def test_the_premises_of_a_generated_question_and_of_its_views_prove_its_answer() -> None:
    answers, negated = [], 0
    for number, example in enumerate(BalancedProntoQA(size=200, seed=3, split="evaluation")):
        view = ProntoQA().view(example, random.Random(number))
        assert view is not None
        for told in (example, view.example):
            premises, _, question = told.question.partition(" True or false: ")
            who, _, asked = question.removesuffix(".").partition(" is ")
            assert str(proven([p.strip(" .") for p in premises.split(". ")], who, asked)) == told.answer
            assert set(told.steps) <= {f"{p.strip(' .')}." for p in premises.split(". ")}
            assert 3 <= len(told.steps) <= 4
        assert [re.sub(r"\ban\b", "a", view.back(step)) for step in view.example.steps] == [
            re.sub(r"\ban\b", "a", step) for step in example.steps
        ]
        answers.append(example.answer)
        negated += view.example.answer != example.answer
    assert 70 < answers.count("True") < 130 and 70 < negated < 130


def test_only_people_who_are_certainly_people_are_renamed() -> None:
    view = GSM8K().view(PEOPLE, random.Random(0))
    assert set(view.words.values()) == {"Tom", "Mary"} and not set(view.words) & {"Tom", "Mary", "Alice"}
    assert "Mrs. Alice Bell" in view.example.question and view.example.steps == PEOPLE.steps
    assert view.back(view.example.question) == PEOPLE.question


def test_where_nothing_can_be_exchanged_there_is_no_view() -> None:
    example = Example("1", "Did Tom Cruise meet Plato?", (), "no", ("yes", "no"))
    assert StrategyQA().view(example, random.Random(0)) is None
    nobody = Example("1", "How many are 2 and 3?", (), "5")
    assert GSM8K().view(nobody, random.Random(0)).example == nobody
