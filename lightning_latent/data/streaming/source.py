"""Where the examples of a split come from, and the order they come in."""

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice, takewhile
from typing import TypeVar

from lightning_latent.data.example import Example

T = TypeVar("T")


class ExampleSource(ABC):
    """The examples of an epoch, in an order that is the same in every process; iterating over it gives all of them.

    A source is handed to every worker process, so it should hold a description of the data rather than the data.
    """

    def __len__(self) -> int:
        """The number of examples of an epoch; a `TypeError` where it is unknown."""
        raise TypeError(f"{type(self).__name__} does not know its length")

    def __iter__(self) -> Iterator[Example]:
        return iter(self.iter_examples(count()))

    def set_epoch(self, epoch: int) -> None:  # noqa: B027 - optional to override
        """Called before each training epoch, for sources whose examples or order depend on it."""

    @abstractmethod
    def iter_examples(self, positions: Iterable[int]) -> Iterator[Example]:
        """Make the examples at some positions of the epoch's order, and no others where that costs time.

        The positions count from 0 and increase; there may be no end of them, and then it is the source's own.
        """


@dataclass(eq=False)
class FirstExamples(ExampleSource):
    """The first `limit` examples of another source."""

    source: ExampleSource
    limit: int

    def __len__(self) -> int:
        return min(len(self.source), self.limit)

    def set_epoch(self, epoch: int) -> None:
        """Pass the epoch on."""
        self.source.set_epoch(epoch)

    def iter_examples(self, positions: Iterable[int]) -> Iterator[Example]:
        """See `ExampleSource.iter_examples`."""
        return self.source.iter_examples(takewhile(lambda position: position < self.limit, positions))


def shuffled(items: Iterator[T], *, buffer_size: int, seed: int, epoch: int) -> Iterator[T]:
    """Shuffle a stream through a buffer, each item exactly once, by seed and epoch alone.

    A buffer that holds the whole stream shuffles it uniformly; no buffer leaves it as it is.
    """
    rng = random.Random(f"{seed}/{epoch}")
    buffer = list(islice(items, buffer_size))
    for item in items:
        if not buffer:
            yield item
            continue
        place = rng.randrange(len(buffer))
        yield buffer[place]
        buffer[place] = item
    rng.shuffle(buffer)
    yield from buffer


def at_positions(items: Iterable[T], positions: Iterable[int]) -> Iterator[T]:
    """The items at the positions, which increase.

    >>> list(at_positions("abcd", (1, 3, 5)))
    ['b', 'd']
    """
    rest, passed = iter(items), 0
    for position in positions:
        found = list(islice(rest, position - passed, position - passed + 1))
        if not found:
            return
        yield found[0]
        passed = position + 1
