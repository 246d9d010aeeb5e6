"""What the parser of the arguments complains of, in one line that names the key."""

import difflib
import importlib
import inspect
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lightning_latent.upstream import PARSER_ATTEMPTS, PARSER_BOUND, PARSER_OPTION, PARSER_SUBCOMMAND_OPTION

_KEY = re.compile(r'Parser key "(.+?)":')
_CLASS = re.compile(r"Problem with given class_path '(.+?)':")
_SHORT = 160
_OWN = ("callbacks", "data", "evaluation", "refinement", "training")  # the modules with classes that configs name
_LONGEST_VALUE = 200  # characters of a reason, beyond which it is a value quoted whole


class _Block(NamedTuple):
    """What is said of one key: the path to it, the class that it belongs to, the reasons."""

    path: tuple[str, ...]
    kind: str | None
    reasons: list[str]


def plain(message: str, *, known: Iterable[str] = (), commands: Sequence[str] = ()) -> str:
    r"""Give what `jsonargparse` says on one line: the key, what is wrong, and the key that was perhaps meant.

    Args:
        message: An indented account of all types that were tried.
        known: The keys and flags that there are.
        commands: The commands that there are.

    >>> plain('Parser key "data":\n  - Parser key "size":\n      Expected a <class \'int\'>. Got value: x')
    'data.size: expected int, got x'
    >>> plain("Subcommand 'fit' does not accept option 'trainer.max_epoch'", known=["trainer.max_epochs"])
    'trainer.max_epoch: no such key; did you mean trainer.max_epochs?'
    """
    if found := PARSER_SUBCOMMAND_OPTION.search(message):
        return f"{found[1]}: no such key{did_you_mean(found[1], known)}"
    if message.startswith("unrecognized arguments: "):
        flag = message.split()[2].partition("=")[0]
        if flag.startswith("-"):
            return f"{flag}: no such flag{did_you_mean(flag, [f'--{key}' for key in known])}"
        return f"{flag}: a word too many; values belong to a flag, such as --data.test FILE"
    if "argument subcommand: invalid choice" in message:
        word = message.split("'")[1]
        return f"{word}: no such command (there is {', '.join(commands)}){did_you_mean(word, commands)}"
    block = deepest(message)
    reasons = [reason for reason in block.reasons if PARSER_BOUND.match(reason)] or block.reasons
    told = list(dict.fromkeys(_said(reason, block) for reason in reasons))
    text = next((said for said in told if said.startswith("no class ")), "; ".join(told))
    path = ".".join(block.path)
    if found := re.fullmatch(r"it must be (.+), not (\S.*)", text):
        return cut(f"{path} is {found[2]}; it must be {found[1]}")
    if block.kind and (option := PARSER_OPTION.search(message)):
        return f"{path}.{option[1]}: no such key of {block.kind.rpartition('.')[2]}{_like(option[1], block.kind)}"
    return cut(f"{path}: {text}" if path else text)


def deepest(message: str) -> _Block:
    """The account of the innermost key, without the types that were tried in vain."""
    best, open_keys, kinds = _Block((), None, []), list[tuple[int, str]](), list[tuple[int, str]]()
    for line in filter(str.strip, message.splitlines()):
        text = line.lstrip(" -")
        indent = len(line) - len(text)
        open_keys = [(at, key) for at, key in open_keys if at < indent]
        kinds = [(at, kind) for at, kind in kinds if at < indent]
        if found := _CLASS.match(text):
            kinds.append((indent, found[1]))
            best = best._replace(kind=found[1])
            text = text[found.end() :].strip()
        if found := _KEY.match(text):
            open_keys.append((indent, found[1]))
            if len(open_keys) > len(best.path):
                best = _Block(tuple(key for _, key in open_keys), None, [])
            text = text[found.end() :].strip()
        within = tuple(key for _, key in open_keys) == best.path
        if text and within and not text.startswith(PARSER_ATTEMPTS):
            best.reasons.append(text)
    closer = best.kind is not None or any(reason.startswith("Expected a dot import") for reason in best.reasons)
    vain = ("Not of type Path", *(("Not a valid subclass",) if closer else ()))
    told = [reason for reason in best.reasons if not reason.startswith(vain) and len(reason) < _LONGEST_VALUE]
    return best._replace(reasons=told or best.reasons)


def like_class(name: str) -> str:
    """The end of a sentence that names the class that is most like a name, if any is.

    Those are meant that can be named without their module: Lightning's callbacks and loggers, and this package's.

    >>> like_class("EarlyStoping"), like_class("my_project.Thing")
    ('; did you mean EarlyStopping?', '')
    """
    modules = ("lightning.pytorch.callbacks", "lightning.pytorch.loggers", *(f"lightning_latent.{one}" for one in _OWN))
    there_is = {word for module in modules for word in dir(importlib.import_module(module)) if word[0].isupper()}
    head, _, last = name.rpartition(".")
    with suppress(ImportError, ValueError):
        there_is = set(dir(importlib.import_module(head))) if head else there_is
        return did_you_mean(last, there_is)
    return ""


def like_file(path: Path) -> str:
    """The end of a sentence that names the config that is most like a path, if any is, below the folder that exists."""
    folder = next(above for above in path.parents if above.is_dir())
    deep = folder not in (Path.cwd(), *Path.cwd().parents)  # which may hold anything
    there_is = folder.rglob("*.yaml") if deep else folder.glob("*.yaml")
    return did_you_mean(str(path.relative_to(folder)), [str(file.relative_to(folder)) for file in there_is])


def did_you_mean(word: str, there_is: Iterable[str]) -> str:
    """The end of a sentence that names what is most like a word, if anything is.

    >>> did_you_mean("tests", ["fit", "test"]), did_you_mean("x", ["fit"])
    ('; did you mean test?', '')
    """
    names = list(there_is)
    close = difflib.get_close_matches(word, names, n=1)
    head, _, rest = word.partition(".")
    if not close and rest:  # a key of a class, which the parser does not know by itself
        heads = {name.partition(".")[0] for name in names}
        close = [f"{first}.{rest}" for first in difflib.get_close_matches(head, heads, n=1)]
    return f"; did you mean {close[0]}?" if close else ""


def cut(text: str, *, longest: int = 2 * _SHORT) -> str:
    """A text on one line, its middle left out where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - _SHORT // 2]} ... {line[-_SHORT // 2 :]}"


def _said(reason: str, block: _Block) -> str:
    """One reason in plain words."""
    reason = re.sub(r"(?:typing\.)?Literal\[(.*?)\]", r"one of \1", re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", reason))
    if found := re.match(r"Expected a dot import path string: (.+)|Unexpected import path format: (.+)", reason):
        name = found[1] or found[2]
        return f"no class {name}{like_class(name) or '; check its name, or give its whole path'}"
    if found := re.match(r"module '(.+)' has no attribute '(.+)'", reason):
        return f"no class {found[1]}.{found[2]}{like_class(f'{found[1]}.{found[2]}')}"
    if found := re.match(r"No module named '(.+)'", reason):
        return f"no module {found[1]}; run the command in the folder that it is in, or name that in PYTHONPATH"
    if found := re.match(r"File does not exist: '(.+)'", reason):
        return f"no such file: {found[1]}{like_file(Path(found[1]))}"
    if reason.startswith("Not a valid subclass of"):
        kind = reason.split()[5].rstrip(".")
        return f"expected a class of kind {kind}: its class_path, and init_args"
    if re.search(r"has no attribute 'keys'|is not iterable|must be a mapping", reason):
        return "expected class_path: NAME and init_args: {KEY: VALUE}"
    if found := re.match(r"the following arguments are required: (.+)", reason):
        return f"{found[1].removeprefix('fit.')} is missing; give it in a config or as a flag"
    if found := PARSER_BOUND.match(reason):
        value = "infinite or not a number" if found[2] in ("inf", "nan", "-inf") else found[2]
        return f"it must be {found[1].replace('greater than or equal to', 'at least')}, not {value}".replace(
            "less than or equal to", "at most"
        )
    reason = re.sub(r"^Expected an? (.+?)\. Got value: ", r"expected \1, got ", reason)
    reason = re.sub(r"^Expected an? ", "expected ", reason)
    return re.sub(r"^Given value: ", "got ", cut(reason, longest=_SHORT))


def _like(word: str, class_path: str) -> str:
    try:
        module, _, name = class_path.rpartition(".")
        return did_you_mean(word, inspect.signature(getattr(importlib.import_module(module), name)).parameters)
    except (ImportError, ValueError, TypeError, AttributeError):
        return ""
