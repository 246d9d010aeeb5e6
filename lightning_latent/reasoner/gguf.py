"""GGUF files: converted once into a directory of the user's cache, which everything else loads."""

import hashlib
import json
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import torch
from huggingface_hub import constants
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedModel

from lightning_latent.errors import UserError
from lightning_latent.reasoner.checks import check_report, one_line
from lightning_latent.reasoner.gguf_header import GgufHeader, read_header
from lightning_latent.reasoner.gguf_tokenizer import make_tokenizer
from lightning_latent.reasoner.markers import CONFIG_KEY

SUFFIX = ".gguf"
_VERSION = 1  # of what is written; another one converts again
_FOREIGN = ("quantization_config", "_pre_quantization_dtype", "_name_or_path", "_model_name_or_path", "dtype")


def converted(file: Path, *, sha256: str | None = None) -> Path:
    """The directory that a file was converted to, now or before.

    It is in `lightning_latent` of Hugging Face's cache (`HF_HOME`, or `XDG_CACHE_HOME`), under the file's name and
    hash, with the weights in the narrowest type that holds all of them exactly. It is there as a whole or not at all,
    also where several processes convert at once. A `latent_reasoning` in a `config.json` beside the file is taken over.

    Args:
        file: The file.
        sha256: Its hash where it is known, such as from a wheel's list of files, against which it is then checked.

    Raises:
        UserError: It cannot be read or converted; see `read_header` and `make_tokenizer`.
    """
    known = sha256 or file_hash(file)
    beside = _metadata_beside(file)
    key = hashlib.sha256(json.dumps([_VERSION, known, beside], sort_keys=True).encode()).hexdigest()
    place = Path(constants.HF_HOME) / "lightning_latent" / f"{file.stem}-{key[:16]}"
    if place.is_dir():
        return place
    if sha256 is not None and file_hash(file) != sha256:
        raise UserError(f"{file} is damaged: it is not the file that was packed; install its package again")
    with one_line(f"cannot write into the cache at {place.parent} (HF_HOME)"):
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        convert(file, partial, metadata=beside)
        partial.chmod(0o755)  # what mkdtemp makes is its owner's alone
        try:
            partial.rename(place)
        except OSError:
            if not place.is_dir():  # else another process was quicker, with the same content
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return place


def convert(file: Path, out: Path, *, metadata: dict[str, Any] | None = None) -> None:
    """Write a file's model and tokenizer as a Hugging Face directory; see `converted`."""
    header = read_header(file)
    tokenizer = make_tokenizer(header, file)
    model = load_weights(file, header)
    if metadata is not None:
        setattr(model.config, CONFIG_KEY, metadata)
    model.generation_config = GenerationConfig(
        bos_token_id=header.begin,
        eos_token_id=header.end,
        pad_token_id=header.end if header.padding is None else header.padding,
    )
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def load_weights(file: Path, header: GgufHeader) -> PreTrainedModel:
    """Load a file's weights, unpacked, into a model that knows nothing of packing.

    Raises:
        UserError: A weight is missing, or the file has one that the model does not take.
    """
    with one_line(f"cannot load a model from {file}"):
        config = AutoConfig.from_pretrained(file.parent, gguf_file=file.name)
        if config.model_type == "gpt2":
            config.n_positions = config.n_ctx  # transformers gives the context a name that the model does not read
        loaded = AutoModelForCausalLM.from_pretrained(
            file.parent,
            gguf_file=file.name,
            config=config,
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # and refused below, with the tensor's name
        )
    packed, report = cast(tuple[PreTrainedModel, dict[str, Any]], loaded)
    check_report(report, path=str(file))
    weights = dict(packed.named_parameters())
    if len(weights) != len(header.tensors):
        raise UserError(
            f"{file} has {len(header.tensors)} tensors, of which a {type(packed).__name__} takes {len(weights)} "
            "(frequencies of rotary embeddings are not supported); use another file of the model"
        )
    stored = {key: value for key, value in packed.config.to_dict().items() if key not in _FOREIGN}
    with torch.device("meta"):
        plain = AutoModelForCausalLM.from_config(AutoConfig.for_model(**stored))
    dtype = narrowest_dtype(list(weights.values()))
    plain.load_state_dict({name: value.to(dtype) for name, value in packed.state_dict().items()}, assign=True)
    plain.tie_weights()
    return plain


def narrowest_dtype(weights: list[Tensor]) -> torch.dtype:
    """The narrowest type that holds float32 weights exactly.

    >>> narrowest_dtype([torch.tensor([0.5, 3.0])]), narrowest_dtype([torch.tensor([0.1])])
    (torch.bfloat16, torch.float32)
    """
    for dtype in (torch.bfloat16, torch.float16):
        if all(torch.equal(weight.to(dtype).float(), weight) for weight in weights):
            return dtype
    return torch.float32


def file_hash(file: Path) -> str:
    """SHA-256 of a file's bytes, read once as long as it does not change."""
    try:
        state = file.stat()
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}; check the path") from None
    return _file_hash(file, state.st_size, state.st_mtime_ns)


@lru_cache
def _file_hash(file: Path, size: int, modified: int) -> str:
    with one_line(f"cannot read {file}"), file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _metadata_beside(file: Path) -> dict[str, Any] | None:
    beside = file.parent / "config.json"
    if not beside.is_file():
        return None
    with one_line(f"cannot read {beside}"):
        return json.loads(beside.read_text(encoding="utf-8")).get(CONFIG_KEY)
