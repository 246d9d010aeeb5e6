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


class ProsQAGraph(NamedTuple):
    """A graph with a question: which of `target` and `distractor` is reachable from `root`?

    Attributes:
        num_nodes: Nodes are `0..num_nodes - 1`; parents have smaller numbers than their children.
        edges: Pairs `(parent, child)`.
        root: Where the path starts.
        target: A leaf that can be reached from `root`.
        distractor: A leaf that can be reached from the other root only.
        path: The shortest path from `root` to `target`, both included.
    """

    num_nodes: int
    edges: tuple[tuple[int, int], ...]
    root: int
    target: int
    distractor: int
    path: tuple[int, ...]

    @property
    def hops(self) -> int:
        """Edges on the shortest path from root to target."""
        return len(self.path) - 1


def shortest_path(*, edges: Sequence[tuple[int, int]], source: int, goal: int) -> tuple[int, ...] | None:
    """Breadth-first search: the nodes of a shortest path from `source` to `goal`, or None if there is none."""
    children: dict[int, list[int]] = {}
    for parent, child in edges:
        children.setdefault(parent, []).append(child)
    came_from = {source: source}
    queue = [source]
    for node in queue:
        if node == goal:
            break
        for child in children.get(node, ()):
            if child not in came_from:
                came_from[child] = node
                queue.append(child)
    if goal not in came_from:
        return None
    path = [goal]
    while path[-1] != source:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))


def sample_graph(
    rng: random.Random,
    *,
    num_nodes: int = 28,
    in_degree: float = 1.5,
    exclusive: float = 0.4,
    min_hops: int = 3,
    max_hops: int = 6,
) -> ProsQAGraph:
    """Draw a graph with a question whose answer a breadth-first search has checked.

    Args:
        rng: Source of randomness.
        num_nodes: Nodes drawn; those that end without any edge are dropped, so a graph has fewer.
        in_degree: Mean of the Poisson number of parents of a node.
        exclusive: Share of nodes whose parents are descendants of the first root alone, and of the second alone.
        min_hops: Least length of the shortest path from root to target.
        max_hops: Greatest length of that path.

    Raises:
        UserError: Thousands of graphs were drawn, and none has a question with so many hops.
    """
    for _ in range(_TRIES):
        labels, edges = _sample_edges(rng, num_nodes=num_nodes, in_degree=in_degree, exclusive=exclusive)
        question = _ask(rng, labels=labels, edges=edges)
        if question is None:
            continue
        root, target, distractor = question
        path = shortest_path(edges=edges, source=root, goal=target)
        if path is None or not min_hops <= len(path) - 1 <= max_hops:
            continue
        if shortest_path(edges=edges, source=root, goal=distractor) is not None:
            raise AssertionError("the distractor must not be reachable from the root")
        return _drop_isolated(edges=edges, root=root, target=target, distractor=distractor, path=path)
    raise UserError(
        f"no graph of num_nodes {num_nodes} and in_degree {in_degree} has an answer {min_hops} to {max_hops} hops "
        "away; raise num_nodes or lower min_hops"
    )


def _sample_edges(
    rng: random.Random, *, num_nodes: int, in_degree: float, exclusive: float
) -> tuple[list[int], list[tuple[int, int]]]:
    """Labels (bit 1: below the first root, bit 2: below the second) and edges of a random graph."""
    labels, depth = [1, 2], [0, 0]
    below: dict[int, list[int]] = {0: [], 1: [0], 2: [1], 3: []}
    edges: list[tuple[int, int]] = []
    for node in range(2, num_nodes):
        draw = rng.random()
        if draw < exclusive:
            candidates = list(below[1])
        elif draw < 2 * exclusive:
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
    return labels, edges


def poisson(rng: random.Random, mean: float) -> int:
    """Knuth's method; `random` has no Poisson and the means are small."""
    threshold, count, product = math.exp(-mean), 0, rng.random()
    while product > threshold:
        count += 1
        product *= rng.random()
    return count


def _ask(rng: random.Random, *, labels: Sequence[int], edges: Sequence[tuple[int, int]]) -> tuple[int, int, int] | None:
    """Choose root, target and distractor: the deeper root, one of its deepest own leaves, any own leaf of the other."""
    parents = {parent for parent, _ in edges}
    leaves = [[n for n in range(2, len(labels)) if labels[n] == side and n not in parents] for side in (1, 2)]
    if not leaves[0] or not leaves[1]:
        return None
    depths = [_depths(edges, root) for root in (0, 1)]
    deepest = [max(depths[root][n] for n in leaves[root]) for root in (0, 1)]
    root = 0 if deepest[0] > deepest[1] else 1
    target = rng.choice([n for n in leaves[root] if depths[root][n] == deepest[root]])
    return root, target, rng.choice(leaves[1 - root])


def _depths(edges: Sequence[tuple[int, int]], source: int) -> dict[int, int]:
    """Shortest distance from `source`; one sweep is enough, as edges are sorted by child and parents come first."""
    depth = {source: 0}
    for parent, child in edges:
        if parent in depth:
            depth[child] = min(depth.get(child, depth[parent] + 1), depth[parent] + 1)
    return depth


def _drop_isolated(
    *, edges: Sequence[tuple[int, int]], root: int, target: int, distractor: int, path: Sequence[int]
) -> ProsQAGraph:
    """Renumber the nodes that have an edge, the two roots staying first."""
    used = sorted({0, 1}.union(*edges))
    new = {old: index for index, old in enumerate(used)}
    return ProsQAGraph(
        num_nodes=len(used),
        edges=tuple((new[u], new[v]) for u, v in edges),
        root=new[root],
        target=new[target],
        distractor=new[distractor],
        path=tuple(new[n] for n in path),
    )
