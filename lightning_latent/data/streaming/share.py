"""Who makes which batch: shares of an epoch for ranks and workers, without losing or repeating an example.

Everything follows from an example's *position* in the epoch's order, which is the same in every process. With a batch
size of B on W ranks, batch j of rank r holds the positions `(j * B + i) * W + r` for i below B. So

- the ranks' shares are disjoint and complete, whatever W is;
- a rank's batches do not depend on its number of workers, which take turns at them;
- after j batches the ranks have together consumed the first `j * B * W` positions, so j is all that resuming needs.
"""

from collections.abc import Iterator
from itertools import count, islice
from typing import NamedTuple

from lightning_latent.data.example import Example
from lightning_latent.data.streaming.source import ExampleSource

Batch = list[Example]


class Share(NamedTuple):
    """The batches of an epoch that one process makes."""

    batch_size: int
    rank: int = 0
    world: int = 1
    # Whether every rank makes as many batches as rank 0, the last of them perhaps short or empty. Training needs it: a
    # rank that stops early leaves the others waiting.
    even: bool = False
    first: int = 0  # the rank's first batch to make; those before it have been consumed
    worker: int = 0
    workers: int = 1  # of the rank, which take turns

    def batches(self, total: int) -> int:
        """How many batches the rank makes of `total` examples, the consumed ones included.

        A rank without any example makes an empty one: Lightning leaves out the evaluation of a rank that has no batch,
        and the others would wait for it.
        """
        examples = len(range(0 if self.even else self.rank, total, self.world))
        return max(-(-examples // self.batch_size), min(total, 1))

    def numbers(self) -> Iterator[int]:
        """The numbers of the process's batches; there is no end of them."""
        return count(self.first + self.worker, self.workers)


def read_batches(source: ExampleSource, share: Share) -> Iterator[Batch]:
    """Make the batches of a share; the source may be without a length.

    Where the ranks' batches are even, the first example of a batch, which is rank 0's, tells every rank that there is
    the batch. So the other ranks make that one too, and leave it away.
    """
    witness = 1 if share.even and share.rank > 0 else 0
    size = share.batch_size * share.world
    own = range(share.rank, size, share.world)
    positions = (number * size + place for number in share.numbers() for place in [*[0] * witness, *own])
    examples = source.iter_examples(positions)
    for number in share.numbers():
        batch = list(islice(examples, witness + share.batch_size))
        if not batch and (share.even or number > 0):
            return
        yield batch[witness:]
