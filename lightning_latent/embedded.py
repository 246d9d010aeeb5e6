"""What comes with the package: a small trained reasoner, ProsQA's evaluation questions, and the configs.

Wherever a config takes a path, `embedded:` names something from here, so that the first run needs no network.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path

from lightning_latent.errors import UserError

PREFIX = "embedded:"
_HERE = Path(__file__).parent
_PLACES = {
    "weak": _HERE / "models" / "prosqa" / "weak",
    "strong": _HERE / "models" / "prosqa" / "strong",
    "final": _HERE / "models" / "prosqa" / "final",
    "prosqa_valid": _HERE / "assets" / "prosqa" / "prosqa_valid.json.gz",
    "prosqa_test": _HERE / "assets" / "prosqa" / "prosqa_test.json.gz",
}
CONFIGS = _HERE / "configs" if (_HERE / "configs").is_dir() else _HERE.parent / "configs"
"""The folder of the shipped configs: within the package where it is installed, beside it in a checkout."""


def resolve(path: str) -> str:
    """The file or directory that an `embedded:` name stands for; any other path as it is."""
    if not path.startswith(PREFIX):
        return path
    name = path.removeprefix(PREFIX)
    if name not in _PLACES:
        raise UserError(f"{path}: nothing of that name comes with the package; there is {', '.join(_PLACES)}")
    return str(_PLACES[name])


def resolve_config(path: str) -> str:
    """The file of a config that comes with the package, such as `embedded:methods/map`; any other path as it is.

    Raises:
        UserError: No config of that name comes with the package.
    """
    if not path.startswith(PREFIX):
        return path
    known = {file.relative_to(CONFIGS).with_suffix("").as_posix(): file for file in sorted(CONFIGS.rglob("*.yaml"))}
    name = path.removeprefix(PREFIX)
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        mend = f"did you mean {PREFIX}{close[0]}?" if close else f"there is {', '.join(_overview(known))}"
        raise UserError(f"{path}: no config of that name comes with the package; {mend}")
    return str(known[name])


def _overview(names: Iterable[str]) -> list[str]:
    """Names, those of a folder as one.

    >>> _overview(["methods/map", "methods/paper", "quickstart"])
    ['methods/...', 'quickstart']
    """
    return list(dict.fromkeys(f"{name.partition('/')[0]}/..." if "/" in name else name for name in names))
