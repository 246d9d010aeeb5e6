"""Small language models with random weights."""

from typing import Literal

import torch
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

Family = Literal["gpt2", "llama"]


def random_model(
    tokenizer: PreTrainedTokenizerBase,
    *,
    family: Family,
    hidden_size: int,
    num_layers: int,
    num_heads: int,
    max_positions: int,
    attention: Literal["sdpa", "eager"],
) -> PreTrainedModel:
    """A model for a tokenizer's vocabulary, in float32, its weights drawn from torch's global generator.

    Args:
        tokenizer: The tokenizer; its end-of-sequence token ends and begins sequences.
        family: Architecture.
        hidden_size: Width D.
        num_layers: Layers.
        num_heads: Attention heads.
        max_positions: Longest sequence, latents and answer included.
        attention: Attention implementation while training.
    """
    make = gpt2_config if family == "gpt2" else llama_config
    config = make(
        len(tokenizer),
        hidden_size=hidden_size,
        num_layers=num_layers,
        num_heads=num_heads,
        max_positions=max_positions,
        eos_token_id=tokenizer.eos_token_id,
    )
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation=attention)


def gpt2_config(
    vocabulary: int, *, hidden_size: int, num_layers: int, num_heads: int, max_positions: int, eos_token_id: int
) -> PretrainedConfig:
    """GPT-2 without dropout, which small models trained for few epochs do not need."""
    return GPT2Config(
        vocab_size=vocabulary,
        n_positions=max_positions,
        n_embd=hidden_size,
        n_layer=num_layers,
        n_head=num_heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=eos_token_id,
        eos_token_id=eos_token_id,
    )


def llama_config(
    vocabulary: int, *, hidden_size: int, num_layers: int, num_heads: int, max_positions: int, eos_token_id: int
) -> PretrainedConfig:
    """Llama with tied embeddings and the customary width of the feed-forward layers, 8/3 of D."""
    return LlamaConfig(
        vocab_size=vocabulary,
        max_position_embeddings=max_positions,
        hidden_size=hidden_size,
        intermediate_size=hidden_size * 8 // 3 // 16 * 16,
        num_hidden_layers=num_layers,
        num_attention_heads=num_heads,
        tie_word_embeddings=True,
        bos_token_id=eos_token_id,
        eos_token_id=eos_token_id,
    )
