"""Directories with tiny models of the architectures that configs name, random weights and a tokenizer for any text."""

from pathlib import Path
from typing import Literal

import torch
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

from lightning_latent.training.scratch_text import byte_level_tokenizer

Architecture = Literal["gpt2", "llama", "qwen2", "qwen2-untied"]

TEXT = [
    "How many apples are there? Is it so? What is the price of a cup?\n<<12/60=0.2>>\n<<0.2*50=10>>\n### 10",
    "Every dumpus is a gorpus. Bob is a dumpus. Is Bob a lempus or yumpus?\n### Bob is a lempus.",
    "Would it be possible, in one day, for them?\nA) 1\nB) 2\nC) 3\nD) 4\nE) none of these\n### C) 3",
]


def tokenizer(*, extra: int = 44) -> PreTrainedTokenizerFast:
    """The bytes and a few pairs."""
    return byte_level_tokenizer(TEXT * 2, vocabulary=256 + extra)


def config(architecture: Architecture, vocabulary: int) -> PretrainedConfig:
    ends = {"bos_token_id": 0, "eos_token_id": 0}
    if architecture == "gpt2":
        return GPT2Config(vocab_size=vocabulary, n_embd=16, n_layer=2, n_head=2, n_positions=2048, **ends)
    sizes = {
        "vocab_size": vocabulary,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": architecture != "qwen2-untied",
    }
    return LlamaConfig(**sizes, **ends) if architecture == "llama" else Qwen2Config(**sizes, **ends)


def save_tiny(path: Path, architecture: Architecture, *, chat_template: str | None = None) -> str:
    """Write a model's directory as it would come from the hub, without anything of this package in it."""
    torch.manual_seed(3)
    words = tokenizer()
    words.chat_template = chat_template
    # Like Qwen's, the table is larger than the vocabulary.
    rows = len(words) + (8 if architecture.startswith("qwen2") else 0)
    model = AutoModelForCausalLM.from_config(config(architecture, rows))
    for parameter in model.parameters():  # large enough for differences to show
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(path)
    words.save_pretrained(path)
    return str(path)
