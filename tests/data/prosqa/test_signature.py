"""The hash that parts training graphs from evaluation graphs: of the graph alone, on every Python."""

import hashlib
import json
import random

import pytest

from lightning_latent.data import BalancedProsQA
from lightning_latent.data.prosqa import signature as module
from lightning_latent.data.prosqa.graph import ProsQAGraph, sample_graph
from lightning_latent.data.prosqa.signature import signature, tuple_hash

EDGES = (-1, 0, 1, -2, 2**61 - 2, 2**61 - 1, 2**61, -(2**61), 1 - 2**61, 2**63 - 1, -(2**63), 2**64, 2**200)


@pytest.fixture(scope="module")
def graphs() -> list[ProsQAGraph]:
    return [sample_graph(random.Random(seed)) for seed in range(2000)]


def nested(rng: random.Random, depth: int) -> int | tuple:
    if depth == 0 or rng.random() < 0.3:
        return rng.choice((rng.choice(EDGES), rng.randrange(-9, 9), rng.randrange(-(2**63), 2**63)))
    return tuple(nested(rng, depth - 1) for _ in range(rng.randrange(6)))


def test_the_hash_is_that_of_the_interpreter():
    rng = random.Random(0)
    for value in (*EDGES, (), ((),), (-1,), *(nested(rng, 3) for _ in range(20_000))):
        assert tuple_hash(value) == hash(value), value


def test_the_written_hash_alone_gives_the_same_signatures(graphs, monkeypatch):
    found = [signature(graph) for graph in graphs[:300]]
    monkeypatch.setattr(module, "_hash", tuple_hash)
    assert [signature(graph) for graph in graphs[:300]] == found


def renamed(graph: ProsQAGraph, rng: random.Random) -> ProsQAGraph:
    """The same question with its nodes numbered and its edges listed in another way."""
    new = list(range(graph.num_nodes))
    rng.shuffle(new)
    edges = [(new[u], new[v]) for u, v in graph.edges]
    rng.shuffle(edges)
    return ProsQAGraph(
        num_nodes=graph.num_nodes,
        edges=tuple(edges),
        root=new[graph.root],
        target=new[graph.target],
        distractor=new[graph.distractor],
        path=tuple(new[node] for node in graph.path),
    )


def test_a_signature_survives_renaming_and_little_else(graphs):
    rng = random.Random(0)
    assert all(signature(renamed(graph, rng)) == signature(graph) for graph in graphs[:300])
    assert len({signature(graph) for graph in graphs}) > 0.99 * len(graphs)
    for graph in graphs[:300]:
        swapped = graph._replace(target=graph.distractor, distractor=graph.target)
        assert signature(swapped) != signature(graph)
        assert signature(graph._replace(edges=graph.edges[1:])) != signature(graph)


def test_a_signature_is_the_same_in_every_process():
    graph = ProsQAGraph(5, ((0, 2), (2, 3), (1, 4)), 0, 3, 4, (0, 2, 3))
    assert signature(graph) == 9351485514473909822


@pytest.mark.parametrize(
    ("split", "digest"),
    [
        ("evaluation", "0e0bdd9e9a68ea806794c13c7014ca47a450f11092b1f858552f3f6f763c5564"),
        ("train", "64d5d21d4fb32cfaf1c15b76503b3296508a70d6b6fa3715b8a8be38d678e500"),
    ],
)
def test_the_questions_are_those_that_published_numbers_are_of(split, digest):
    source = BalancedProsQA(size=50, seed=2, split=split, dead_ends=2, min_hops=3, max_hops=4)
    lines = "".join(json.dumps(example._replace(options=())) + "\n" for example in source)
    assert hashlib.sha256(lines.encode()).hexdigest() == digest
