"""ProsQA-like questions made on the fly."""

import random
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from lightning_latent.data.example import Example
from lightning_latent.data.prosqa_graph import NAMES, NOUNS, ProsQAGraph, sample_graph, signature, tell
from lightning_latent.data.source import ExampleSource
from lightning_latent.errors import UserError

_HELD_OUT = 8  # one graph in eight, by its hash, belongs to evaluation
_TRIES = 10_000


class GeneratedProsQA(ExampleSource):
    """Random graphs in ProsQA's sentences; the defaults match the published files' statistics.

    Training and evaluation never share a graph, up to renaming and reordering: a hash of the graph decides to which of
    the two it belongs. Every answer is checked by a graph search when it is made.

    Args:
        size: Questions an epoch.
        split: `train` draws new questions every epoch, `evaluation` the same ones always.
        seed: Seed of the questions.
        num_nodes: Nodes drawn; isolated ones are dropped, so graphs have fewer (28 gives 23 on average).
        growth: Nodes drawn by epoch, linear in between, for graphs that grow while training: `{0: 8, 40: 28}`. Instead
            of `num_nodes`.
        in_degree: Mean number of parents of a node.
        min_hops: Least number of steps of an answer.
        max_hops: Greatest number of steps.
        names: Names of people.
        nouns: Names of kinds.
    """

    kind = "generated"

    def __init__(
        self,
        *,
        size: int,
        split: Literal["train", "evaluation"] = "train",
        seed: int = 0,
        num_nodes: int = 28,
        growth: dict[int, int] | None = None,
        in_degree: float = 1.5,
        min_hops: int = 3,
        max_hops: int = 6,
        names: Sequence[str] = NAMES,
        nouns: Sequence[str] = NOUNS,
    ) -> None:
        largest = max(growth.values()) if growth else num_nodes
        if largest > len(nouns):
            raise UserError(f"graphs of {largest} nodes need as many nouns; there are {len(nouns)}")
        if not 1 <= min_hops <= max_hops:
            raise UserError(
                f"min_hops {min_hops} and max_hops {max_hops} leave no path; 1 <= min_hops <= max_hops holds"
            )
        if size < 1:
            raise UserError(f"size is {size}; it must be at least 1")
        self.size = size
        self.split = split
        self.seed = seed
        self.num_nodes = num_nodes
        self.growth = growth
        self.in_degree = in_degree
        self.min_hops = min_hops
        self.max_hops = max_hops
        self.names = tuple(names)
        self.nouns = tuple(nouns)
        self.epoch = 0

    def __len__(self) -> int:
        """Questions an epoch."""
        return self.size

    def set_epoch(self, epoch: int) -> None:
        """Go on to the next questions; an evaluation split has only one epoch."""
        self.epoch = 0 if self.split == "evaluation" else epoch

    def iter_examples(self, shard: int, num_shards: int, skip: int = 0) -> Iterator[Example]:
        """Make the questions of one shard. Each depends on the seed and its number alone."""
        first = self.epoch * self.size
        for number in range(first + shard + skip * num_shards, first + self.size, num_shards):
            yield self.make(number)

    def make(self, number: int) -> Example:
        """Make the question of a given number."""
        rng = random.Random(f"prosqa/{self.seed}/{self.split}/{number}")
        row = tell(self._graph(rng, self.nodes_at(number // self.size)), rng, names=self.names, nouns=self.nouns)
        return Example(
            id=f"prosqa/{self.kind}-{self.split}-{self.seed}/{number}",
            question=str(row["question"]),
            steps=tuple(row["steps"]),
            answer=str(row["answer"]),
        )

    def nodes_at(self, epoch: int) -> int:
        """Nodes drawn in an epoch."""
        if not self.growth:
            return self.num_nodes
        return round(float(np.interp(epoch, sorted(self.growth), [self.growth[key] for key in sorted(self.growth)])))

    def sample(self, rng: random.Random, num_nodes: int) -> ProsQAGraph:
        """Draw a graph, of whichever split."""
        return sample_graph(
            rng, num_nodes=num_nodes, in_degree=self.in_degree, min_hops=self.min_hops, max_hops=self.max_hops
        )

    def _graph(self, rng: random.Random, num_nodes: int) -> ProsQAGraph:
        for _ in range(_TRIES):
            graph = self.sample(rng, num_nodes)
            people = graph.num_nodes - len({child for _, child in graph.edges})
            if people <= len(self.names) and (signature(graph) % _HELD_OUT == 0) == (self.split == "evaluation"):
                return graph
        raise UserError(
            f"no graph of num_nodes {num_nodes} belongs to the {self.split} split and has at most {len(self.names)} "
            "people; raise num_nodes, or give more names"
        )
