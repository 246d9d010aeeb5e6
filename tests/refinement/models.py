"""Tiny reasoners with random weights: a base and two references of it, questions, and a trainer that says nothing."""

from pathlib import Path
from typing import Any

import lightning as L
import torch
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig

from lightning_latent.callbacks import ContrastiveFeedback
from lightning_latent.data import GeneratedProsQA, LatentDataModule, ProsQA
from lightning_latent.data.example import Example
from lightning_latent.reasoner import LatentMetadata, LatentReasoner, add_markers, save_reasoner
from lightning_latent.refinement import LatentMap, LatentRefinement, Learned
from lightning_latent.refinement.reference import Reference
from lightning_latent.training.scratch import sentence_tokenizer
from tests.models import make_projection

LATENTS = 3
NAMES = ("Bob", "Eva", "Tom")
NOUNS = ("brimpus", "dumpus", "gorpus", "lempus", "sterpus", "wumpus", "yumpus", "zumpus")
GRAPHS: dict[str, Any] = {"num_nodes": 8, "min_hops": 2, "names": NAMES, "nouns": NOUNS}

# Of different lengths, so that a batch is padded.
QUESTIONS = [
    "Every dumpus is a gorpus. Bob is a dumpus. Every gorpus is a lempus. Is Bob a lempus or yumpus?",
    "Is Tom a gorpus or lempus?",
    "Eva is a wumpus. Every wumpus is a yumpus. Is Eva a yumpus or dumpus?",
]
EXAMPLES = [
    Example(f"q/{index}", question, (), answer)
    for index, (question, answer) in enumerate(
        zip(QUESTIONS, ["Bob is a lempus.", "gorpus.", "Eva is a yumpus. Eva is a yumpus."], strict=True)
    )
]


class RawText(ProsQA):
    """Random weights give no proper answers: take all they say, and call it right or wrong by a coin of its letters."""

    max_new_tokens = 4

    def extract(self, text: str) -> str:
        return text

    def matches(self, prediction: str, gold: str) -> bool:
        return sum(map(ord, prediction + gold)) % 2 == 0


def make_reasoner(
    seed: int = 0,
    *,
    family: str = "gpt2",
    dtype: torch.dtype = torch.float64,
    hidden: int = 16,
    positions: int = 96,
    nouns: tuple[str, ...] = NOUNS,
    **metadata: Any,
) -> LatentReasoner:
    """GPT-2 computes in float64 throughout; Llama's normalisation is in float32 whatever the weights are."""
    torch.manual_seed(seed)
    tokenizer = sentence_tokenizer(names=NAMES, nouns=nouns)
    common = {"vocab_size": len(tokenizer), "bos_token_id": 0, "eos_token_id": 0, "initializer_range": 0.4}
    if family == "gpt2":
        config = GPT2Config(**common, n_embd=hidden, n_layer=2, n_head=2, n_positions=positions)
    else:
        config = LlamaConfig(
            **common,
            hidden_size=hidden,
            intermediate_size=24,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=positions,
        )
    model = AutoModelForCausalLM.from_config(config)
    add_markers(model, tokenizer)
    for table in (model.get_input_embeddings(), model.get_output_embeddings()):
        torch.nn.init.normal_(table.weight, std=0.4)  # else markers and the token they are copied from tie
    said = LatentMetadata(**{"num_latents": LATENTS, **metadata})
    projection = make_projection(hidden).to(dtype) if said.projection else None
    return LatentReasoner(model.to(dtype), tokenizer, said, projection).freeze()


def save_all(directory: Path) -> None:
    """A base and its strong and weak references, the weak one without markers, like a chain-of-thought model."""
    for seed, name in enumerate(("base", "strong", "weak")):
        save_reasoner(make_reasoner(seed, dtype=torch.float32, markers=name != "weak"), directory / name)


def make_feedback(strong: LatentReasoner | None, weak: LatentReasoner | None, **options: Any) -> ContrastiveFeedback:
    """The callback with references that are there already; None for one that is not given."""
    feedback = ContrastiveFeedback(**options)
    given = {"strong": strong, "weak": weak}
    feedback.references = {role: Reference(model) for role, model in given.items() if model is not None}
    return feedback


def load_feedback(directory: Path, **options: Any) -> ContrastiveFeedback:
    """The callback that will load its references."""
    return ContrastiveFeedback(strong=str(directory / "strong"), weak=str(directory / "weak"), **options)


def make_learned(learned: Learned, reasoner: LatentReasoner, *, std: float = 0.3) -> Learned:
    """One that has learned something about a reasoner."""
    for parameter in learned.build(reasoner).parameters():
        torch.nn.init.normal_(parameter, std=std)
    return learned


def make_map(rank: int = 2, *, std: float = 0.3) -> LatentMap:
    """A map that has learned something."""
    learned = LatentMap(rank=rank)
    make_learned(learned, make_reasoner(), std=std)
    return learned


def make_module(directory: Path, **options: Any) -> LatentRefinement:
    options = {"reasoner": str(directory / "base"), "dtype": "float64", "benchmark": RawText(), **options}
    return LatentRefinement(**options)


def ready(module: LatentRefinement, directory: Path, *callbacks: L.Callback) -> LatentRefinement:
    """What the trainer does before it asks for answers."""
    module.trainer = make_trainer(directory, callbacks=list(callbacks))
    module.setup("validate")
    module.configure_model()
    return module


def make_data(*, train: int = 8, validation: int = 5, batch_size: int = 2) -> LatentDataModule:
    return LatentDataModule(
        benchmark=RawText(),
        train=GeneratedProsQA(size=train, **GRAPHS),
        validation=GeneratedProsQA(size=validation, split="evaluation", **GRAPHS),
        test=GeneratedProsQA(size=validation, split="evaluation", seed=1, **GRAPHS),
        batch_size=batch_size,
        eval_batch_size=batch_size,
        shuffle_buffer=0,
    )


def make_trainer(directory: Path, **options: Any) -> L.Trainer:
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    quiet |= {"enable_model_summary": False, "num_sanity_val_steps": 0, "inference_mode": False, "max_epochs": 1}
    return L.Trainer(**{**quiet, "accelerator": "cpu", "devices": 1, **options}, default_root_dir=directory)
