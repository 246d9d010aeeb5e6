"""Keys of the command line in a parsed config: what stands under one, and a config that sets it."""

from collections.abc import Mapping
from typing import Any

from jsonargparse import Namespace

from lightning_latent.errors import UserError
from lightning_latent.evaluation.chosen import read_chosen


def value_at(config: Namespace, key: str) -> Any:
    """What a key such as `model.loop` stands for in a config: a value in JSON's types.

    `init_args` may be left out, as on the command line. Of a list, such as `trainer.callbacks`, the last one is meant.

    Raises:
        KeyError: There is nothing under it.
    """
    return plain(_walk(config, key)[-1][1])


def setting(config: Namespace, key: str) -> dict[str, Any]:
    """A config, for a YAML file, that sets a key to what it is in a config: of a list the whole list.

    Raises:
        KeyError: There is nothing under it.
    """
    nested: Any = None
    for number, (part, value, owner) in enumerate(reversed(_walk(config, key))):
        inner = plain(value) if number == 0 or isinstance(value, list) else nested
        within = {"class_path": owner.get("class_path"), "init_args": {part: inner}}
        nested = {part: inner} if part in owner else within
    return dict(nested)


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Two nested dictionaries in one; where both have a value, the second's counts.

    >>> merged({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}})
    {'a': {'b': 1, 'c': 3}}
    """
    both = {**first, **second}
    for key in first.keys() & second.keys():
        if isinstance(first[key], Mapping) and isinstance(second[key], Mapping):
            both[key] = merged(first[key], second[key])
    return both


def plain(value: Any) -> Any:
    """A config's value in JSON's types."""
    if isinstance(value, Namespace):
        return {name: plain(inner) for name, inner in vars(value).items()}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def check_chosen(config: Namespace) -> None:
    """Refuse, by a `UserError`, a config that names the sweep that chose its settings, and sets others."""
    folder = config.get("chosen.by")
    if folder is None:
        return
    for key, value in read_chosen(folder)["settings"].items():
        try:
            found = value_at(config, key)
        except KeyError:
            found = None
        if found != value:
            raise UserError(
                f"{key} is {found}, but {folder} chose {value}; leave it as chosen, or leave chosen.yaml out"
            )


def _walk(config: Namespace, key: str) -> list[tuple[str, Any, dict[str, Any]]]:
    """For each part of a key: the part, what stands under it, and what that is a part of."""
    steps: list[tuple[str, Any, dict[str, Any]]] = []
    value: Any = config
    for part in key.split("."):
        value = value[-1] if isinstance(value, list) and value else value
        owner = vars(value) if isinstance(value, Namespace) else {}
        inner = owner.get("init_args")
        if part in owner:
            value = owner[part]
        elif isinstance(inner, Namespace) and part in vars(inner):
            value = vars(inner)[part]
        else:
            raise KeyError(key)
        steps.append((part, value, owner))
    return steps
