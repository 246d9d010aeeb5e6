"""What checks are tried on: a small reasoner, a few questions, and a module as a trainer makes it ready."""

from collections.abc import Iterator
from typing import Any, Literal

import lightning.pytorch as L
from torch import Tensor, nn

from lightning_latent.data import BalancedProsQA, Example, ProsQA
from lightning_latent.reasoner.context import Context
from lightning_latent.refinement import LatentRefinement, Learned

REASONER = "embedded:final"
TOLERANCE = 1e-9
"""How far numbers in double precision may differ that are the same but for the order of sums."""


def questions(count: int) -> list[Example]:
    """Questions with two options each, of different lengths, so that a batch is padded."""
    return list(BalancedProsQA(size=count, seed=5, split="evaluation", dead_ends=2, max_hops=4))


def refining(
    *callbacks: L.Callback, reasoner: str, loop: Literal["stepwise", "trajectory"], learn: Learned | None = None
) -> LatentRefinement:
    """A module in double precision on the CPU, with callbacks, as a trainer makes it ready to answer."""
    module = LatentRefinement(
        reasoner=reasoner, benchmark=ProsQA(), learn=learn, loop=loop, dtype="float64", max_new_tokens=8
    )
    module.trainer = L.Trainer(
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        inference_mode=False,
        callbacks=list(callbacks),
    )
    for callback in callbacks:
        callback.setup(module.trainer, module, "validate")
    module.setup("validate")
    module.configure_model()
    return module


def held(value: Any, *, name: str = "", seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """Where an object keeps tensors and contexts, those of models and trainers left out.

    >>> import torch
    >>> list(held({"a": [torch.ones(1)], "b": 3}))
    ['a.0']
    """
    if isinstance(value, Tensor | Context):
        yield name
    elif not isinstance(value, nn.Module | L.Trainer) and id(value) not in seen:
        inner = dict(enumerate(value)) if isinstance(value, list | tuple) else value
        inner = inner if isinstance(inner, dict) else getattr(inner, "__dict__", {})
        for key, item in inner.items():
            yield from held(item, name=f"{name}.{key}" if name else str(key), seen=seen | {id(value)})
