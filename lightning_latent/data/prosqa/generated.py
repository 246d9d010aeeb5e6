"""ProsQA-like questions made on the fly."""

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Literal

from lightning_latent.data.example import Example
from lightning_latent.data.prosqa.graph import ProsQAGraph, sample_graph
from lightning_latent.data.prosqa.sentences import NAMES, NOUNS, row_of
from lightning_latent.data.prosqa.signature import signature
from lightning_latent.data.streaming.source import ExampleSource
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
        start: Number of the first question, so that two runs can take questions that neither shares.
        num_nodes: Nodes drawn; isolated ones are dropped, so graphs have fewer (28 gives 23 on average).
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
        start: int = 0,
        num_nodes: int = 28,
        in_degree: float = 1.5,
        min_hops: int = 3,
        max_hops: int = 6,
        names: Sequence[str] = NAMES,
        nouns: Sequence[str] = NOUNS,
    ) -> None:
        if num_nodes > len(nouns):
            raise UserError(f"graphs of {num_nodes} nodes need as many nouns; there are {len(nouns)}")
        if not 1 <= min_hops <= max_hops:
            raise UserError(
                f"min_hops {min_hops} and max_hops {max_hops} leave no path; 1 <= min_hops <= max_hops holds"
            )
        if size < 1:
            raise UserError(f"size is {size}; it must be at least 1")
        if start < 0:
            raise UserError(f"start is {start}; it must be at least 0")
        self.size = size
        self.split = split
        self.seed = seed
        self.start = start
        self.num_nodes = num_nodes
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

    def iter_examples(self, positions: Iterable[int]) -> Iterator[Example]:
        """See `ExampleSource.iter_examples`. Each question depends on the seed and its number alone."""
        first = self.start + self.epoch * self.size
        return (self.make(first + position) for position in takewhile(lambda position: position < self.size, positions))

    def make(self, number: int) -> Example:
        """Make the question of a number; those of an epoch begin at `start + epoch * size`."""
        rng = random.Random(f"prosqa/{self.seed}/{self.split}/{number}")
        row = row_of(self._graph(rng), rng, names=self.names, nouns=self.nouns)
        return Example(
            id=f"prosqa/{self.kind}-{self.split}-{self.seed}/{number}",
            question=str(row["question"]),
            steps=tuple(row["steps"]),
            answer=str(row["answer"]),
        )

    def draw(self, rng: random.Random) -> ProsQAGraph:
        """Draw a graph, of whichever split."""
        return sample_graph(
            rng, num_nodes=self.num_nodes, in_degree=self.in_degree, min_hops=self.min_hops, max_hops=self.max_hops
        )

    def _graph(self, rng: random.Random) -> ProsQAGraph:
        for _ in range(_TRIES):
            graph = self.draw(rng)
            people = graph.num_nodes - len({child for _, child in graph.edges})
            if people <= len(self.names) and (signature(graph) % _HELD_OUT == 0) == (self.split == "evaluation"):
                return graph
        raise UserError(
            f"no graph of num_nodes {self.num_nodes} belongs to the {self.split} split and has at most "
            f"{len(self.names)} people; raise num_nodes, or give more names"
        )
