"""Random directed acyclic graphs in the manner of ProsQA, each with a question.

The sampler follows the construction of the Coconut paper (arXiv 2412.06769, appendix A.2): nodes arrive one by one and
draw a Poisson number of parents among the descendants of one of two roots, deeper parents being likelier. The free
choices that the paper leaves open (28 nodes drawn of which isolated ones are dropped, 40 % of the nodes reserved for
either root, the deeper root asked about) are the ones whose statistics match the published validation and test files.
"""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

from lightning_latent.errors import UserError

_TRIES = 10_000
_EXCLUSIVE = 0.4  # share of nodes whose parents are descendants of the first root alone, and of the second alone


class ProsQAGraph(NamedTuple):
    """A graph with a question: which of `target` and `distractor` is reachable from `root`?"""

    num_nodes: int  # the nodes are 0..num_nodes - 1, and parents have smaller numbers than their children
    edges: tuple[tuple[int, int], ...]  # from parent to child
    root: int
    target: int  # a leaf that can be reached from the root
    distractor: int  # a leaf that can be reached from the other root only
    path: tuple[int, ...]  # the shortest one from root to target, both included

    @property
    def hops(self) -> int:
        """Edges on the shortest path from root to target."""
        return len(self.path) - 1


def shortest_paths(edges: Sequence[tuple[int, int]], source: int) -> dict[int, tuple[int, ...]]:
    """Breadth-first search: a shortest path, both ends included, from `source` to each node that it reaches."""
    children: dict[int, list[int]] = {}
    for parent, child in edges:
        children.setdefault(parent, []).append(child)
    paths: dict[int, tuple[int, ...]] = {source: (source,)}
    queue = [source]
    for node in queue:
        for child in children.get(node, ()):
            if child not in paths:
                paths[child] = (*paths[node], child)
                queue.append(child)
    return paths


def sample_graph(
    rng: random.Random, *, num_nodes: int = 28, in_degree: float = 1.5, min_hops: int = 3, max_hops: int = 6
) -> ProsQAGraph:
    """Draw a graph whose question has a shortest path of `min_hops` to `max_hops` edges, by breadth-first search.

    Of the `num_nodes` that are drawn, those that end without any edge are dropped; a node has a Poisson number of
    parents, of mean `in_degree`. A `UserError` where thousands of graphs have no such question.
    """
    for _ in range(_TRIES):
        labels, edges = _sample_edges(rng, num_nodes=num_nodes, in_degree=in_degree)
        graph = _ask(rng, labels=labels, edges=edges)
        if graph is not None and min_hops <= graph.hops <= max_hops:
            return graph
    raise UserError(
        f"no graph of num_nodes {num_nodes} and in_degree {in_degree} has an answer {min_hops} to {max_hops} hops "
        "away; raise num_nodes or lower min_hops"
    )


def _sample_edges(rng: random.Random, *, num_nodes: int, in_degree: float) -> tuple[list[int], list[tuple[int, int]]]:
    """Labels (bit 1: below the first root, bit 2: below the second) and edges of a random graph; isolated nodes go."""
    labels, depth = [1, 2], [0, 0]
    below: dict[int, list[int]] = {0: [], 1: [0], 2: [1], 3: []}
    edges: list[tuple[int, int]] = []
    for node in range(2, num_nodes):
        draw = rng.random()
        if draw < _EXCLUSIVE:
            candidates = list(below[1])
        elif draw < 2 * _EXCLUSIVE:
            candidates = list(below[2])
        else:
            candidates = list(range(node))
        weights = [1.0 + 1.5 * depth[c] for c in candidates]
        parents = []
        for _ in range(min(poisson(rng, in_degree), len(candidates))):
            chosen = rng.choices(range(len(candidates)), weights)[0]
            parents.append(candidates[chosen])
            weights[chosen] = 0.0
        label = 0
        for parent in parents:
            label |= labels[parent]
            edges.append((parent, node))
        labels.append(label)
        depth.append(1 + min(depth[p] for p in parents) if parents else 0)
        below[label].append(node)
    used = sorted({0, 1}.union(*edges))
    new = {old: number for number, old in enumerate(used)}
    return [labels[node] for node in used], [(new[parent], new[child]) for parent, child in edges]


def poisson(rng: random.Random, mean: float) -> int:
    """Knuth's method; `random` has no Poisson and the means are small."""
    threshold, count, product = math.exp(-mean), 0, rng.random()
    while product > threshold:
        count += 1
        product *= rng.random()
    return count


def _ask(rng: random.Random, *, labels: Sequence[int], edges: Sequence[tuple[int, int]]) -> ProsQAGraph | None:
    """Choose root, target and distractor: the deeper root, one of its deepest own leaves, any own leaf of the other."""
    parents = {parent for parent, _ in edges}
    leaves = [[n for n in range(2, len(labels)) if labels[n] == side and n not in parents] for side in (1, 2)]
    if not leaves[0] or not leaves[1]:
        return None
    paths = [shortest_paths(edges, root) for root in (0, 1)]
    deepest = [max(len(paths[root][n]) for n in leaves[root]) for root in (0, 1)]
    root = 0 if deepest[0] > deepest[1] else 1
    target = rng.choice([n for n in leaves[root] if len(paths[root][n]) == deepest[root]])
    distractor = rng.choice(leaves[1 - root])
    if distractor in paths[root]:
        raise AssertionError("the distractor must not be reachable from the root")
    return ProsQAGraph(len(labels), tuple(edges), root, target, distractor, paths[root][target])
