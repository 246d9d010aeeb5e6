"""The latents that questions were answered from, on disk: a file a batch while a run goes on, one file at its end."""

from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from lightning_latent.errors import UserError
from lightning_latent.io import replaced

LATENTS = "latents.safetensors"
_PARTS = "latents.*.safetensors"


class LatentStore:
    """Latents `[T, D]` by question id, in a run's folder. Several processes may add to it at the same time.

    Args:
        directory: The run's folder, where `latents.safetensors` is at the end.
        unfinished: Where the batches are kept until then.
    """

    def __init__(self, directory: Path, unfinished: Path) -> None:
        self.file = directory / LATENTS
        self.unfinished = unfinished

    def ids(self) -> set[str]:
        """The questions whose latents are there."""
        return {id for path in self._files() for id in _names(path)}

    def add(self, rank: int, ids: Sequence[str], latents: Tensor) -> None:
        """Keep the latents `[B, T, D]` of B questions, which a process of this rank has thought about."""
        number = len(list(self.unfinished.glob(f"latents.{rank}-*.safetensors")))
        kept = latents.detach().cpu().contiguous()
        _write(self.unfinished / f"latents.{rank}-{number}.safetensors", dict(zip(ids, kept.unbind(), strict=True)))

    def merge(self, ids: Sequence[str]) -> None:
        """Write the latents of these questions as one file; called by one process, after the others have added theirs.

        Raises:
            UserError: Those of a question are missing.
        """
        found = {id: latents for path in self._files() for id, latents in load_file(path).items()}
        missing = next((id for id in ids if id not in found), None)
        if missing is not None:
            raise UserError(f"{self.file}: no latents of {missing!r}; run again with --predictions.resume false")
        _write(self.file, {id: found[id] for id in ids})

    def clear(self) -> None:
        """Delete all latents that are there."""
        for path in self._files():
            path.unlink()

    def _files(self) -> list[Path]:
        return [*([self.file] if self.file.is_file() else []), *sorted(self.unfinished.glob(_PARTS))]


def _names(path: Path) -> list[str]:
    try:
        with safe_open(path, framework="pt") as stored:
            return list(stored.keys())
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: cannot be read ({error}); remove it and run again") from None


def _write(path: Path, latents: dict[str, Tensor]) -> None:
    with replaced(path) as temporary:
        # Each in memory of its own: rows of a batch share theirs, which safetensors refuses.
        save_file({id: tensor.clone() for id, tensor in latents.items()}, temporary)
