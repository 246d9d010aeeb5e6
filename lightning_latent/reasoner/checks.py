"""What is wrong with a model's folder, found when it is loaded: tensors, rows, numbers, metadata."""

import json
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import safe_open
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from lightning_latent.errors import UserError

_LONGEST = 200


@contextmanager
def one_line(what: str) -> Iterator[None]:
    """Turn whatever the libraries raise about a model's files, of dozens of kinds, into one line.

    Their own account, a table on standard error, is left out meanwhile.
    """
    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{what}: {reason_of(error)}") from error
    finally:
        logging.set_verbosity(before)


@contextmanager
def blamed_on_config(path: str, make: Callable[[], Any]) -> Iterator[None]:
    """Where a model cannot be loaded, find out whether its `config.json` alone is the reason, and name it then.

    Args:
        path: The model's directory or hub id.
        make: Makes the model by `config.json` and nothing else.
    """
    try:
        yield
    except Exception:
        try:
            make()
        except OSError:  # not there, or not ours, of which transformers says more
            pass
        except Exception as error:
            why = f"no model can be made by it ({reason_of(error)})"
            raise UserError(f"{path}/config.json: {why}; correct it, or save the model again") from error
        raise


def reason_of(error: Exception) -> str:
    r"""What an error says, on one short line.

    >>> reason_of(RuntimeError("Error(s) in loading state_dict for M:\n  size mismatch for a"))
    'size mismatch for a'
    >>> reason_of(KeyError("gelu_old"))
    "KeyError: 'gelu_old'"
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if lines and lines[0].startswith("Error(s) in loading"):
        lines = lines[1:]
    told = " ".join(lines[:2]) if lines and lines[0].endswith(":") else "".join(lines[:1])
    told = told if len(told) <= _LONGEST else f"{told[:_LONGEST]}..."
    return (
        told if isinstance(error, OSError | ValueError | RuntimeError) and told else f"{type(error).__name__}: {told}"
    )


def shown(value: object) -> str:
    """A value as it is written, cut where it is long."""
    written = repr(value)
    return written if len(written) <= _LONGEST // 4 else f"{written[: _LONGEST // 4]}..."


def check_report(report: Mapping[str, Any], *, path: str) -> None:
    """Refuse, by a `UserError`, weights in which a tensor has another shape, is missing, or has no place.

    transformers fills what is missing with random numbers and leaves out what has no place, and goes on.
    """
    if report["mismatched_keys"]:
        name, stored, wanted = min(report["mismatched_keys"])
        raise UserError(
            f"the weights at {path!r}: {name} is {tuple(stored)}, by config.json {tuple(wanted)}; save the whole model "
            "again"
        )
    if report["missing_keys"]:
        raise UserError(f"the weights at {path!r} lack {min(report['missing_keys'])}; save the whole model again")
    if report["unexpected_keys"]:
        spare = min(report["unexpected_keys"])
        raise UserError(f"the weights at {path!r} have {spare}, which is in no such model; save the whole model again")


def check_generation(file: Path | None) -> None:
    """Refuse, by a `UserError`, a `generation_config.json` that is none: transformers goes on as if it was not there.

    Where a model's turn ends stands in it.
    """
    if file is None:
        return
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{file}: not JSON ({reason_of(error)}); save the model again") from None
    if not isinstance(content, dict):
        raise UserError(f"{file}: it is {shown(content)}, not an object; save the model again")
    ends = content.get("eos_token_id")
    if not all(isinstance(end, int) for end in (ends if isinstance(ends, list) else [ends]) if ends is not None):
        raise UserError(
            f"{file}: eos_token_id is {shown(ends)}, neither a token's number nor a list of them; correct it"
        )


def check_finite(model: PreTrainedModel, *, path: str) -> None:
    """Refuse, by a `UserError`, weights among which is a number that is not finite."""
    for name, parameter in model.named_parameters():
        if parameter.numel() and not all(bool(bound.isfinite()) for bound in torch.aminmax(parameter.detach())):
            raise UserError(f"the weights at {path!r}: {name} is not finite; save or fetch the model again")


def not_finite(state: Mapping[str, Any]) -> str | None:
    """The name of a tensor of a state in which a number is not finite; None where there is none."""
    tensors = (
        (name, value) for name, value in state.items() if isinstance(value, Tensor) and value.is_floating_point()
    )
    return next((name for name, value in tensors if not bool(value.isfinite().all())), None)


def check_saved(state: Mapping[str, Any]) -> None:
    """Refuse, by a `UserError`, to save a state in which numbers are lost: nothing is to go on from it."""
    name = not_finite(state)
    if name is not None:
        raise UserError(f"{name} is not finite any more and is not saved; fit again with a lower model.learning_rate")


def check_vocabulary(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, path: str, unread: Container[str | int] = ()
) -> None:
    """Refuse, by a `UserError`, a tokenizer with a token for which the model has no row, unless it is `unread`."""
    rows = cast(Tensor, model.get_input_embeddings().weight).shape[0]
    read = ((token, number) for token, number in tokenizer.get_vocab().items() if token not in unread)
    token, number = max(read, key=lambda item: item[1], default=("", -1))
    if number < 0:
        raise UserError(f"the tokenizer at {path!r} has no tokens; save it again (tokenizer.json)")
    if number >= rows:
        raise UserError(
            f"the tokenizer at {path!r} has {number + 1} tokens, the model {rows} rows, none for {token!r}; save both "
            "together (tokenizer_config.json, config.json: vocab_size)"
        )


def check_adapter(config: object, file: Path | None, *, path: str) -> None:
    """Refuse, by a `UserError`, an adapter's configuration that is none, or weights that are no safetensors."""
    if not isinstance(config, dict):
        raise UserError(f"{path}: adapter_config.json is a {type(config).__name__}, not an object; save it again")
    for key in ("base_model_name_or_path", "revision"):
        if not isinstance(config.get(key), str | None):
            raise UserError(f"{path}: adapter_config.json: {key} is {shown(config[key])}, not a text; correct it")
    if file is None:
        raise UserError(
            f"{path}: there is no adapter_model.safetensors; save the adapter as safetensors, nothing else is read"
        )


def check_adapter_tensors(file: Path, expected: Mapping[str, Tensor], *, path: str) -> None:
    """Refuse, by a `UserError`, low-rank tensors without a place in the model below, or places without a tensor."""
    with safe_open(file, framework="pt") as stored:
        there = {name for name in stored.keys() if "lora_" in name}  # noqa: SIM118  # it is no mapping
    wanted = {name for name in expected if "lora_" in name}
    if there - wanted:
        raise UserError(f"the adapter at {path!r} has {min(there - wanted)}, which has no place in the model below it")
    if wanted - there:
        raise UserError(f"the adapter at {path!r} lacks {min(wanted - there)}; save the whole adapter again")


def what_is_wrong(stored: Mapping[str, Any]) -> str | None:
    """What is wrong with the kinds of a checkpoint's metadata, or None; the keys are those of `LatentMetadata`."""
    for key, kinds in _KINDS.items():
        value = stored.get(key)
        if key in stored and not (isinstance(value, kinds) and isinstance(value, bool) == (kinds is bool)):
            return f"{key} is {shown(value)}, not {_WORDS[kinds]}"
    return None


_Kinds = type | tuple[type, ...]
_NONE = type(None)
_KINDS: dict[str, _Kinds] = {
    "num_latents": int,
    "thought": str,
    "markers": bool,
    "replaced_steps": (int, _NONE),
    "start": (str, int),
    "end": (str, int, _NONE),
    "latent": (str, int),
    "question_end": str,
    "tidy_question": bool,
    "eos_outside": bool,
    "answer_start": str,
    "sayable": (int, _NONE),
    "projection": bool,
}
_WORDS: dict[_Kinds, str] = {
    int: "a whole number",
    str: "a text",
    bool: "true or false",
    (int, _NONE): "a number or null",
    (str, int): "a text or a token's number",
    (str, int, _NONE): "a text, a token's number or null",
}
