"""A view is the same question told otherwise: its answer, translated back, is the question's."""

import random
import re

import pytest

from lightning_latent.data import AquaRat, BalancedProsQA, GeneratedProsQA, MathQA, ProntoQA, ProsQA
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.data.prosqa.graph import shortest_paths

PRONTO = (
    "Every wumpus is a tumpus. Wumpuses are not red. Each tumpus is bright. Stella is a wumpus. True or false: "
    "Stella is bright."
)
OPTIONS = ("A) 24", "B) 120", "C) 625", "D) none of these", "E) 7")
CHOICE = Example("aqua_rat/x/1", "How many?\n" + "\n".join(OPTIONS), ("5 * 5",), "C) 625", OPTIONS)


def examples() -> list[tuple[Benchmark, Example]]:
    generated = [
        *BalancedProsQA(size=20, seed=5, split="evaluation", dead_ends=2, max_hops=4),
        *GeneratedProsQA(size=20, seed=5),
    ]
    pronto = ProntoQA().parse({"question": PRONTO, "steps": ["Stella is a wumpus."], "answer": "True"}, index=0)
    return [*((ProsQA(), e) for e in generated), (ProntoQA(), pronto), (AquaRat(), CHOICE), (MathQA(), CHOICE)]


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
