"""What comes with the package: a small trained reasoner and ProsQA's evaluation questions.

Wherever a config takes a path, `embedded:` names something from here, so that the first run needs no network.
"""

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


def resolve(path: str) -> str:
    """The file or directory that an `embedded:` name stands for; any other path as it is."""
    if not path.startswith(PREFIX):
        return path
    name = path.removeprefix(PREFIX)
    if name not in _PLACES:
        raise UserError(f"{path}: nothing of that name comes with the package; there is {', '.join(_PLACES)}")
    return str(_PLACES[name])
