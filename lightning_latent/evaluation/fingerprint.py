"""What a run's answers depend on, so that a resumed run does not mix them with another's."""

import hashlib
import inspect
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from lightning_latent.evaluation.module import Answering

_PACKAGE = Path(__file__).parents[1]


def fingerprint(trainer: Trainer, module: LightningModule) -> dict[str, Any]:
    """Describe the method, the models, the learned state, the callbacks, the precision and the code of a run, as JSON.

    Learned state is hashed. Of callbacks, Lightning's own change no answer and are left out, as are those that say so
    by an attribute `only_watches`; the others count by the constructor arguments that they keep under the same name and
    by their state.
    """
    assert isinstance(module, Answering)
    callbacks = [c for c in trainer.callbacks if not _watches(c)]  # type: ignore[attr-defined]
    content = {
        "method": module.method,
        "benchmark": _described(module.benchmark),
        "models": module.identities,
        "learned state": _hash(module.state_dict()),
        "model options": _described(module),
        "callbacks": [[*_described(callback), _hash(callback.state_dict())] for callback in callbacks],
        "precision": str(trainer.precision),
        "code": _package_hash(),
    }
    # Through JSON and back, so that it equals what is read from a file. Objects count by their type, for their
    # printed form often holds a memory address.
    return dict(json.loads(json.dumps(content, default=lambda value: type(value).__qualname__)))


def _watches(callback: Callback) -> bool:
    return type(callback).__module__.startswith("lightning.") or getattr(callback, "only_watches", False)


def _described(thing: object) -> list[Any]:
    """A thing's class, the code of it where it is not this package's, and what it was made with."""
    kind = type(thing)
    names = inspect.signature(kind).parameters
    options = {name: getattr(thing, name) for name in names if hasattr(thing, name)}
    try:
        source = "" if kind.__module__.partition(".")[0] == _PACKAGE.name else inspect.getsource(kind)
    except (OSError, TypeError):  # made in a console
        source = ""
    return [kind.__qualname__, options, hashlib.sha256(source.encode()).hexdigest()]


def _hash(state: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode())
        value = state[name]
        if isinstance(value, torch.Tensor):
            # Bytes, not numbers: numpy has no bfloat16.
            digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        else:
            digest.update(json.dumps(value, default=str).encode())
    return digest.hexdigest()


@cache
def _package_hash() -> str:
    """SHA-256 of the package's code: what reads, refines and judges answers."""
    digest = hashlib.sha256()
    for file in sorted(_PACKAGE.rglob("*.py")):
        digest.update(file.relative_to(_PACKAGE).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
