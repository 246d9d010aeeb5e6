"""References named by where they are, relative to the reasoner."""

from pathlib import Path

from lightning_latent.embedded import resolve
from lightning_latent.errors import UserError

PREFIX = "beside:"


def beside(path: str, reasoner: str) -> str:
    """The directory that `beside:name` stands for, in the folder that the reasoner's is in; any other path as it is.

    Training leaves weak, strong and final checkpoints beside each other, so that one config serves all runs. A
    `UserError` where there is no such directory.

    >>> beside("somewhere/strong", "runs/a/final")
    'somewhere/strong'
    """
    if not path.startswith(PREFIX):
        return path
    place = Path(resolve(reasoner)).parent / path.removeprefix(PREFIX)
    if not place.is_dir():
        raise UserError(f"{path}: there is no directory {place}; save it there, or name the reference's own directory")
    return str(place)
