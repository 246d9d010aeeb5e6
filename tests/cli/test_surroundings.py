"""What is no defect: a full disk, folders that are none, options that a library refuses. All else is one."""

import errno
from pathlib import Path

import pytest
import torch

from lightning_latent.cli.surroundings import check_folder, constructor_complaint, restoring_complaint, what_failed
from tests.malformed import one_line


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a/b"), "a/b: the disk is full"),
        (OSError(errno.EFBIG, "File too large", "a/b"), "a/b: the disk is full"),
        (RuntimeError("[enforce fail] PytorchStreamWriter failed writing file data/0"), "the disk is full"),
        (ValueError("I/O error: No space left on device (os error 28)"), "the disk is full"),
        (FileExistsError(errno.EEXIST, "File exists", "a"), "a: a file where a folder must be"),
        (PermissionError(errno.EACCES, "Permission denied", "a"), "a: no permission"),
        (torch.OutOfMemoryError("CUDA out of memory"), "lower data.eval_batch_size"),
    ],
)
def test_what_failed_around_the_program_is_told(error: Exception, said: str) -> None:
    assert said in (what_failed(error) or "")
    wrapped = RuntimeError("while writing")
    wrapped.__cause__ = error
    assert said in (what_failed(wrapped) or "")


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "No such file", "a"), KeyError("a"), TypeError("a")])
def test_a_defect_is_not_explained_away(error: Exception) -> None:
    assert what_failed(error) is None
    assert restoring_complaint(error) is None
    try:
        raise error  # here, which is no library
    except Exception as raised:
        assert constructor_complaint(raised) is None


def test_a_folder_that_cannot_be_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "is a file, not a folder" in (one_line(lambda: check_folder(tmp_path / "file" / "runs")) or "")
    assert "too long" in (one_line(lambda: check_folder(tmp_path / ("x" * 300))) or "")
    assert one_line(lambda: check_folder(tmp_path / "new" / "runs")) is None
    assert not (tmp_path / "new").exists()
