"""Values that the parser lets pass: nulls, groups that are none, and options that Lightning takes in silence."""

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from types import NoneType
from typing import Any, Union, get_args, get_origin, get_type_hints

from jsonargparse import Namespace
from lightning.pytorch.callbacks import Callback

from lightning_latent.errors import UserError

# The least value of those of the trainer's options for which Lightning has no word, or a division by zero.
_TRAINER_LEAST = {
    "accumulate_grad_batches": 1,
    "check_val_every_n_epoch": 1,
    "gradient_clip_val": 0,
    "log_every_n_steps": 0,
    "max_epochs": -1,
    "max_steps": -1,
    "min_epochs": 0,
    "min_steps": 0,
    "num_sanity_val_steps": -1,
    "reload_dataloaders_every_n_epochs": 0,
}
NO_CLASS = "{key} has no class_path; give it one, such as `class_path: EarlyStopping`"
_LARGEST_SEED = 2**32 - 1


def check_values(config: Namespace, *, groups: Mapping[str, Callable[..., Any]]) -> None:
    """Refuse, by a `UserError` that names the key, what no constructor should have to look for.

    Args:
        config: The parsed config of a command.
        groups: What is made of each key that holds options rather than a class: `trainer`, `feedback`, ...
    """
    for key, made in groups.items():
        if not isinstance(config.get(key), Namespace):
            raise UserError(f"{key} is {shown(config.get(key))}; it must be a mapping of its options")
        check_nulls(config[key], made, key=key)
    for key, value in vars(config).items():  # not its own items, which are those of all levels
        check_classes(value, key=key)
    check_trainer(config.trainer)
    seed = config.get("seed_everything")
    if isinstance(seed, int) and not 0 <= seed <= _LARGEST_SEED:
        raise UserError(f"seed_everything is {seed}; it must be from 0 to {_LARGEST_SEED}")


def check_trainer(trainer: Namespace) -> None:
    """Refuse, by a `UserError`, numbers out of bounds, a time that is over, and callbacks that do nothing."""
    for option, least in _TRAINER_LEAST.items():
        value = trainer.get(option)
        if isinstance(value, int | float) and not value >= least:
            raise UserError(f"trainer.{option} is {value}; it must be at least {least}")
    interval = trainer.get("val_check_interval")
    if isinstance(interval, int | float) and not interval > 0:
        raise UserError(f"trainer.val_check_interval is {interval}; it must be above 0")
    for which in ("epochs", "steps"):
        least, most = trainer.get(f"min_{which}"), trainer.get(f"max_{which}")
        if least and most is not None and 0 <= most < least:
            raise UserError(f"trainer.min_{which} is {least}, above trainer.max_{which}, which is {most}; correct one")
    time = trainer.get("max_time")
    parts = vars(time) if isinstance(time, Namespace) else time
    if isinstance(parts, dict) and not timedelta(**parts) > timedelta():
        raise UserError(f"trainer.max_time is {shown(parts)}; it must be above 0")
    callbacks = trainer.get("callbacks")
    for place, callback in enumerate(callbacks if isinstance(callbacks, list) else [callbacks]):
        path = callback.get("class_path") if isinstance(callback, Namespace) else None
        if isinstance(path, str) and _imported(path) is Callback:
            raise UserError(NO_CLASS.format(key=f"trainer.callbacks.{place}"))


def check_classes(value: Any, *, key: str) -> None:
    """Refuse nulls in what the classes below a value are made with; see `check_nulls`."""
    if isinstance(value, list | tuple):
        for place, item in enumerate(value):
            check_classes(item, key=f"{key}.{place}")
    if not isinstance(value, Namespace):
        return
    options = value.get("init_args")
    if isinstance(value.get("class_path"), str) and isinstance(options, Namespace):
        check_nulls(options, _imported(value.class_path), key=key)
        value = options
    for name, item in vars(value).items():
        check_classes(item, key=f"{key}.{name}")


def check_nulls(options: Namespace, made: Callable[..., Any], *, key: str) -> None:
    """Refuse, by a `UserError`, a null where the type of an argument has none: the parser takes it for "not given"."""
    for name in never_null(made):
        if name in vars(options) and vars(options)[name] is None:
            raise UserError(f"{key}.{name} is null; give a value, or leave the key out")


def never_null(made: Callable[..., Any]) -> Iterator[str]:
    """The arguments of a class that have a type without None, and another default."""
    try:
        constructor = made.__init__ if isinstance(made, type) else made  # type: ignore[misc]
        hints, parameters = get_type_hints(constructor), inspect.signature(made).parameters
    except (NameError, TypeError, ValueError):  # types that only a type checker sees
        return
    for name, parameter in parameters.items():
        if name in hints and parameter.default is not None and not _takes_none(hints[name]):
            yield name


def _takes_none(hint: Any) -> bool:
    if hint in (Any, NoneType, None, object, inspect.Parameter.empty) or not hasattr(hint, "__class__"):
        return True
    alternatives = get_args(hint) if get_origin(hint) is Union or type(hint).__name__ == "UnionType" else ()
    return any(_takes_none(alternative) for alternative in alternatives)


def _imported(class_path: str) -> Any:
    module, _, name = class_path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def shown(value: object) -> str:
    """A value as a config has it, cut where it is long."""
    return "null" if value is None else repr(value)[:60]
