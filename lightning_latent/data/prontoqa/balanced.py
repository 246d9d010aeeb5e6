"""Questions of ProntoQA's kind on which only following the premises tells true from false."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from lightning_latent.bounds import NonNegativeInt, PositiveInt
from lightning_latent.data.benchmarks.prontoqa import ProntoQA
from lightning_latent.data.example import Example
from lightning_latent.data.prontoqa.sentences import CLASSES, PEOPLE, PROPERTIES, row_of
from lightning_latent.data.prosqa.balanced import BalancedProsQA


@dataclass(kw_only=True, eq=False)
class BalancedProntoQA(BalancedProsQA):
    """`BalancedProsQA`'s graphs in ProntoQA's sentences: two people, two paths of one length, a property at their ends.

    The class at the end of one path has a property, that at the end of the other has not. Is it true of the one who is
    asked about? Nothing short of the path says so, and guessing is right half of the time. An answer takes one step
    more than the path has edges.

    Args:
        names: Names of people.
        nouns: Names of classes.
        properties: What is said of classes.
    """

    kind = "balanced"

    dead_ends: NonNegativeInt = 2
    min_hops: PositiveInt = 2
    max_hops: PositiveInt = 3
    names: Sequence[str] = PEOPLE
    nouns: Sequence[str] = CLASSES
    properties: Sequence[str] = PROPERTIES

    def make(self, number: int) -> Example:
        """See `ProsQASource.make`."""
        rng = random.Random(f"prontoqa/{self.seed}/{self.split}/{number}")
        graph = self._graph(rng)
        row = row_of(graph, rng, people=self.names, classes=self.nouns, properties=self.properties)
        example = ProntoQA().parse(row, index=number)
        return example._replace(id=f"prontoqa/{self.kind}-{self.split}-{self.seed}/{example.id}")
