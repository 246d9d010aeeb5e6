"""What a model has read so far: an immutable value around the key-value cache."""

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import Cache, DynamicCache, PreTrainedConfig

from lightning_latent.errors import UserError
from lightning_latent.upstream import detach_cache, fork_cache


@dataclass(frozen=True)
class Context:
    """A batch of left-padded prefixes that a model has read. B: rows, L: columns so far, D: hidden size.

    Reading on never changes a context: it makes a new one, so that several continuations (the plain rollout, the
    refined one, ten perturbed ones) may start from the same question, which is encoded once.

    Attributes:
        cache: Keys and values of the columns read.
        mask: `[B, L]`, 1 for a real column, 0 for padding.
        hidden: `[B, D]`, the last hidden state after the final norm at the last column. It is the next latent.
    """

    cache: Cache
    mask: Tensor
    hidden: Tensor

    @property
    def batch_size(self) -> int:
        """Number of rows B."""
        return self.mask.shape[0]


def new_cache(config: PreTrainedConfig) -> Cache:
    """An empty cache; layers with a sliding window keep more than their window, so that a column can be dropped.

    Raises:
        UserError: The model keeps a running state, which cannot be gone back on, in place of columns.
    """
    cache = DynamicCache(config=config)
    if not cache.is_croppable:
        raise UserError(
            f"{config.model_type} keeps a running state in place of keys and values, which is not supported; use a "
            "family with attention in every layer"
        )
    cache.activate_past_recording()
    return cache


def positions(mask: Tensor, last: int) -> Tensor:
    """Position ids `[B, K]` of the last K columns under a mask `[B, L]`: real columns count from 0, padding gets 0.

    >>> positions(torch.tensor([[0, 1, 1], [1, 1, 1]]), 2).tolist()
    [[0, 1], [1, 2]]
    """
    return (mask.cumsum(-1) - 1).clamp(min=0)[:, mask.shape[1] - last :]


def select_rows(context: Context, rows: Tensor) -> Context:
    """Keep some rows of a context, by their numbers `[N]` and in this order; a row named twice is repeated."""
    cache = fork_cache(context.cache)
    cache.batch_select_indices(rows)
    return Context(cache=cache, mask=context.mask[rows], hidden=context.hidden[rows])


def drop_last(context: Context) -> Context:
    """Forget the last column, and how the others were computed (no gradient flows into the result).

    The hidden state of the column before is not known any more; zeros stand in for it.
    """
    cache = fork_cache(context.cache)
    cache.crop(-1)
    detach_cache(cache)
    return Context(cache=cache, mask=context.mask[:, :-1], hidden=torch.zeros_like(context.hidden))
