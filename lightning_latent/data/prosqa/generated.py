"""ProsQA-like questions made on the fly."""

import random
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import ClassVar, Literal

from lightning_latent.bounds import NonNegativeFloat, NonNegativeInt, PositiveInt
from lightning_latent.data.benchmarks.prosqa import ProsQA
from lightning_latent.data.example import Example
from lightning_latent.data.prosqa.graph import ProsQAGraph, sample_graph
from lightning_latent.data.prosqa.sentences import NAMES, NOUNS, row_of
from lightning_latent.data.prosqa.signature import signature
from lightning_latent.data.streaming.source import ExampleSource
from lightning_latent.errors import UserError

_HELD_OUT = 8  # one graph in eight, by its hash, belongs to evaluation
_TRIES = 10_000


@dataclass(kw_only=True, eq=False)
class ProsQASource(ExampleSource):
    """Questions about graphs that a subclass draws; each depends on the seed and its number alone.

    Args:
        size: Questions an epoch.
        split: `train` draws new questions every epoch, `evaluation` the same ones always.
        seed: Seed of the questions.
        start: Number of the first question, so that two runs can take questions that neither shares.
        min_hops: Least number of steps of an answer.
        max_hops: Greatest number of steps.
        names: Names of people.
        nouns: Names of kinds.
    """

    kind: ClassVar[str]

    size: PositiveInt
    split: Literal["train", "evaluation"] = "train"
    seed: int = 0
    start: NonNegativeInt = 0
    min_hops: PositiveInt = 3
    max_hops: PositiveInt = 6
    names: Sequence[str] = NAMES
    nouns: Sequence[str] = NOUNS
    num_nodes: int = field(init=False)  # the most that a graph can have
    epoch: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.num_nodes > len(self.nouns):
            raise UserError(f"graphs of {self.num_nodes} nodes need as many nouns; there are {len(self.nouns)}")
        if not 1 <= self.min_hops <= self.max_hops:
            raise UserError(
                f"min_hops {self.min_hops} and max_hops {self.max_hops} leave no path; 1 <= min_hops <= max_hops holds"
            )
        if self.size < 1:
            raise UserError(f"size is {self.size}; it must be at least 1")
        if self.start < 0:
            raise UserError(f"start is {self.start}; it must be at least 0")

    @abstractmethod
    def draw(self, rng: random.Random) -> ProsQAGraph:
        """Draw a graph, of whichever split."""

    def __len__(self) -> int:
        return self.size

    def set_epoch(self, epoch: int) -> None:
        """Go on to the next questions; an evaluation split has only one epoch."""
        self.epoch = 0 if self.split == "evaluation" else epoch

    def iter_examples(self, positions: Iterable[int]) -> Iterator[Example]:
        """See `ExampleSource.iter_examples`."""
        first = self.start + self.epoch * self.size
        return (self.make(first + position) for position in takewhile(lambda position: position < self.size, positions))

    def make(self, number: int) -> Example:
        """Make the question of a number; those of an epoch begin at `start + epoch * size`."""
        rng = random.Random(f"prosqa/{self.seed}/{self.split}/{number}")
        row = row_of(self._graph(rng), rng, names=self.names, nouns=self.nouns)
        example = ProsQA().parse(row, index=number)
        return example._replace(id=f"prosqa/{self.kind}-{self.split}-{self.seed}/{example.id}")

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


@dataclass(kw_only=True, eq=False)
class GeneratedProsQA(ProsQASource):
    """Random graphs in ProsQA's sentences; the defaults match the published files' statistics.

    Training and evaluation never share a graph, up to renaming and reordering: a hash of the graph decides to which of
    the two it belongs. Every answer is checked by a graph search when it is made.

    Args:
        num_nodes: Nodes drawn; isolated ones are dropped, so graphs have fewer (28 gives 23 on average).
        in_degree: Mean number of parents of a node.
    """

    kind = "generated"

    num_nodes: PositiveInt = 28
    in_degree: NonNegativeFloat = 1.5

    def draw(self, rng: random.Random) -> ProsQAGraph:
        """See `ProsQASource.draw`."""
        return sample_graph(
            rng, num_nodes=self.num_nodes, in_degree=self.in_degree, min_hops=self.min_hops, max_hops=self.max_hops
        )
