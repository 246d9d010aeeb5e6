"""Loaders that Lightning iterates, measures and resumes.

They are iterables of their own rather than `DataLoader` subclasses: a `DataLoader` over an `IterableDataset` estimates
its length, is rebuilt by Lightning for prediction, and has no state. These know their exact number of batches, which
Lightning needs in order not to lose one on resuming, and their state is the number of batches handed over, which holds
for every rank and any number of workers.
"""

from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader

from lightning_latent.data.row_source import MemorySource
from lightning_latent.data.source import ExampleSource
from lightning_latent.data.stream import Batch, BatchStream, Share
from lightning_latent.errors import UserError


class EvalLoader:
    """One rank's batches in the source's order. Nothing is padded: ranks may have different numbers of batches.

    Args:
        source: The examples.
        share: The rank's share.
        num_workers: Worker processes; 0 reads in the main process.
    """

    def __init__(self, source: ExampleSource, share: Share, *, num_workers: int = 0) -> None:
        self.source = source
        self.share = share
        self.num_workers = num_workers

    def __len__(self) -> int:
        """The exact number of batches; a `TypeError` where the source does not know its length."""
        return self.share.batches(len(self.source))

    def __iter__(self) -> Iterator[Batch]:
        """Make the batches."""
        return _load(BatchStream(self.source, self.share), num_workers=self.num_workers)


class TrainLoader:
    """One rank's batches in an order of its own for each epoch; every rank has the same number of them.

    Args:
        source: The examples.
        share: The rank's share; it must be even.
        num_workers: Worker processes; 0 reads in the main process.
        shuffle_buffer: Size of the buffer to shuffle through; 0 keeps the source's order. Examples in memory are
            shuffled as a whole.
        seed: Seed of the order.
        epoch: The first epoch.
    """

    def __init__(
        self,
        source: ExampleSource,
        share: Share,
        *,
        num_workers: int = 0,
        shuffle_buffer: int = 0,
        seed: int = 0,
        epoch: int = 0,
    ) -> None:
        if not share.even:
            raise ValueError("training needs an even share")
        whole = isinstance(source, MemorySource) and shuffle_buffer > 0
        self.source = source
        self.share = share
        self.num_workers = num_workers
        self.shuffle_buffer = len(source) if whole else shuffle_buffer
        self.seed = seed
        self.epoch = epoch
        self._consumed = {"epoch": epoch, "batches": 0}
        self._resuming = False

    def __len__(self) -> int:
        """The exact number of batches of an epoch; a `TypeError` where the source does not know its length."""
        return self.share.batches(len(self.source))

    def __iter__(self) -> Iterator[Batch]:
        """Make the batches of the epoch, after a resumption those that are left.

        Nothing happens before the first batch is asked for, since Lightning makes iterators before it sets the epoch.
        """
        first = self._consumed["batches"] if self._resuming and self._consumed["epoch"] == self.epoch else 0
        self._resuming = False
        self.source.set_epoch(self.epoch)
        stream = BatchStream(
            self.source,
            self.share._replace(first=first),
            shuffle_buffer=self.shuffle_buffer,
            seed=self.seed,
            epoch=self.epoch,
        )
        epoch = self.epoch
        for consumed, batch in enumerate(_load(stream, num_workers=self.num_workers), start=first + 1):
            self._consumed = {"epoch": epoch, "batches": consumed}
            yield batch

    @property
    def sampler(self) -> "TrainLoader":
        """Where Lightning looks for `set_epoch`."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next iteration."""
        self.epoch = epoch

    def state_dict(self) -> dict[str, Any]:
        """How far the epoch is, and what the order of its rest depends on."""
        return {**self._consumed, "order": self._order()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue after the batches that were consumed; a `UserError` if the rest would not be the missing part."""
        old, new = state["order"], self._order()
        ended = new["examples"] is not None and state["batches"] >= len(self)
        changed = ", ".join(f"{key} was {old.get(key)}, is {new[key]}" for key in new if old.get(key) != new[key])
        if changed and state["batches"] and not ended:
            raise UserError(f"the checkpoint stands within an epoch of another order ({changed}); set it as it was")
        self._consumed = {"epoch": state["epoch"], "batches": state["batches"]}
        self._resuming = True

    def _order(self) -> dict[str, int | None]:
        try:
            examples = len(self.source)
        except TypeError:
            examples = None
        return {
            "batch_size": self.share.batch_size * self.share.world,
            "examples": examples,
            "shuffle_buffer": self.shuffle_buffer,
            "seed": self.seed,
        }


def _load(stream: BatchStream, *, num_workers: int) -> Iterator[Batch]:
    for batch in DataLoader(stream, batch_size=None, num_workers=num_workers, collate_fn=_as_it_is):
        if isinstance(batch, UserError):
            raise batch
        yield batch


def _as_it_is(batch: Batch) -> Batch:
    """Stand in for the default conversion, which would turn tuples into lists."""
    return batch
