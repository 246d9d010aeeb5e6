"""State dicts as data: names without wrappers, parts by prefix."""

from lightning_latent.errors import UserError
from lightning_latent.importing.reading import State

_WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}


def unwrapped(state: State, *, source: str) -> State:
    """The same with names as they were before training wrapped the model (DDP, FSDP, torch.compile).

    A `UserError` where two names become one.

    >>> import torch
    >>> list(unwrapped({"module.base_causallm._orig_mod.wte": torch.ones(1)}, source="a file"))
    ['base_causallm.wte']
    """
    plain: State = {}
    for name, value in state.items():
        short = ".".join(part for part in name.split(".") if part not in _WRAPPERS)
        if short in plain:
            raise UserError(f"{source} has {short} twice, with and without a wrapper's name; the checkpoint is broken")
        plain[short] = value
    return plain


def split(state: State, prefix: str) -> tuple[State, State]:
    """The weights below a prefix, without it, and the others.

    >>> import torch
    >>> split({"a.x": torch.ones(1), "b": torch.ones(1)}, "a.")
    ({'x': tensor([1.])}, {'b': tensor([1.])})
    """
    below = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    return below, {name: value for name, value in state.items() if not name.startswith(prefix)}


def without(state: State, *prefixes: str) -> State:
    """The weights that are below none of some prefixes."""
    return {name: value for name, value in state.items() if not name.startswith(prefixes)}
