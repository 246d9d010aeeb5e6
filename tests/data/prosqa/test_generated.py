"""Generated questions: each depends on its number alone, and training never shares a graph with evaluation."""

import random

import pytest

from lightning_latent.data import BalancedProsQA, Example, GeneratedProsQA, ProsQA
from lightning_latent.data.prosqa.graph import ProsQAGraph
from lightning_latent.data.prosqa.signature import signature
from lightning_latent.data.streaming.source import FirstExamples
from lightning_latent.errors import UserError

from .test_graph import distances, read

SIZE = 150


def graph_of(example) -> ProsQAGraph:
    """The graph that a question tells, numbered anew."""
    facts, who, candidates = read(example._asdict())
    number = {symbol: index for index, symbol in enumerate(sorted({symbol for fact in facts for symbol in fact}))}
    edges = tuple((number[parent], number[child]) for parent, child in facts)
    right = example.answer.removeprefix(f"{who} is a ").removesuffix(".")
    (wrong,) = set(candidates) - {right}
    return ProsQAGraph(len(number), edges, number[who], number[right], number[wrong], ())


def test_training_and_evaluation_share_no_graph():
    # Of few nodes, so that the same graph is drawn again and again.
    splits = {}
    for split in ("train", "evaluation"):
        source = GeneratedProsQA(size=1500, split=split, num_nodes=9, min_hops=2)
        splits[split] = [signature(graph_of(example)) for example in source]
    assert len(set(splits["train"])) < 1500  # some more than once in the same split,
    assert set(splits["train"]).isdisjoint(splits["evaluation"])  # none in both
    # Whatever the seed, the size of the graphs and the epoch.
    other = GeneratedProsQA(size=1500, seed=7, num_nodes=10, min_hops=2)
    other.set_epoch(3)
    assert {signature(graph_of(example)) for example in other}.isdisjoint(splits["evaluation"])


def test_every_answer_is_reached_in_as_many_hops_as_there_are_steps():
    for split in ("train", "evaluation"):
        for example in GeneratedProsQA(size=SIZE, split=split):
            facts, who, candidates = read(example._asdict())
            reached = distances(set(facts), who)
            assert [f"{who} is a {c}." for c in candidates if c in reached] == [example.answer]
            assert reached[example.answer.split()[-1].rstrip(".")] == len(example.steps)
            assert 3 <= len(example.steps) <= 6


def test_a_question_depends_on_its_seed_split_and_number_alone():
    source = GeneratedProsQA(size=SIZE)
    first = list(source)
    assert first == list(GeneratedProsQA(size=SIZE))
    random.seed(3)
    assert first[17] == GeneratedProsQA(size=18).make(17)
    for other in (GeneratedProsQA(size=SIZE, seed=1), GeneratedProsQA(size=SIZE, split="evaluation")):
        made = list(other)
        assert not {example.question for example in made} & {example.question for example in first}
        assert not {example.id for example in made} & {example.id for example in first}
    assert len({example.question for example in first}) == len({example.id for example in first}) == SIZE


def test_this_question_is_question_zero():
    """A change to the sampler changes every question, and with it what published numbers mean."""
    example = GeneratedProsQA(size=1, split="evaluation", num_nodes=9, min_hops=2).make(0)
    assert example == Example(
        id="prosqa/generated-evaluation-0/0",
        question="Every wumpus is a yumpus. Wren is a quimpus. Wren is a jompus. Every lempus is a quimpus. "
        "Davis is a wumpus. Wren is a lempus. Polly is a jompus. Davis is a jompus. Is Davis a quimpus or yumpus?",
        steps=("Davis is a wumpus.", "Every wumpus is a yumpus."),
        answer="Davis is a yumpus.",
        options=("Davis is a quimpus.", "Davis is a yumpus."),
    )


def test_questions_are_made_at_any_position():
    source = GeneratedProsQA(size=20)
    whole = list(source)
    assert list(source.iter_examples(range(3, 99, 4))) == whole[3::4]
    assert list(source.iter_examples([99])) == []


def test_training_goes_on_and_evaluation_stays():
    train, held_out = (GeneratedProsQA(size=10, split=split) for split in ("train", "evaluation"))
    for source, new in ((train, True), (held_out, False)):
        first = list(source)
        source.set_epoch(1)
        second = list(source)
        assert (second != first) == new
        assert {example.id for example in first}.isdisjoint(example.id for example in second) == new
        source.set_epoch(0)
        assert list(source) == first
    longer = GeneratedProsQA(size=20)
    train.set_epoch(1)
    assert list(longer)[10:] == list(train)  # one sequence, cut into epochs


@pytest.mark.parametrize("kind", [GeneratedProsQA, BalancedProsQA])
def test_questions_from_another_start(kind):
    whole, part = kind(size=20), kind(size=5, start=10)
    assert list(part) == list(whole)[10:15]
    assert next(iter(part)) == whole.make(10)
    part.set_epoch(1)
    assert list(part) == list(whole)[15:]  # number start + epoch * size and on


def test_the_first_examples_of_an_epoch():
    source = GeneratedProsQA(size=20)
    first = FirstExamples(source, 5)
    first.set_epoch(2)
    assert list(first) == list(source)[:5] and next(iter(source)).id.endswith("/40")


def test_the_benchmark_reads_them():
    benchmark = ProsQA()
    for example in GeneratedProsQA(size=20):
        text = "\n".join([*example.steps, f"### {example.answer}"])
        assert benchmark.matches(benchmark.extract(text), example.answer)


def test_other_vocabulary():
    names, nouns = ["Ann", "Ben", "Cid", "Dot", "Eli", "Fay"], [f"noun{n}" for n in range(12)]
    source = GeneratedProsQA(size=30, num_nodes=12, min_hops=2, names=names, nouns=nouns)
    for example in source:
        facts, who, candidates = read(example._asdict())
        assert {who} <= set(names) and set(candidates) <= set(nouns)
        assert {symbol for fact in facts for symbol in fact} <= {*names, *nouns}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"num_nodes": 39}, "graphs of 39 nodes .* there are 38"),
        ({"min_hops": 5, "max_hops": 4}, "min_hops 5 and max_hops 4"),
        ({"min_hops": 0}, "min_hops 0"),
        ({"size": 0}, "size is 0"),
        ({"start": -1}, "start is -1"),
    ],
)
def test_impossible_requests_are_refused(options, complaint):
    with pytest.raises(UserError, match=complaint):
        GeneratedProsQA(**{"size": 1, **options})


def test_too_few_names_are_told_instead_of_tried_for_ever():
    source = GeneratedProsQA(size=1, num_nodes=8, min_hops=1, names=["Ann"])
    with pytest.raises(UserError, match="at most 1 people; raise num_nodes, or give more names"):
        source.make(0)
