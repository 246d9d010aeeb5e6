"""Tiny models with random weights: reasoners that read ProsQA's sentences, and directories as the hub has them."""

from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

from lightning_latent.reasoner import LatentMetadata, LatentReasoner, add_markers
from lightning_latent.reasoner.projection import Projection
from lightning_latent.training.scratch import byte_level_tokenizer, sentence_tokenizer

FAMILIES = ("gpt2", "llama", "qwen2", "qwen3", "mistral-sliding")
NAMES = ("Bob", "Eva", "Tom")
NOUNS = ("brimpus", "dumpus", "gorpus", "lempus", "sterpus", "wumpus", "yumpus")
LATENTS = 3

# Of many different lengths; the third is the shortest by far.
QUESTIONS = [
    "Every dumpus is a gorpus. Bob is a dumpus. Every gorpus is a lempus. Is Bob a lempus or yumpus?",
    "Eva is a wumpus. Every wumpus is a yumpus. Is Eva a yumpus or dumpus?",
    "Is Tom a gorpus or lempus?",
    "Tom is a sterpus. Every sterpus is a brimpus. Every brimpus is a wumpus. Every wumpus is a dumpus. "
    "Every lempus is a gorpus. Every gorpus is a yumpus. Is Tom a dumpus or yumpus?",
    "Bob is a yumpus. Is Bob a yumpus or wumpus?",
]
ANSWERS = ["Bob is a lempus.", "Eva is a yumpus. Eva is a yumpus.", "gorpus.", "Tom is a dumpus.", "Bob is a yumpus."]

_TEXT = [
    "How many apples are there? Is it so? What is the price of a cup?\n<<12/60=0.2>>\n<<0.2*50=10>>\n### 10",
    "Every dumpus is a gorpus. Bob is a dumpus. Is Bob a lempus or yumpus?\n### Bob is a lempus.",
    "Would it be possible, in one day, for them?\nA) 1\nB) 2\nC) 3\nD) 4\nE) none of these\n### C) 3",
]


def config(family: str, vocabulary: int, *, hidden: int = 16, positions: int = 96, **options: Any) -> PreTrainedConfig:
    """Two layers; of the sliding ones, each looks back over five columns only."""
    # Weights large enough for attention and its errors to show.
    common = {"vocab_size": vocabulary, "bos_token_id": 0, "eos_token_id": 0, "initializer_range": 0.4}
    sizes = {
        "hidden_size": hidden,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": positions,
    }
    match family:
        case "gpt2":
            return GPT2Config(**common, n_embd=hidden, n_layer=2, n_head=4, n_positions=positions, **options)
        case "llama":
            return LlamaConfig(**{**common, **sizes, **options})
        case "qwen2":
            return Qwen2Config(**{**common, **sizes, "tie_word_embeddings": True, **options})
        case "qwen3":
            return Qwen3Config(**{**common, **sizes, "head_dim": 6, **options})
        case "mistral-sliding":
            return MistralConfig(**{**common, **sizes, "sliding_window": 5, **options})
    raise ValueError(family)


def words(nouns: tuple[str, ...] = NOUNS) -> PreTrainedTokenizerFast:
    """A tokenizer for the questions above."""
    return sentence_tokenizer(names=NAMES, nouns=nouns)


def make_reasoner(
    family: str = "llama",
    *,
    seed: int = 7,
    dtype: torch.dtype = torch.float64,
    attention: str = "sdpa",
    hidden: int = 16,
    positions: int = 96,
    nouns: tuple[str, ...] = NOUNS,
    **metadata: Any,
) -> LatentReasoner:
    """GPT-2 computes in float64 throughout; the others' normalisation is in float32 whatever the weights are."""
    torch.manual_seed(seed)
    tokenizer = words(nouns)
    made = config(family, len(tokenizer), hidden=hidden, positions=positions)
    model = AutoModelForCausalLM.from_config(made, attn_implementation=attention)
    add_markers(model, tokenizer)
    for table in (model.get_input_embeddings(), model.get_output_embeddings()):
        torch.nn.init.normal_(table.weight, std=0.4)  # else markers and the token they are copied from tie
    said = LatentMetadata(**{"num_latents": LATENTS, **metadata})
    projection = make_projection(hidden).to(dtype) if said.projection else None
    return LatentReasoner(model.to(dtype), tokenizer, said, projection).freeze()


def make_projection(hidden: int, *, norm: bool = True) -> Projection:
    """Weights large enough for every part to show."""
    projection = Projection(hidden_size=hidden, width=24, norm=norm)
    for parameter in projection.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return projection


def save_plain(path: Path, family: str, *, tied: bool = True, chat_template: str | None = None) -> str:
    """Write a directory as it would come from the hub: any text, a long context, nothing of this package in it."""
    torch.manual_seed(3)
    tokenizer = byte_level_tokenizer(_TEXT * 2, vocabulary=300)  # the bytes and a few pairs
    tokenizer.chat_template = chat_template
    # Like Qwen's, the table is larger than the vocabulary.
    rows = len(tokenizer) + (8 if family == "qwen2" else 0)
    model = AutoModelForCausalLM.from_config(config(family, rows, positions=2048, tie_word_embeddings=tied))
    for parameter in model.parameters():  # large enough for differences to show
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return str(path)
