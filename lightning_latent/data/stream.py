"""Batches of examples: shuffled, shared out over ranks and workers, without losing or repeating one.

Everything follows from an example's *position* in the epoch's order, which is the same in every process. With a batch
size of B on W ranks, batch j of rank r holds the positions `(j * B + i) * W + r` for i below B. So

- the ranks' shares are disjoint and complete, whatever W is;
- a rank's batches do not depend on its number of workers, which take turns at them;
- after j batches the ranks have together consumed the first `j * B * W` positions, so j is all that resuming needs.
"""

import random
from collections.abc import Iterator
from itertools import count, islice
from typing import Any, NamedTuple, TypeVar

from torch.utils.data import IterableDataset, get_worker_info

from lightning_latent.data.example import Example
from lightning_latent.data.source import ExampleSource, KeyedSource
from lightning_latent.errors import UserError

T = TypeVar("T")
Batch = list[Example]


class Share(NamedTuple):
    """The batches of an epoch that one process makes.

    Attributes:
        batch_size: Examples a batch.
        rank: Which rank of the world.
        world: How many ranks.
        even: Whether every rank makes as many batches as rank 0, the last of them perhaps short or empty. Training
            needs it: a rank that stops early leaves the others waiting.
        first: The rank's first batch to make; those before it have been consumed.
        worker: Which worker of the rank.
        workers: How many workers take turns.
    """

    batch_size: int
    rank: int = 0
    world: int = 1
    even: bool = False
    first: int = 0
    worker: int = 0
    workers: int = 1

    def examples(self, total: int) -> int:
        """How many of `total` examples fall to the rank."""
        return len(range(self.rank, total, self.world))

    def batches(self, total: int) -> int:
        """How many batches the rank makes of `total` examples, the consumed ones included.

        A rank without any example makes an empty one: Lightning leaves out the evaluation of a rank that has no batch,
        and the others would wait for it.
        """
        examples = -(-total // self.world) if self.even else self.examples(total)
        return max(-(-examples // self.batch_size), min(total, 1))

    def mine(self, batch: int) -> bool:
        """Whether a batch of the rank is this process's to make."""
        return batch >= self.first and (batch - self.first) % self.workers == self.worker


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


def batches_of_keys(source: KeyedSource, keys: Iterator[Any], share: Share) -> Iterator[Batch]:
    """Walk through all keys, making only this process's batches."""
    total, batch = 0, []
    for position, key in enumerate(keys):
        total = position + 1
        place, rank = divmod(position, share.world)
        number, slot = divmod(place, share.batch_size)
        if rank == share.rank and share.mine(number):
            batch.append(source.load(key))
            if slot == share.batch_size - 1:
                yield batch
                batch = []
    # What is left is at most one short batch, or an empty one.
    for number in range(share.examples(total) // share.batch_size, share.batches(total)):
        if share.mine(number):
            yield batch
            batch = []


def batches_of_shards(source: ExampleSource, share: Share) -> Iterator[Batch]:
    """Ask the source for this process's batches: in one go where it has the rank to itself, else one by one."""
    try:
        last = share.batches(len(source))
    except TypeError:
        last = None
    size = share.batch_size
    whole = source.iter_examples(share.rank, share.world, share.first * size) if share.workers == 1 else None
    for number in count(share.first + share.worker, share.workers):
        if last is not None and number >= last:
            return
        batch = list(islice(whole or source.iter_examples(share.rank, share.world, number * size), size))
        if last is None and not batch and number > 0:
            return
        yield batch


class BatchStream(IterableDataset):
    """One process's batches of one epoch, for a `DataLoader` that does no batching of its own.

    Bad data ends the stream with the `UserError` as its last item: raised in a worker, it would reach the main process
    wrapped in a traceback instead of as one line.

    Args:
        source: The examples.
        share: Which batches to make; a worker takes its part of them.
        shuffle_buffer: Size of the buffer to shuffle through. Sources that are not keyed see to their order themselves.
        seed: Seed of the order.
        epoch: The epoch, which is part of the seed.
    """

    def __init__(
        self, source: ExampleSource, share: Share, *, shuffle_buffer: int = 0, seed: int = 0, epoch: int = 0
    ) -> None:
        self.source = source
        self.share = share
        self.shuffle_buffer = shuffle_buffer
        self.seed = seed
        self.epoch = epoch

    def __iter__(self) -> Iterator[Batch | UserError]:
        """Make the batches."""
        worker = get_worker_info()
        share = self.share._replace(worker=worker.id, workers=worker.num_workers) if worker else self.share
        try:
            if isinstance(self.source, KeyedSource):
                keys = self.source.iter_keys()
                order = shuffled(keys, buffer_size=self.shuffle_buffer, seed=self.seed, epoch=self.epoch)
                yield from batches_of_keys(self.source, order, share)
            else:
                yield from batches_of_shards(self.source, share)
        except UserError as error:
            yield error
