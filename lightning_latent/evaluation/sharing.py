"""What several runs over the same questions have in common, computed once: models are loaded, and questions read.

Results are those of separate runs, and so are their times: who uses what was read before, owes the time that it took.
"""

from collections.abc import Sequence
from typing import Any

import torch
from typing_extensions import override

from lightning_latent.evaluation.answering import clock, count_again
from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.loading import load_reasoner
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.reasoner.text import as_batch
from lightning_latent.upstream import cache_bytes

MOST_BYTES = 2**30
"""Of the keys and values that a model keeps; questions beyond that are read again by every run."""


class RememberingReasoner(LatentReasoner):
    """A reasoner that remembers questions which it has read.

    That is safe, since reading on from a context never changes it.

    Args:
        reasoner: Whose model it is.
        most_bytes: Most bytes of keys and values that it keeps.
    """

    def __init__(self, reasoner: LatentReasoner, *, most_bytes: int = MOST_BYTES) -> None:
        super().__init__(reasoner.model, reasoner.tokenizer, reasoner.metadata, reasoner.projection)
        self._left = most_bytes
        self._read: dict[tuple[Any, ...], tuple[Context, float]] = {}

    @override
    def encode(self, questions: str | Sequence[str], *, room: int = 0) -> Context:
        if torch.is_grad_enabled():  # how it was read might be asked for
            return super().encode(questions, room=room)
        key = (*as_batch(questions), room, self.device, self.dtype)
        if key in self._read:
            context, seconds = self._read[key]
            count_again(seconds)
            return context
        started = clock(self.device)
        context = super().encode(questions, room=room)
        seconds = clock(self.device) - started
        if (size := cache_bytes(context.cache)) <= self._left:
            self._left -= size
            self._read[key] = context, seconds
        return context


class SharedReasoners:
    """Loads each reasoner once, for any number of runs one after the other; `LatentRefinement.load` may be its `load`.

    Args:
        most_bytes: Most bytes of keys and values that each keeps of the questions it has read.
    """

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._loaded: dict[tuple[Any, ...], RememberingReasoner] = {}

    def load(self, path: str, *, precision: str, **options: Any) -> LatentReasoner:
        """See `load_reasoner`; runs of another precision have models of their own, since Lightning converts them."""
        key = (path, precision, *sorted(options.items()))
        if key not in self._loaded:
            self._loaded[key] = RememberingReasoner(load_reasoner(path, **options), most_bytes=self._most_bytes)
        return self._loaded[key]
