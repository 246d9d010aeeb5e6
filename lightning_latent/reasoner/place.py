"""Where a model is: in a directory, or on the hub at one commit."""

from pathlib import Path

from huggingface_hub import hf_hub_download, is_offline_mode, resolve_revision, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RevisionResolutionError,
)

from lightning_latent.errors import UserError


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
