"""Loaders that Lightning iterates, measures and resumes.

They are iterables of their own rather than `DataLoader` subclasses: a `DataLoader` over an `IterableDataset` estimates
its length, is rebuilt by Lightning for prediction, and has no state. These know their exact number of batches, which
Lightning needs in order not to lose one on resuming, and their state is the number of batches handed over, which holds
for every rank and any number of workers.
"""

from collections.abc import Callable, Iterator
from typing import Any

from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from lightning_latent.data.streaming.share import Batch, Share, read_batches
from lightning_latent.data.streaming.source import ExampleSource
from lightning_latent.errors import UserError

Order = dict[str, int | None]  # all that the order of an epoch depends on


class EvalLoader:
    """One rank's batches in the source's order. Nothing is padded: ranks may have different numbers of batches."""

    def __init__(self, source: ExampleSource, share: Share, *, num_workers: int) -> None:
        self.source = source
        self.share = share
        self.num_workers = num_workers

    def __len__(self) -> int:
        """The exact number of batches; a `TypeError` where the source does not know its length."""
        return self.share.batches(len(self.source))

    def __iter__(self) -> Iterator[Batch]:
        return self._load(self.share)

    def _load(self, share: Share) -> Iterator[Batch]:
        stream = _BatchStream(self.source, share)
        for batch in DataLoader(stream, batch_size=None, num_workers=self.num_workers, collate_fn=_as_it_is):
            if isinstance(batch, UserError):
                raise batch
            yield batch


class TrainLoader(EvalLoader):
    """One rank's batches of one epoch after the other; every rank has the same number of them.

    `epoch` tells the epoch of an iteration that begins. Within an epoch, only a run of the same order can resume.
    """

    def __init__(
        self, source: ExampleSource, share: Share, *, num_workers: int, epoch: Callable[[], int], order: Order
    ) -> None:
        super().__init__(source, share._replace(even=True), num_workers=num_workers)
        self.epoch = epoch
        self.order = order
        self._consumed = {"epoch": epoch(), "batches": 0}
        self._resuming = False

    def __iter__(self) -> Iterator[Batch]:
        """Make the batches of the epoch, after a resumption those that are left.

        Nothing happens before the first batch is asked for, since Lightning makes iterators before an epoch begins.
        """
        epoch = self.epoch()
        first = self._consumed["batches"] if self._resuming and self._consumed["epoch"] == epoch else 0
        self._resuming = False
        self.source.set_epoch(epoch)
        for consumed, batch in enumerate(self._load(self.share._replace(first=first)), start=first + 1):
            self._consumed = {"epoch": epoch, "batches": consumed}
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """How far the epoch is, and what the order of its rest depends on."""
        return {**self._consumed, "order": self.order}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue after the batches that were consumed; a `UserError` if the rest would not be the missing part."""
        old, new = state["order"], self.order
        ended = new["examples"] is not None and state["batches"] >= len(self)
        changed = ", ".join(f"{key} was {old.get(key)}, is {new[key]}" for key in new if old.get(key) != new[key])
        if changed and state["batches"] and not ended:
            raise UserError(f"the checkpoint stands within an epoch of another order ({changed}); set it as it was")
        self._consumed = {"epoch": state["epoch"], "batches": state["batches"]}
        self._resuming = True


class _BatchStream(IterableDataset):
    """A share's batches, for a `DataLoader` that does no batching of its own; a worker takes its part of them.

    Bad data ends the stream with the `UserError` as its last item: raised in a worker, it would reach the main process
    wrapped in a traceback instead of as one line.
    """

    def __init__(self, source: ExampleSource, share: Share) -> None:
        self.source = source
        self.share = share

    def __iter__(self) -> Iterator[Batch | UserError]:
        worker = get_worker_info()
        share = self.share._replace(worker=worker.id, workers=worker.num_workers) if worker else self.share
        try:
            yield from read_batches(self.source, share)
        except UserError as error:
            yield error


def _as_it_is(batch: Batch) -> Batch:
    """Stand in for the default conversion, which would turn tuples into lists."""
    return batch
