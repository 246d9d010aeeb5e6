"""Tiny GGUF files, written as llama.cpp's converter writes them."""

from pathlib import Path

import gguf
import numpy as np
import torch
from transformers import AutoModelForCausalLM, Gemma3TextConfig, PreTrainedModel
from transformers.convert_slow_tokenizer import bytes_to_unicode

from tests.models import config

MERGES = ("Ġ a", "Ġ t", "h e", "Ġt he", "p p", "1 2", "l e", "Ġa pp", "Ġapp le", "Ċ Ċ", "Ġ Ġ", "M a", "Ma x", "u s")
CONTROLS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TOKENS = (*CONTROLS, *bytes_to_unicode().values(), *dict.fromkeys(merge.replace(" ", "") for merge in MERGES))
GEMMA = Gemma3TextConfig(
    vocab_size=len(TOKENS),
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=8,
    intermediate_size=24,
    max_position_embeddings=64,
    sliding_window=8,
)
TEMPLATE = "{% for message in messages %}{{ message.content }}{% endfor %}"


def tiny_model(family: str) -> PreTrainedModel:
    """Random weights, large enough for differences to show."""
    torch.manual_seed(4)
    made = GEMMA if family == "gemma3" else config(family, len(TOKENS), positions=64)
    model = AutoModelForCausalLM.from_config(made)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, mean=float(parameter.dim() == 1), std=0.2)
    return model.eval()


def write_gguf(
    path: Path,
    model: PreTrainedModel,
    *,
    split: str | None = "smollm",
    architecture: str | None = None,
    tokens: bool = True,
    merges: tuple[str, ...] = MERGES,
    more: dict[str, np.ndarray] | None = None,
) -> Path:
    """Write a model and a byte-level tokenizer."""
    family, made = model.config.model_type.removesuffix("_text"), model.config
    writer = gguf.GGUFWriter(path, architecture or family)
    writer.add_block_count(made.num_hidden_layers)
    writer.add_context_length(made.max_position_embeddings)
    writer.add_embedding_length(made.hidden_size)
    writer.add_head_count(made.num_attention_heads)
    if family == "gpt2":
        writer.add_layer_norm_eps(made.layer_norm_epsilon)
        writer.add_feed_forward_length(4 * made.hidden_size)
    else:
        writer.add_feed_forward_length(made.intermediate_size)
        writer.add_head_count_kv(made.num_key_value_heads)
        writer.add_layer_norm_rms_eps(made.rms_norm_eps)
        parameters = made.rope_parameters
        writer.add_rope_freq_base(parameters.get("full_attention", parameters)["rope_theta"])
        if family == "gemma3":
            writer.add_key_length(made.head_dim)
            writer.add_value_length(made.head_dim)
            writer.add_sliding_window(made.sliding_window)
        if family == "llama":
            writer.add_rope_dimension_count(made.hidden_size // made.num_attention_heads)
    writer.add_tokenizer_model("gpt2")
    if split is not None:
        writer.add_tokenizer_pre(split)
    if tokens:
        writer.add_token_list(TOKENS)
        writer.add_token_types([3] * len(CONTROLS) + [1] * (len(TOKENS) - len(CONTROLS)))
    writer.add_token_merges(list(merges))
    for name, number in (("unk", 0), ("bos", 1), ("eos", 2), ("pad", 2)):
        getattr(writer, f"add_{name}_token_id")(number)
    writer.add_chat_template(TEMPLATE)
    for name, tensor in {**_tensors(model, family), **(more or {})}.items():
        writer.add_tensor(name, np.ascontiguousarray(tensor))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _tensors(model: PreTrainedModel, family: str) -> dict[str, np.ndarray]:
    architecture = next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == family)
    names = gguf.get_tensor_name_map(architecture, model.config.num_hidden_layers)
    tensors = {}
    for name, value in model.named_parameters():
        stem, _, suffix = name.rpartition(".")
        if family == "gpt2" and value.dim() == 2 and (".c_" in name):
            value = value.T  # its layers are transposed
        if family == "llama" and stem.endswith(("q_proj", "k_proj")):  # halves of a rotation become neighbours
            heads = model.config.num_attention_heads if "q_proj" in stem else model.config.num_key_value_heads
            value = value.reshape(heads, 2, -1, value.shape[1]).swapaxes(1, 2).reshape(value.shape)
        if family == "gemma3" and value.dim() == 1:
            value = value + 1  # its norms count from one
        tensors[f"{names.get_name(stem)}.{suffix}"] = value.detach().numpy()
    return tensors
