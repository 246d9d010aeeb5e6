"""Balanced graphs: two paths of one length, alike but for the root that is asked about."""

import random
from collections import Counter
from itertools import pairwise

import pytest

from lightning_latent.data import BalancedProsQA
from lightning_latent.data.prosqa.balanced import balanced_graph
from lightning_latent.data.prosqa.signature import signature
from lightning_latent.errors import UserError

from .test_generated import graph_of
from .test_graph import distances, near, read

SIZE = 2000
DEAD_ENDS = 3


@pytest.fixture(scope="module")
def graphs() -> list:
    return [balanced_graph(random.Random(seed), hops=3 + seed % 3, dead_ends=DEAD_ENDS) for seed in range(SIZE)]


def ancestors(graph, node: int) -> set[int]:
    return set(distances({(child, parent) for parent, child in graph.edges}, node))


def test_each_candidate_is_reached_from_its_own_root_alone_in_as_many_hops(graphs):
    for graph in graphs:
        edges = set(graph.edges)
        asked, other = distances(edges, graph.root), distances(edges, 1 - graph.root)
        assert asked[graph.target] == other[graph.distractor] == graph.hops
        assert graph.distractor not in asked
        assert graph.target not in other
        assert graph.path[0] == graph.root
        assert graph.path[-1] == graph.target
        assert set(pairwise(graph.path)) <= edges


def test_nothing_else_tells_the_candidates_apart(graphs):
    for graph in graphs:
        # Above either there is its path alone, and below nothing.
        assert ancestors(graph, graph.target) == set(graph.path)
        assert len(ancestors(graph, graph.distractor)) == graph.hops + 1
        assert not {graph.target, graph.distractor} & {parent for parent, _ in graph.edges}
    # The root asked about is the one with more below it as often as the other is.
    below = [[len(distances(set(g.edges), root)) for root in (g.root, 1 - g.root)] for g in graphs]
    more = [asked > other for asked, other in below if asked != other]
    assert near(sum(more) / len(more), 0.5, 0.5 / len(more) ** 0.5)


def test_all_nodes_are_told_of_once(graphs):
    for graph in graphs:
        assert graph.num_nodes == 2 * (graph.hops + 1) + DEAD_ENDS
        assert {node for edge in graph.edges for node in edge} == set(range(graph.num_nodes))
        assert len(set(graph.edges)) == len(graph.edges)
        assert all(parent < child for parent, child in graph.edges)


def questions(split: str) -> list:
    source = BalancedProsQA(size=300, split=split, dead_ends=DEAD_ENDS, min_hops=3, max_hops=5)
    return list(source)


def test_questions_are_told_like_generated_ones():
    hops = Counter(len(example.steps) for example in questions("train"))
    assert sorted(hops) == [3, 4, 5]
    assert all(near(count / 300, 1 / 3, (2 / 9 / 300) ** 0.5) for count in hops.values())
    for example in questions("train"):
        assert example.steps[-1].split()[-1] == example.answer.split()[-1]
        facts, _, candidates = read(example._asdict())
        who = {parent for parent, _ in facts} - {child for _, child in facts}
        assert len(who) == len(candidates) == 2


def test_splits_share_no_graph():
    splits = [{signature(graph_of(example)) for example in questions(split)} for split in ("train", "evaluation")]
    assert all(splits)
    assert splits[0].isdisjoint(splits[1])


def test_fewer_than_no_dead_ends_are_refused():
    with pytest.raises(UserError, match="dead_ends is -1"):
        BalancedProsQA(size=1, dead_ends=-1)
