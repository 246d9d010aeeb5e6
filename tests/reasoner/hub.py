"""A hub model as it lies in the local cache after it was downloaded once."""

import shutil
from pathlib import Path

from huggingface_hub import constants

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def cache_model(directory: Path, name: str, *, commit: str = COMMIT, branch: str = "main") -> None:
    """Put a copy of a directory into the cache, as `name` of the hub at a commit to which a branch points."""
    place = Path(constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"
    shutil.copytree(directory, place / "snapshots" / commit)
    (place / "refs").mkdir(exist_ok=True)
    (place / "refs" / branch).write_text(commit)
