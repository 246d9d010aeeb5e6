"""Load and save latent reasoners as Hugging Face directories."""

import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from lightning_latent.errors import UserError
from lightning_latent.reasoner.checks import (
    blamed_on_config,
    check_adapter,
    check_adapter_tensors,
    check_finite,
    check_generation,
    check_report,
    check_vocabulary,
    one_line,
)
from lightning_latent.reasoner.head import check_head
from lightning_latent.reasoner.markers import (
    LATENT,
    LatentMetadata,
    add_markers,
    fit_vocabulary,
    read_metadata,
    write_metadata,
)
from lightning_latent.reasoner.place import find_file, locate, pin
from lightning_latent.reasoner.projection import FILE as PROJECTION_FILE
from lightning_latent.reasoner.projection import Projection, load_projection, save_projection
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.upstream import quiet_peft

DType = Literal["auto", "float64", "float32", "bfloat16", "float16"]

ADAPTER = "adapter_model.safetensors"
Loaded = tuple[PreTrainedModel, PreTrainedTokenizerBase]


def load_reasoner(
    path: str,
    *,
    num_latents: int | None = None,
    revision: str | None = None,
    dtype: DType = "float32",
    attention: str = "sdpa",
    base: str | None = None,
    trust_remote_code: bool = False,
) -> LatentReasoner:
    """Load a latent reasoner from a directory, a hub id or a PEFT adapter.

    Args:
        path: Directory or hub id of a causal language model, a GGUF file, `embedded:final`, `pip:smollm2`, or an
            adapter, which is merged into the model below it.
        num_latents: Latents at inference; needed only where the checkpoint does not say.
        revision: Commit, tag or branch of a hub id.
        dtype: Type of the weights; `auto` keeps the checkpoint's.
        attention: Attention implementation of transformers: `sdpa`, `eager`, `flash_attention_2`, ...
        base: Model below an adapter, by default the one that the adapter itself names. Whole models do not need it.
        trust_remote_code: Run code that comes with the checkpoint. Off unless you ask.

    Raises:
        UserError: There is nothing at `path`, or it does not say how many latents it thinks.
    """
    named, path = path, locate(path)
    commit = pin(path, revision)
    load = partial(load_model, dtype=dtype, attention=attention, trust_remote_code=trust_remote_code)
    adapter = find_adapter(path, commit=commit)
    if adapter is None:
        model, tokenizer = load(named, revision=commit)
    else:
        below, at = (base, None) if base else (adapter.get("base_model_name_or_path"), adapter.get("revision"))
        if below is None:
            raise UserError(f"the adapter {path!r} does not name the model below it; give base")
        model, tokenizer = _merge_adapter(*load(below, revision=at), path, commit=commit)
    metadata = read_metadata(model.config)
    if num_latents is not None and num_latents < 0:
        raise UserError(f"num_latents is {num_latents}; it must be at least 0")
    if metadata is None:
        if num_latents is None:
            raise UserError(
                f"{named} does not say how many latents it thinks (config.json: latent_reasoning); give num_latents"
            )
        add_markers(model, tokenizer)
        metadata = LatentMetadata(num_latents)
    elif num_latents is not None:
        metadata = metadata._replace(num_latents=num_latents)
    projection = None
    if metadata.projection:
        projection = find_projection(path, commit=commit, hidden_size=model.config.hidden_size, dtype=model.dtype)
    reasoner = LatentReasoner(model, tokenizer, metadata, projection)
    if reasoner.max_positions is not None and reasoner.num_latents >= reasoner.max_positions:
        raise UserError(
            f"num_latents is {reasoner.num_latents}; {path} has a context of {reasoner.max_positions} in all"
        )
    check_head(reasoner)
    return reasoner


def save_reasoner(reasoner: LatentReasoner, path: str | Path) -> None:
    """Save weights (safetensors), configuration with latent metadata and tokenizer as a Hugging Face directory."""
    write_metadata(reasoner.model.config, reasoner.metadata)
    reasoner.model.save_pretrained(path)
    reasoner.tokenizer.save_pretrained(path)
    if reasoner.projection is not None:
        save_projection(reasoner.projection, path)


def find_projection(path: str, *, commit: str | None, hidden_size: int, dtype: torch.dtype) -> Projection:
    """The projection of a directory, or of a hub id at a commit; a `UserError` where there is none."""
    with one_line(f"cannot look for a projection at {path!r}"):
        file = find_file(path, PROJECTION_FILE, commit=commit)
    if file is None:
        raise UserError(f"{path!r} lacks {PROJECTION_FILE}, which its config.json asks for; import or save it again")
    return load_projection(file, hidden_size=hidden_size, dtype=dtype)


def load_model(
    path: str, *, revision: str | None = None, dtype: DType, attention: str, trust_remote_code: bool = False
) -> Loaded:
    """Load a causal language model and its tokenizer as they are; see `load_reasoner`."""
    named, path = path, locate(path)
    commit = pin(path, revision)
    with one_line(f"cannot look for a generation config at {path!r}"):
        check_generation(find_file(path, "generation_config.json", commit=commit))
    made = partial(_make_by_config, path, commit=commit, trust_remote_code=trust_remote_code)
    with one_line(f"cannot load a model from {path!r} with attention {attention}"), blamed_on_config(path, made):
        loaded = AutoModelForCausalLM.from_pretrained(
            path,
            revision=commit or "main",
            dtype=dtype,
            attn_implementation=attention,
            trust_remote_code=trust_remote_code,
            use_safetensors=True,  # never a pickle, which could run code
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # and refused below, with the tensor's name
        )
    model, report = cast(tuple[PreTrainedModel, dict[str, set[str]]], loaded)
    check_report(report, path=path)
    check_finite(model, path=path)
    if model.dtype == torch.float64 and attention == "eager":  # its float32 softmax cannot hold the mask of padding
        raise UserError("attention eager is not exact in float64; use attention sdpa, or dtype float32")
    tokenizer = load_tokenizer(path, commit=commit, trust_remote_code=trust_remote_code)
    metadata = read_metadata(model.config)
    unread = (metadata.latent, LATENT) if metadata is not None and metadata.thought == "hidden" else ()
    check_vocabulary(model, tokenizer, path=path, unread=unread)
    for it in (model, model.config, tokenizer):
        it.name_or_path = named  # an adapter names its base by it, wherever that was converted to
    return model, tokenizer


def _make_by_config(path: str, *, commit: str | None, trust_remote_code: bool) -> None:
    """Make a model without weights, which takes no memory and reads no other file."""
    options: dict[str, Any] = {"trust_remote_code": trust_remote_code}
    config = AutoConfig.from_pretrained(path, revision=commit or "main", **options)
    with torch.device("meta"):
        AutoModelForCausalLM.from_config(config, **options)


def load_tokenizer(path: str, *, commit: str | None = None, trust_remote_code: bool = False) -> PreTrainedTokenizerBase:
    """Load a tokenizer of a directory, or of a hub id at a commit."""
    with one_line(f"cannot load a tokenizer from {path!r}"):
        tokenizer = AutoTokenizer.from_pretrained(path, revision=commit or "main", trust_remote_code=trust_remote_code)
        tokenizer(["Is it?"])  # a value of another kind in its configuration shows only now
        return tokenizer


def load_config(path: str, *, commit: str | None = None) -> PreTrainedConfig:
    """Load the configuration of a directory, or of a hub id at a commit."""
    with one_line(f"cannot load a configuration from {path!r}"):
        return AutoConfig.from_pretrained(path, revision=commit or "main")


def find_adapter(path: str, *, commit: str | None) -> dict[str, Any] | None:
    """The configuration of the PEFT adapter at `path`, or None where there is a whole model or nothing."""
    with one_line(f"cannot look for an adapter at {path!r}"):
        file = find_file(path, "adapter_config.json", commit=commit)
    if file is None:
        return None
    with one_line(f"cannot read {file}"):
        config = json.loads(file.read_text(encoding="utf-8"))
    check_adapter(config, find_file(path, ADAPTER, commit=commit), path=path)
    return config


def _merge_adapter(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: str, *, commit: str | None
) -> Loaded:
    """Merge an adapter into the model below it.

    Its own tokenizer, where it has one, knows of added tokens; its own configuration, of latents.
    """
    from peft import PeftModel, get_peft_model_state_dict  # heavy, and only adapters need it

    with suppress(UserError):
        tokenizer = load_tokenizer(path, commit=commit)
    fit_vocabulary(model, tokenizer)
    with one_line(f"cannot put the adapter {path!r} on {model.name_or_path!r}"), quiet_peft():
        adapted = PeftModel.from_pretrained(model, path, revision=commit or "main")
        stored = find_file(path, ADAPTER, commit=commit)
        assert stored is not None  # as find_adapter has seen
        check_adapter_tensors(stored, get_peft_model_state_dict(adapted, save_embedding_layers=False), path=path)
        merged = adapted.merge_and_unload()
    check_finite(merged, path=path)
    merged.config.name_or_path = path
    with suppress(OSError, ValueError):  # many adapters come without
        metadata = read_metadata(AutoConfig.from_pretrained(path, revision=commit or "main"))
        if metadata is not None:
            write_metadata(merged.config, metadata)
    return merged, tokenizer
