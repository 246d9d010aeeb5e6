"""Generated questions of ProntoQA's kind: balanced, reproducible, held out. Their proofs are checked with the views."""

import re
from collections import Counter

import pytest

from lightning_latent.data import BalancedProntoQA, Example
from lightning_latent.data.prosqa.graph import ProsQAGraph
from lightning_latent.data.prosqa.signature import signature
from lightning_latent.errors import UserError


def graph_of(example: Example) -> ProsQAGraph:
    """The graph that the premises tell, numbered anew; target and distractor are the classes with a property."""
    told, _, asked = example.question.partition(" True or false: ")
    edges = re.findall(r"(?:Every )?(\w+) is an? (\w+)\.", told)
    ends = re.findall(r"Every (\w+) is (?:not )?(\w+)\.", told)
    quality = asked.removesuffix(".").split()[-1]
    ends = [one for one, said in ends if said == quality]
    number = {word: place for place, word in enumerate(sorted({word for edge in edges for word in edge}))}
    last = re.match(r"Every (\w+)", example.steps[-1])[1]
    (other,) = set(ends) - {last}
    numbered = tuple((number[one], number[kind]) for one, kind in edges)
    return ProsQAGraph(len(number), numbered, number[asked.split()[0]], number[last], number[other], ())


def test_training_and_evaluation_share_no_graph() -> None:
    found = {
        split: {signature(graph_of(example)) for example in BalancedProntoQA(size=300, split=split, dead_ends=1)}
        for split in ("train", "evaluation")
    }
    assert found["train"] and found["evaluation"] and not found["train"] & found["evaluation"]


def test_answers_and_negations_are_balanced_and_independent() -> None:
    drawn = Counter(
        (example.answer, " is not " in example.question.rpartition(":")[2]) for example in BalancedProntoQA(size=2000)
    )
    assert len(drawn) == 4 and all(420 < count < 580 for count in drawn.values())


def test_a_question_depends_on_seed_and_number_alone() -> None:
    first = list(BalancedProntoQA(size=8, seed=1))
    assert first == list(BalancedProntoQA(size=8, seed=1)) and first[3:] == list(
        BalancedProntoQA(size=5, seed=1, start=3)
    )
    assert first != list(BalancedProntoQA(size=8, seed=2))


def test_more_classes_than_there_are_names_for_are_refused() -> None:
    with pytest.raises(UserError, match="nouns"):
        BalancedProntoQA(size=1, max_hops=8)
