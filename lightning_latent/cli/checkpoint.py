"""What `--ckpt_path` names, looked at before a model loads: whether it is a checkpoint, and a whole one."""

import pickle
import zipfile
from pathlib import Path
from typing import Annotated, Any, NotRequired

import torch
from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from lightning_latent.errors import UserError
from lightning_latent.reasoner.checks import not_finite

WORDS = ("best", "last", "hpc", "registry")  # what Lightning knows by itself, within a run or a service
_SHARDED = ("meta.pt", ".metadata")  # a file in the folder of a sharded checkpoint, by Lightning and by torch


def _version(text: str) -> str:
    try:
        Version(text)
    except InvalidVersion as error:
        raise ValueError(str(error)) from None
    return text


_Count = Annotated[int, Field(ge=0)]
# Not a class, for the names that Lightning gives.
_Content = with_config(ConfigDict(arbitrary_types_allowed=True, extra="allow"))(
    TypedDict(  # type: ignore[operator]
        "_Content",
        {
            "pytorch-lightning_version": Annotated[str, AfterValidator(_version)],
            "state_dict": dict[str, Any],
            "epoch": NotRequired[_Count],
            "global_step": NotRequired[_Count],
            "loops": NotRequired[dict[str, Any] | None],
            "callbacks": NotRequired[dict[str, dict[str, Any]]],
            "optimizer_states": NotRequired[list[dict[str, Any]]],
            "lr_schedulers": NotRequired[list[dict[str, Any]]],
        },
    )
)
_SCHEMA: TypeAdapter[Any] = TypeAdapter(_Content)
_TO_GO_ON = ("epoch", "global_step", "loops", "callbacks", "optimizer_states", "lr_schedulers")


def check_checkpoint(path: str | None, *, subcommand: str) -> None:
    """Refuse, by a `UserError`, a `--ckpt_path` that leads to no checkpoint that Lightning has written.

    Args:
        path: A file, or the folder of a sharded checkpoint, in which nothing more is looked at.
        subcommand: Which takes it; `fit` goes on from it and needs more of it.
    """
    if path is None:
        return
    flag = f"--ckpt_path {path}"
    if path.partition(":")[0] in WORDS or not path:
        raise UserError(f"{flag}: known only within the run that wrote it; give the checkpoint's path")
    if "://" in path:
        raise UserError(f"{flag}: an address; fetch the file, and give its path here")
    if Path(path).is_dir():
        if not any((Path(path) / name).is_file() for name in _SHARDED):
            raise UserError(f"{flag}: a folder that is no checkpoint; give a file, such as {Path(path) / 'last.ckpt'}")
        return
    if not Path(path).exists():
        raise UserError(f"{flag}: no such file; checkpoints are in runs/<name>/<version>/checkpoints/")
    check_content(read_content(path), path=path, going_on=subcommand == "fit")


def read_content(path: str) -> Any:
    """What a checkpoint's file holds, its tensors on the CPU and left on disk until they are looked at.

    Raises:
        UserError: It is no file of torch, is cut off, or holds code.
    """
    flag = f"--ckpt_path {path}"
    try:
        if not zipfile.is_zipfile(path):
            raise UserError(f"{flag}: not a checkpoint that Lightning has written; give one that fit wrote")
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError:
        raise UserError(f"{flag}: it holds code, which is not run; give a checkpoint that fit wrote") from None
    except (OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, EOFError) as error:
        reason = str(error).strip().partition("\n")[0][:120] or type(error).__name__
        raise UserError(f"{flag}: cannot be read ({reason}); give a checkpoint that fit wrote") from None


def check_content(content: Any, *, path: str, going_on: bool) -> None:
    """Refuse, by a `UserError`, content that is not of a checkpoint's form, or numbers that are none."""
    flag = f"--ckpt_path {path}"
    try:
        _SCHEMA.validate_python(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "content"
        raise UserError(
            f"{flag}: not a checkpoint that Lightning has written ({place}: {first['msg']}); give one that fit wrote"
        ) from None
    lacking = [key for key in _TO_GO_ON if going_on and key not in content]
    if lacking:
        raise UserError(f"{flag}: it lacks {lacking[0]}, without which fit cannot go on; give one that fit wrote whole")
    for name, value in content["state_dict"].items():
        if not isinstance(value, torch.Tensor) and not name.endswith("_extra_state"):  # modules may keep other things
            raise UserError(f"{flag}: {name} is no tensor; give a checkpoint that fit wrote")
    name = not_finite(content["state_dict"])
    if name is not None:
        raise UserError(f"{flag}: {name} is not finite; give a checkpoint from before the numbers were lost")
