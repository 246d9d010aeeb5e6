"""Graphs and sentences, checked by a search of the test's own and against the published files' statistics."""

import math
import random
import re
from itertools import pairwise
from statistics import mean, variance

import pytest

from lightning_latent.data.prosqa.graph import ProsQAGraph, sample_graph, shortest_paths
from lightning_latent.data.prosqa.sentences import NAMES, NOUNS, row_of
from lightning_latent.errors import UserError

SIZE = 2000
# Of the 500 test questions: nodes and edges with their variances, questions by hops, the right answer named first.
PUBLISHED = 500
NODES, EDGES = (22.8, 3.80), (35.8, 33.9)
HOPS = {3: 202, 4: 217, 5: 69, 6: 12}


@pytest.fixture(scope="module")
def graphs() -> list[ProsQAGraph]:
    return [sample_graph(random.Random(seed)) for seed in range(SIZE)]


@pytest.fixture(scope="module")
def told(graphs) -> list[ProsQAGraph]:
    return [graph for graph in graphs if people(graph) <= len(NAMES)]


@pytest.fixture(scope="module")
def rows(told) -> list[dict]:
    return [row_of(graph, random.Random(seed)) for seed, graph in enumerate(told)]


def people(graph) -> int:
    return graph.num_nodes - len({child for _, child in graph.edges})


def distances(facts: set[tuple], source) -> dict:
    """Depth-first search: the least number of edges from `source` to all that it reaches."""
    found = {source: 0}
    stack = [source]
    while stack:
        node = stack.pop()
        for parent, child in facts:
            if parent == node and found[node] + 1 < found.get(child, math.inf):
                found[child] = found[node] + 1
                stack.append(child)
    return found


def near(measured: float, expected: float, error: float) -> bool:
    """Within four standard errors: one test in sixteen thousand fails by chance, and these are of one seed."""
    return abs(measured - expected) < 4 * error


@pytest.mark.parametrize(
    ("published", "of"), [(NODES, lambda g: g.num_nodes), (EDGES, lambda g: len(g.edges))], ids=["nodes", "edges"]
)
def test_sizes_are_those_of_the_published_questions(graphs, published, of):
    values = [of(graph) for graph in graphs]
    error = math.sqrt(variance(values) / SIZE + published[1] / PUBLISHED)
    assert near(mean(values), published[0], error)
    assert 0.75 < variance(values) / published[1] < 1.35
    assert max(graph.num_nodes for graph in graphs) <= 28


def test_hops_are_shared_out_as_in_the_published_questions(graphs):
    for hops, count in HOPS.items():
        share = count / PUBLISHED
        error = math.sqrt(share * (1 - share) * (1 / PUBLISHED + 1 / SIZE))
        assert near(sum(graph.hops == hops for graph in graphs) / SIZE, share, error), hops
    assert {graph.hops for graph in graphs} == set(HOPS)


def test_few_graphs_have_more_people_than_names(graphs, rows):
    assert len(rows) > 0.99 * len(graphs)


def test_the_target_is_reached_and_the_distractor_is_not(graphs):
    for graph in graphs:
        reached = distances(set(graph.edges), graph.root)
        assert reached[graph.target] == graph.hops == len(graph.path) - 1
        assert graph.distractor not in reached
        assert graph.path[0] == graph.root and graph.path[-1] == graph.target
        assert set(pairwise(graph.path)) <= set(graph.edges)


def test_graphs_are_acyclic_and_without_loose_ends(graphs):
    for graph in graphs:
        assert all(parent < child for parent, child in graph.edges)
        assert len(set(graph.edges)) == len(graph.edges)
        assert {0, 1}.union(*graph.edges) == set(range(graph.num_nodes))
        parents = {parent for parent, _ in graph.edges}
        assert graph.target not in parents and graph.distractor not in parents
        assert graph.root in (0, 1)


def read(row) -> tuple[set[tuple[str, str]], str, list[str]]:
    """Statements, who is asked about, and the two candidates, out of the text alone."""
    text = row["question"]
    facts = re.findall(r"(?:Every )?(\w+) is a (\w+)\.", text)
    who, first, second = re.fullmatch(r".* Is (\w+) a (\w+) or (\w+)\?", text).groups()
    return facts, who, [first, second]


def test_the_text_alone_gives_the_answer(told, rows):
    for graph, row in zip(told, rows, strict=True):
        facts, who, candidates = read(row)
        assert len(facts) == len(set(facts)) == len(graph.edges) == row["question"].count(".")
        reached = distances(set(facts), who)
        (right,) = [candidate for candidate in candidates if candidate in reached]
        assert row["answer"] == f"{who} is a {right}."
        assert len(row["steps"]) == reached[right]


def test_steps_are_a_path_of_statements_of_the_question(rows):
    for row in rows:
        statements = re.findall(r"(?:Every )?\w+ is a \w+\.", row["question"])
        assert set(row["steps"]) <= set(statements)
        links = [re.fullmatch(r"(?:Every )?(\w+) is a (\w+)\.", step).groups() for step in row["steps"]]
        assert all(link[1] == following[0] for link, following in pairwise(links))
        _, who, _ = read(row)
        assert links[0][0] == who and row["answer"] == f"{who} is a {links[-1][1]}."


def test_people_are_those_without_parents(told, rows):
    for graph, row in zip(told, rows, strict=True):
        facts, who, _ = read(row)
        kinds = {child for _, child in facts}
        names = {parent for parent, _ in facts} - kinds
        assert who in names and names <= set(NAMES) and kinds <= set(NOUNS)
        assert (len(names), len(names | kinds)) == (people(graph), graph.num_nodes)


def test_neither_place_nor_order_gives_the_answer_away(rows):
    size = len(rows)
    first = [row["answer"].endswith(f" {read(row)[2][0]}.") for row in rows]
    assert near(mean(first), 0.5, 0.5 / math.sqrt(size))
    ordered = 0
    for row in rows:
        places = [row["question"].index(step) for step in row["steps"]]
        ordered += places[0] < places[1]
    assert near(ordered / size, 0.5, 0.5 / math.sqrt(size))


def test_the_vocabulary_is_the_published_one():
    assert (len(NAMES), len(NOUNS)) == (17, 38)
    assert len(set(NAMES)) == 17 and len(set(NOUNS)) == 38


def test_shortest_paths():
    edges = [(0, 1), (1, 2), (0, 2), (2, 3), (1, 3), (4, 5)]
    paths = shortest_paths(edges, 0)
    assert {goal: len(path) - 1 for goal, path in paths.items()} == {0: 0, 1: 1, 2: 1, 3: 2}
    for goal, path in paths.items():
        assert (path[0], path[-1]) == (0, goal)
        assert set(pairwise(path)) <= set(edges)


@pytest.mark.parametrize(("nodes", "hops"), [(8, 1), (12, 2), (20, 3)])
def test_other_sizes(nodes, hops):
    for seed in range(100):
        graph = sample_graph(random.Random(seed), num_nodes=nodes, min_hops=hops, max_hops=hops)
        assert graph.num_nodes <= nodes and graph.hops == hops
        assert distances(set(graph.edges), graph.root)[graph.target] == hops


def test_denser_graphs_have_more_edges():
    def edges(in_degree):
        return mean(len(sample_graph(random.Random(seed), in_degree=in_degree).edges) for seed in range(200))

    assert edges(1.0) < edges(1.5) < edges(2.5)


def test_what_cannot_be_is_told_instead_of_tried_for_ever():
    with pytest.raises(UserError, match="30 to 40 hops away; raise num_nodes"):
        sample_graph(random.Random(0), num_nodes=8, min_hops=30, max_hops=40)
