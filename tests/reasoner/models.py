"""Tiny models with random weights, and the reference: one uncached forward, written without the package."""

import torch
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    PretrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
)

from lightning_latent.reasoner import LatentMetadata, LatentReasoner, add_markers
from lightning_latent.training.scratch import sentence_tokenizer

NAMES = ("Bob", "Eva", "Tom")
NOUNS = ("brimpus", "dumpus", "gorpus", "lempus", "sterpus", "wumpus", "yumpus")
FAMILIES = ("gpt2", "llama", "qwen2", "qwen3", "mistral", "mistral-sliding")
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


def config(family: str, vocabulary: int, **options) -> PretrainedConfig:
    wide = {  # weights large enough for attention and its errors to show
        "vocab_size": vocabulary,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 24,
        "max_position_embeddings": 96,
        "initializer_range": 0.4,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": 0,
    }
    grouped = {**wide, "num_key_value_heads": 2}
    made = {
        "gpt2": lambda: GPT2Config(
            vocab_size=vocabulary, n_embd=16, n_layer=2, n_head=4, n_positions=96, initializer_range=0.4
        ),
        "llama": lambda: LlamaConfig(**grouped),
        "qwen2": lambda: Qwen2Config(**grouped, tie_word_embeddings=True),
        "qwen3": lambda: Qwen3Config(**grouped, head_dim=6),
        "mistral": lambda: MistralConfig(**grouped, sliding_window=None),
        "mistral-sliding": lambda: MistralConfig(**grouped, sliding_window=5),
    }[family]()
    for name, value in options.items():
        setattr(made, name, value)
    return made


def make_reasoner(
    family: str = "llama", *, dtype: torch.dtype = torch.float64, attention: str = "sdpa", **metadata
) -> LatentReasoner:
    torch.manual_seed(7)
    tokenizer = sentence_tokenizer(names=NAMES, nouns=NOUNS)
    model = AutoModelForCausalLM.from_config(config(family, len(tokenizer)), attn_implementation=attention)
    add_markers(model, tokenizer)
    for table in (model.get_input_embeddings(), model.get_output_embeddings()):
        torch.nn.init.normal_(table.weight, std=0.4)  # else markers and the token they are copied from tie
    said = LatentMetadata(**{"num_latents": LATENTS, **metadata})
    return LatentReasoner(model.to(dtype), tokenizer, said).freeze()


def last_hidden(model: PreTrainedModel, embeds: torch.Tensor, **options) -> torch.Tensor:
    """`[B, L, D]` after the final norm, all columns at once and without a cache."""
    out = model(inputs_embeds=embeds, use_cache=False, output_hidden_states=True, **options)
    return out.hidden_states[-1]


def naive_embeds(reasoner: LatentReasoner, question: str, latents: torch.Tensor | None = None) -> torch.Tensor:
    """Embeddings `[1, L, D]` of question, start, latents and end; latents not given take a forward over all each."""
    model, tokenizer = reasoner.model, reasoner.tokenizer
    table = model.get_input_embeddings()
    ids = tokenizer(question + "\n")["input_ids"] + [tokenizer.convert_tokens_to_ids("<|start-latent|>")]
    embeds = table(torch.tensor([ids]))
    if latents is not None:
        embeds = torch.cat([embeds, latents], dim=1)
    for _ in range(LATENTS if latents is None else 0):
        embeds = torch.cat([embeds, last_hidden(model, embeds)[:, -1:]], dim=1)
    if reasoner.metadata.end is None:
        return embeds
    end = tokenizer.convert_tokens_to_ids("<|end-latent|>")
    return torch.cat([embeds, table(torch.tensor([[end]]))], dim=1)


def naive_decode(reasoner: LatentReasoner, question: str, *, max_new_tokens: int) -> list[int]:
    """Greedy decoding that reads everything again for each token, one question alone."""
    embeds = naive_embeds(reasoner, question)
    new: list[int] = []
    while len(new) < max_new_tokens:
        token = reasoner.model(inputs_embeds=embeds, use_cache=False).logits[0, -1].argmax()
        new.append(int(token))
        if token == reasoner.tokenizer.eos_token_id:
            break
        embeds = torch.cat([embeds, reasoner.model.get_input_embeddings()(token)[None, None]], dim=1)
    return new


def naive_score(
    reasoner: LatentReasoner, question: str, answer: str, latents: torch.Tensor | None = None
) -> tuple[torch.Tensor, int]:
    """Log-likelihood and length of an answer by one forward over everything."""
    tokenizer = reasoner.tokenizer
    ids = torch.tensor([[*tokenizer("### " + answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]])
    embeds = torch.cat([naive_embeds(reasoner, question, latents), reasoner.model.get_input_embeddings()(ids)], dim=1)
    logits = reasoner.model(inputs_embeds=embeds, use_cache=False).logits[:, -ids.shape[1] - 1 : -1]
    return logits.log_softmax(-1).gather(-1, ids[..., None]).sum(), ids.shape[1]
