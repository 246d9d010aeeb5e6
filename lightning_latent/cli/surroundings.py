"""Errors that are no defect of the program: a full disk, a folder that is none, options that a library refuses."""

import errno
import os
import traceback
from collections.abc import Iterator
from pathlib import Path

import torch
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from lightning_latent.errors import UserError

_LONGEST_NAME = 255  # bytes, on all common file systems
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Where a file or folder is not what it must be, or not ours. Not ENOENT: who forgets to make a folder has a defect.
_REFUSED = {
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EROFS: "the file system is read-only",
    errno.EEXIST: "a file where a folder must be",
    errno.ENOTDIR: "a file where a folder must be",
    errno.EISDIR: "a folder where a file must be",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "links that lead in a circle",
    errno.EIO: "the disk does not answer",
}
_MEND = "name another place (trainer.logger.save_dir, trainer.default_root_dir)"
_LIBRARIES = ("lightning", "torch", "torchmetrics", "transformers", "jsonargparse", "functools", "inspect")


def what_failed(error: BaseException) -> str | None:
    """Say in one line what around the program failed: disk, folder or memory; None where it is something else."""
    for cause in causes(error):
        if isinstance(cause, torch.OutOfMemoryError | MemoryError):
            return "out of memory; lower data.eval_batch_size, data.batch_size or views.batch_size"
        number = cause.errno if isinstance(cause, OSError) else _number_in(str(cause))
        place = getattr(cause, "filename", None)
        if number in _FULL:
            where = "the disk" if place is None else f"{place}: the disk"
            return f"{where} is full, or a limit on file sizes is reached; make room"
        if isinstance(cause, OSError) and number in _REFUSED and place is not None:
            return f"{place}: {_REFUSED[number]}; {_MEND}"
    return None


def check_folder(folder: Path) -> None:
    """Refuse, by a `UserError`, a run's folder that cannot be made or written, before anything is computed."""
    there = folder
    too_long = any(len(part.encode()) > _LONGEST_NAME for part in folder.parts)
    while not too_long and not there.exists() and there != there.parent:
        there = there.parent
    if too_long:
        problem = "a name in it is too long"
    elif not there.is_dir():
        problem = f"{there} is a file, not a folder"
    elif not os.access(there, os.W_OK | os.X_OK):
        problem = f"no permission to write in {there}"
    else:
        return
    raise UserError(f"{folder}: {problem}; {_MEND}")


def constructor_complaint(error: BaseException) -> BaseException | None:
    """What a class of the config has against its options, or None where the error is a defect.

    The parser wraps it in an account of the types that it tried besides; the first cause is what was raised.
    """
    chain = list(causes(error))
    cause = next((cause for cause in chain if isinstance(cause, UserError)), chain[-1])
    if isinstance(cause, UserError | MisconfigurationException | ValueError | ImportError):
        return cause
    raised_in = _modules(cause)[-1:]
    return cause if isinstance(cause, Exception) and raised_in and raised_in[0].startswith(_LIBRARIES) else None


def restoring_complaint(error: BaseException) -> str | None:
    """What Lightning trips over in a checkpoint, or None where the error has nothing to do with one."""
    if isinstance(error, UserError) or not any(name.endswith("checkpoint_connector") for name in _modules(error)):
        return None
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # torch begins with whose state it is, and lists what does not fit below.
    told = " ".join(lines[:2])[:200]
    return f"{type(error).__name__}: {told}"


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, its cause, the cause of that, and so on."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        yield current
        current = current.__cause__


def _modules(error: BaseException) -> list[str]:
    """The modules that an error came through, that in which it was raised last."""
    return [str(frame.f_globals.get("__name__", "")) for frame, _ in traceback.walk_tb(error.__traceback__)]


def _number_in(message: str) -> int | None:
    """The error number that a library of Rust or C++ writes into its message."""
    if "PytorchStreamWriter failed" in message or "unexpected pos" in message:
        return errno.ENOSPC
    return next((number for number in _FULL if f"os error {number})" in message), None)
