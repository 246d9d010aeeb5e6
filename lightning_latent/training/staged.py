"""Training questions that change with the epochs: easy ones first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from lightning_latent.bounds import PositiveInt
from lightning_latent.data.example import Example
from lightning_latent.data.streaming.source import ExampleSource
from lightning_latent.errors import UserError


@dataclass(kw_only=True, eq=False)
class StagedSource(ExampleSource):
    """The questions of one source after the other, each for some epochs; the last for all that remain.

    With `CoconutTraining.epochs_per_stage` the same, questions of one step are asked while one step is thought, then
    questions of two, and so on: what a stage adds is one thought, never a longer path in words.

    Args:
        sources: The sources, all of one length.
        epochs: Epochs of each of them but the last.
    """

    sources: Sequence[ExampleSource]
    epochs: Sequence[PositiveInt]
    current: ExampleSource = field(init=False)

    def __post_init__(self) -> None:
        if len(self.epochs) != len(self.sources) - 1:
            raise UserError(
                f"StagedSource has {len(self.sources)} sources and {len(self.epochs)} numbers of epochs; give one for "
                "each source but the last"
            )
        if len({len(source) for source in self.sources}) > 1:
            raise UserError("the sources of StagedSource are of different lengths; give all of them the same size")
        self.current = self.sources[0]

    def __len__(self) -> int:
        return len(self.current)

    def set_epoch(self, epoch: int) -> None:
        """Go on to the source of an epoch, and in it to the epoch."""
        self.current = self.sources[sum(epoch >= end for end in accumulate(self.epochs))]
        self.current.set_epoch(epoch)

    def iter_examples(self, positions: Iterable[int]) -> Iterator[Example]:
        """See `ExampleSource.iter_examples`."""
        return self.current.iter_examples(positions)
