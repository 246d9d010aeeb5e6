"""Config files before their keys are read: where they lie, text, YAML without traps, a mapping at the top.

The parser's own reader names no file, lets the last of two equal keys win, and follows aliases wherever they lead.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ActionConfigFile, get_loader
from typing_extensions import override

from lightning_latent.cli.values import NO_CLASS, shown
from lightning_latent.embedded import resolve_config
from lightning_latent.errors import UserError

MODE = "bounded_yaml"
"""The parser's name of this way of reading YAML."""

_DEEPEST, _LARGEST = 50, 100_000


class NamedConfigFile(ActionConfigFile):
    """`--config`: the path of a config, or the name of one that comes with the package."""

    @override
    def __call__(self, parser: Any, cfg: Any, values: Any, option_string: str | None = None) -> None:
        super().__call__(parser, cfg, resolve_config(values), option_string)


def check_config(path: str | Path, *, groups: Iterable[str] = ()) -> None:
    """Refuse, by a `UserError` that names file and line, a config that is no YAML mapping, or would not end.

    Args:
        path: The file.
        groups: The keys whose values are mappings, or the paths of files that hold them.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 ({error.reason} at byte {error.start}); save the file as UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}); check the path") from None
    try:
        value = load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f":{mark.line + 1}"
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise UserError(f"{path}{line}: not a config ({problem}); correct the file") from None
    if not isinstance(value, dict):
        found = "empty" if value in (None, "") else f"a {type(value).__name__}"
        raise UserError(f"{path}: it is {found}; a config is a mapping, such as `model: ...`")
    for key in value.keys() & set(groups):
        if not isinstance(value[key], dict | str):
            raise UserError(f"{path}: {key} is {shown(value[key])}; it must be a mapping of its options")
    if (key := without_class(value.get("trainer"))) is not None:
        raise UserError(f"{path}: {NO_CLASS.format(key=key)}")


def without_class(trainer: Any) -> str | None:
    """The key of a callback that does not say which it is, for the parser takes it for one that does nothing.

    >>> without_class({"callbacks": ["RichProgressBar", {"init_args": {"patience": 1}}]})
    'trainer.callbacks.1'
    """
    for name in ("callbacks", "callbacks+"):
        callbacks = trainer.get(name) if isinstance(trainer, dict) else None
        for place, callback in enumerate(callbacks if isinstance(callbacks, list) else [callbacks]):
            if isinstance(callback, dict) and not callback.get("class_path"):
                return f"trainer.{name}.{place}"
    return None


def load(text: str) -> Any:
    """Read YAML as `jsonargparse` does, once it is known to end; a `YAMLError` otherwise."""
    check_ends(text)
    try:
        return get_loader("yaml")(text)
    except (ValueError, ArithmeticError, RecursionError) as error:  # of a value with a tag, such as `!!int x`
        raise yaml.YAMLError(f"a value is not what its tag says: {error}") from error


def check_ends(text: str) -> None:
    r"""Refuse, by a `YAMLError`, keys that occur twice, aliases that lead back or multiply, and what is nested deeply.

    >>> check_ends("a: &x [1]\nb: *x")
    >>> check_ends("a: &x {b: *x}")
    Traceback (most recent call last):
    yaml.constructor.ConstructorError: an alias leads back to itself
      in "<unicode string>", line 1, column 4
    """
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _problem(f"it is nested more than {_DEEPEST} deep", event.start_mark)
    node = yaml.compose(text, Loader=_LOADER)
    if node is not None:
        _size(node, {}, frozenset())


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _size(node: yaml.Node, known: dict[int, int], above: frozenset[int]) -> int:
    """How many values a node stands for when all aliases are followed."""
    if id(node) in above:
        raise _problem("an alias leads back to itself", node.start_mark)
    if id(node) not in known:
        inside = above | {id(node)}
        known[id(node)] = 1 + sum(_size(child, known, inside) for child in _children(node))
        if known[id(node)] > _LARGEST:
            raise _problem(f"its aliases stand for more than {_LARGEST:,} values", node.start_mark)
    return known[id(node)]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if not isinstance(node, yaml.MappingNode):
        return []
    seen: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value in seen:
            raise _problem(f"the key {key.value} occurs twice", key.start_mark)
        seen.add(str(key.value))
    return [part for pair in node.value for part in pair]


def _problem(what: str, where: yaml.Mark) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, what, where)
