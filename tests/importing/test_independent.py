"""Checkpoints of other sizes, families and options, against uncached forwards of the models that they were made from.

Neither the package's importer nor its reasoner is used for what is expected; adapters are PEFT's.
"""

from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from lightning_latent.importing import import_reasoner
from lightning_latent.reasoner import load_reasoner
from tests.models import config, save_plain

QUESTIONS = ["How many  apples are there? ", "What is the price of 12 cups?\nÉcris “seulement” le nombre.", "Is it so?"]
WORDS = 6


def randomised(model: nn.Module, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:  # large enough for every part to show, small enough for single precision
                parameter.copy_(0.2 * torch.randn_like(parameter))
            else:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


def made(family: str, rows: int, *, seed: int, hidden: int = 16, tied: bool = True):
    settings = config(family, rows, hidden=hidden, positions=128, tie_word_embeddings=tied)
    return randomised(AutoModelForCausalLM.from_config(settings), seed)


@torch.no_grad()
def original(model, before, after, *, num_latents, project=lambda hidden: hidden, sayable=None, end):
    """Latents `[T, D]`, logits `[V]` of the first word and greedy ids, everything read again for each column."""
    table = model.get_input_embeddings()
    embeds = table(torch.tensor([before]))
    latents = []
    for _ in range(num_latents):
        out = model(inputs_embeds=embeds, use_cache=False, output_hidden_states=True)
        latents.append(project(out.hidden_states[-1][:, -1]))
        embeds = torch.cat([embeds, latents[-1][:, None]], dim=1)
    embeds = torch.cat([embeds, table(torch.tensor([after]))], dim=1)
    words, first = [], None
    while len(words) < WORDS and end not in words:
        logits = model(inputs_embeds=embeds, use_cache=False).logits[0, -1]
        first = logits if first is None else first
        words.append(int(logits[:sayable].argmax()))
        embeds = torch.cat([embeds, table(torch.tensor([[words[-1]]]))], dim=1)
    return torch.cat(latents), first, words


@torch.no_grad()
def check(directory, model, encoded, after, **options):
    """The directory's answers to the questions, asked together."""
    reasoner = load_reasoner(str(directory)).freeze()
    assert reasoner.question_ids(QUESTIONS) == encoded and reasoner.closing == after
    rollout = reasoner.rollout(reasoner.encode(QUESTIONS))
    concluded = reasoner.answer_context(rollout)
    rows = reasoner.decode(concluded, max_new_tokens=WORDS)
    for index, before in enumerate(encoded):
        end = reasoner.tokenizer.eos_token_id
        latents, logits, words = original(model, before, after, end=end, **options)
        torch.testing.assert_close(rollout.latents[index], latents, rtol=0, atol=1e-4)
        torch.testing.assert_close(reasoner.logits(concluded.hidden[index])[: len(logits)], logits, rtol=0, atol=1e-3)
        assert rows[index] == words
    return reasoner


COCONUTS = [
    ("gpt2", "", True, 24),
    ("llama", "module.", False, 16),
    ("llama", "_orig_mod.", True, 32),
    ("qwen2", "module._orig_mod.", True, 16),
    ("qwen3", "_fsdp_wrapped_module.", False, 16),
]


@pytest.mark.parametrize(("family", "wrapper", "tied", "hidden"), COCONUTS)
def test_coconut(family, wrapper, tied, hidden, tmp_path):
    base = save_plain(tmp_path / "base", family)
    tokenizer = AutoTokenizer.from_pretrained(base)
    words = len(tokenizer)  # of Qwen's, fewer than the base has rows
    model = made(family, words + 3, seed=5, hidden=hidden, tied=tied)
    adapt_base(base, hidden=hidden, tied=tied)
    state = {f"{wrapper}base_causallm.{name}": value for name, value in model.state_dict().items()}
    state[f"{wrapper}embedding.weight"] = model.get_input_embeddings().weight.detach()
    torch.save(state, tmp_path / "checkpoint_7")
    import_reasoner(str(tmp_path / "checkpoint_7"), format="coconut", base=base, num_latents=3, out=tmp_path / "new")
    encoded = [[*tokenizer(question + "\n")["input_ids"], words] for question in QUESTIONS]
    check(tmp_path / "new", model, encoded, [words + 1], num_latents=3)


def adapt_base(base, *, hidden, tied):
    """Give the base's configuration the sizes of the checkpoint."""
    settings = AutoConfig.from_pretrained(base)
    settings.hidden_size, settings.tie_word_embeddings = hidden, tied
    settings.max_position_embeddings = 128
    if settings.model_type == "llama":
        settings.head_dim = hidden // settings.num_attention_heads
    settings.save_pretrained(base)
    Path(base, "model.safetensors").unlink()  # weights of a base are not needed


@pytest.mark.parametrize("shape", ["row", "vector"])
@torch.no_grad()
def test_a_pause_that_is_no_row_of_the_embeddings(shape, tmp_path):
    base = save_plain(tmp_path / "base", "gpt2")
    adapt_base(base, hidden=16, tied=True)
    tokenizer = AutoTokenizer.from_pretrained(base)
    words = len(tokenizer)
    model = made("gpt2", words + 3, seed=6)
    pause = torch.randn(1, 1, 16) if shape == "row" else torch.randn(16)
    state = {f"base_causallm.{name}": value for name, value in model.state_dict().items()}
    torch.save({**state, "pause_embedding": pause}, tmp_path / "checkpoint_7")
    import_reasoner(str(tmp_path / "checkpoint_7"), format="coconut", base=base, num_latents=2, out=tmp_path / "new")
    encoded = [[*tokenizer(question + "\n")["input_ids"], words] for question in QUESTIONS]
    reasoner = check(
        tmp_path / "new", model, encoded, [words + 1], num_latents=2, project=lambda hidden: pause.reshape(1, 16),
        sayable=words + 3,
    )  # fmt: skip
    assert reasoner.metadata.thought == "pause"


CODIS = [
    ("gpt2", {"norm": True, "width": 20, "rank": 3, "alpha": 12, "eos": False}),
    ("llama", {"norm": False, "width": 40, "rank": 2, "alpha": 1, "eos": True}),
    ("qwen2", {"norm": True, "width": 16, "rank": 4, "alpha": 8, "eos": False}),
    ("gpt2", {"norm": True, "width": None, "rank": 3, "alpha": 5, "eos": True}),
    ("llama", {"norm": True, "width": 24, "rank": None, "alpha": None, "eos": False}),
]
TARGETS = ["c_attn", "c_proj", "c_fc", "q_proj", "k_proj", "v_proj", "o_proj", "up_proj", "down_proj", "gate_proj"]


@pytest.mark.parametrize(("family", "options"), CODIS)
def test_codi(family, options, tmp_path):
    base = save_plain(tmp_path / "base", family)
    adapt_base(base, hidden=16, tied=True)
    tokenizer = AutoTokenizer.from_pretrained(base)
    known = AutoConfig.from_pretrained(base).vocab_size
    assert (known > len(tokenizer)) == (family == "qwen2")
    model = made(family, known + 3, seed=8)
    if options["rank"]:
        model = adapted(model, family, rank=options["rank"], alpha=options["alpha"])
    state = {f"codi.{name}": value for name, value in model.state_dict().items()}
    project = nn.Identity()
    if options["width"]:
        layers = [nn.Dropout(0.0), nn.Linear(16, options["width"]), nn.GELU(), nn.Linear(options["width"], 16)]
        project = nn.Sequential(*layers)
        if options["norm"]:
            project.add_module("ln", nn.LayerNorm(16))
        randomised(project, 9)
        state |= {f"prj.{name}": value for name, value in project.state_dict().items()}
    torch.save(state, tmp_path / "pytorch_model.bin")
    import_reasoner(
        str(tmp_path / "pytorch_model.bin"),
        format="codi",
        base=base,
        num_latents=4,
        lora_alpha=options["alpha"],
        remove_eos=not options["eos"],
        out=tmp_path / "new",
    )
    eos = [tokenizer.eos_token_id] if options["eos"] else []
    tidy = [question.strip().replace("  ", " ") for question in QUESTIONS]
    encoded = [[*tokenizer(question)["input_ids"], *eos, known + 1] for question in tidy]
    reasoner = check(
        tmp_path / "new", model, encoded, [known + 2, *eos], num_latents=4, project=project, sayable=known + 2
    )
    assert (reasoner.projection is None) == (options["width"] is None)


def adapted(model, family, *, rank, alpha):
    peft = pytest.importorskip("peft")
    lora = peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=rank,
        lora_alpha=alpha,
        target_modules=TARGETS,
        fan_in_fan_out=family == "gpt2",
        init_lora_weights=False,
    )
    return peft.get_peft_model(model, lora).eval()
