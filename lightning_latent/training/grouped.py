"""Training questions in batches of like length, so that less of what is computed is padding."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lightning_latent.bounds import PositiveInt
from lightning_latent.data.example import Example
from lightning_latent.data.streaming.source import ExampleSource


@dataclass(kw_only=True, eq=False)
class LengthGrouped(ExampleSource):
    """The questions of another source, those of some batches at a time sorted and cut into batches anew.

    They are sorted by their number of steps, and by length where that is the same.

    The batches come in an order drawn from the epoch. For sources that make any question by its number, such as
    generated ones: others are read again for each group.

    Args:
        source: The questions.
        batch_size: That of the data module, `data.batch_size`.
        batches: How many batches are sorted together.
    """

    source: ExampleSource
    batch_size: PositiveInt
    batches: PositiveInt = 16
    epoch: int = field(default=0, init=False)

    def __len__(self) -> int:
        return len(self.source)

    def set_epoch(self, epoch: int) -> None:
        """Pass the epoch on."""
        self.epoch = epoch
        self.source.set_epoch(epoch)

    def iter_examples(self, positions: Iterable[int]) -> Iterator[Example]:
        """See `ExampleSource.iter_examples`."""
        size = self.batch_size * self.batches
        current, group = -1, list[Example]()
        for position in positions:
            number, place = divmod(position, size)
            if number != current:
                current, group = number, self._group(range(number * size, (number + 1) * size))
            if place >= len(group):
                return
            yield group[place]

    def _group(self, positions: range) -> list[Example]:
        examples = sorted(self.source.iter_examples(positions), key=lambda e: (len(e.steps), len(e.question)))
        whole = len(examples) - len(examples) % self.batch_size
        batches = [examples[start : start + self.batch_size] for start in range(0, whole, self.batch_size)]
        random.Random(f"{self.epoch}/{positions.start}").shuffle(batches)
        return [example for batch in (*batches, examples[whole:]) for example in batch]
