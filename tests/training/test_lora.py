"""Adapters inside a model: what is trained, and that merging, saving and loading change nothing."""

import copy
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from transformers import AutoModelForCausalLM

from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentMetadata, LatentReasoner, load_reasoner
from lightning_latent.training import PretrainedBase
from lightning_latent.training.base import Base
from lightning_latent.training.export import save_trained
from tests.models import save_plain

# Transposed layers; a table larger than the vocabulary, tied to the head and not.
ARCHITECTURES = ("gpt2", "qwen2", "qwen2-untied")
QUESTIONS = ["How many apples are there?", "Is it so?"]


class Trained(NamedTuple):
    reasoner: LatentReasoner
    built: Base

    def save(self, path: Path, lora: str) -> str:
        save_trained(self.built, self.reasoner, path, lora=lora)
        return str(path)


@pytest.fixture(params=ARCHITECTURES)
def directory(request, tmp_path):
    return save_plain(tmp_path / "base", request.param.removesuffix("-untied"), tied="untied" not in request.param)


def trained(directory: str, **options) -> Trained:
    """A reasoner whose adapters are anything but zero."""
    torch.manual_seed(5)
    built = PretrainedBase(path=directory, lora_rank=2, lora_alpha=4.0, **options).build()
    with torch.no_grad():
        for parameter in built.model.parameters():
            if parameter.requires_grad:
                parameter += 0.2 * torch.randn_like(parameter)
    return Trained(LatentReasoner(built.model, built.tokenizer, LatentMetadata(num_latents=2)).eval(), built)


@torch.no_grad()
def think(reasoner: LatentReasoner) -> tuple[torch.Tensor, torch.Tensor]:
    rollout = reasoner.eval().rollout(reasoner.encode(QUESTIONS))
    context = reasoner.answer_context(rollout)
    return rollout.latents, reasoner.logits(context.hidden)


def assert_same(left: LatentReasoner, right: LatentReasoner, *, atol: float = 1e-4) -> None:
    for one, other in zip(think(left), think(right), strict=True):
        torch.testing.assert_close(one, other, atol=atol, rtol=min(atol, 1e-4))


def test_the_model_keeps_its_class_and_its_answers(directory):
    plain = AutoModelForCausalLM.from_pretrained(directory)
    model, tokenizer, _ = PretrainedBase(path=directory, lora_rank=2).build()
    assert type(model) is type(plain)
    ids = torch.tensor([tokenizer("How many?")["input_ids"]])
    words = len(tokenizer) - 3  # the markers are new
    torch.testing.assert_close(
        model.eval()(input_ids=ids).logits[..., :words], plain(input_ids=ids).logits[..., :words]
    )


def test_only_adapters_and_markers_are_trained_and_all_of_them_are(directory):
    reasoner, _ = trained(directory)
    names = [name for name, parameter in reasoner.model.named_parameters() if parameter.requires_grad]
    assert all("lora_" in name or "trainable_tokens" in name for name in names)
    untied = not reasoner.model.config.tie_word_embeddings
    assert sum("trainable_tokens" in name for name in names) == 1 + untied
    context = reasoner.answer_context(reasoner.rollout(reasoner.encode(QUESTIONS)))
    (-reasoner.score(context, ["10", "no"])[0].sum()).backward()
    for name, parameter in reasoner.model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad.abs().sum() > 0, name
        else:
            assert parameter.grad is None, name


def test_marker_rows_learn_one_by_one_and_no_other_row_moves(directory, tmp_path):
    it = trained(directory)
    base = AutoModelForCausalLM.from_pretrained(directory).get_input_embeddings().weight
    ids = [it.reasoner.start_id, it.reasoner.end_id, it.reasoner.latent_id]
    table = load_reasoner(it.save(tmp_path / "merged", "merged")).model.get_input_embeddings().weight
    others = [row for row in range(base.shape[0]) if row not in ids]
    assert torch.equal(table[others], base[others])
    assert len({tuple(table[row].tolist()) for row in ids}) == 3


def test_what_is_merged_computes_the_same_is_as_any_other_and_leaves_the_adapters_alone(directory, tmp_path):
    it = trained(directory)
    before = copy.deepcopy(it.reasoner.model.state_dict())
    loaded = load_reasoner(it.save(tmp_path / "merged", "merged"))
    assert all(torch.equal(value, before[name]) for name, value in it.reasoner.model.state_dict().items())
    assert loaded.model.state_dict().keys() == AutoModelForCausalLM.from_pretrained(directory).state_dict().keys()
    assert loaded.metadata == it.reasoner.metadata
    assert loaded.model.config.tie_word_embeddings == it.reasoner.model.config.tie_word_embeddings
    assert_same(loaded, it.reasoner)


def test_a_saved_adapter_is_small_and_loads_on_its_base(directory, tmp_path):
    it = trained(directory)
    loaded = load_reasoner(it.save(tmp_path / "adapter", "adapter"))
    assert [path.name for path in (tmp_path / "adapter").glob("*.safetensors")] == ["adapter_model.safetensors"]
    assert loaded.metadata == it.reasoner.metadata
    assert_same(loaded, it.reasoner)


def test_half_precision_below_adapters_in_float32(directory, tmp_path):
    it = trained(directory, dtype="bfloat16")
    types = {parameter.requires_grad: parameter.dtype for parameter in it.reasoner.model.parameters()}
    assert types == {True: torch.float32, False: torch.bfloat16}
    assert it.reasoner.dtype == torch.bfloat16
    merged = load_reasoner(it.save(tmp_path / "merged", "merged"), dtype="auto")
    assert {parameter.dtype for parameter in merged.model.parameters()} == {torch.bfloat16}
    assert_same(merged, it.reasoner, atol=0.5)
    # What a loaded adapter gives is what was merged here.
    adapter = load_reasoner(it.save(tmp_path / "adapter", "adapter"), dtype="bfloat16")
    assert_same(adapter, merged, atol=0.0)


@pytest.mark.filterwarnings("error")
def test_nobody_is_warned_of_what_only_peft_can_mend(tmp_path):
    it = trained(save_plain(tmp_path / "base", "llama"))
    load_reasoner(it.save(tmp_path / "merged", "merged"))
    load_reasoner(it.save(tmp_path / "adapter", "adapter"))


def test_layers_that_are_not_there_are_one_line(tmp_path):
    directory = save_plain(tmp_path / "base", "llama")
    with pytest.raises(UserError, match=r"base\.lora_targets \['nope'\]: [^\n]+$"):
        PretrainedBase(path=directory, lora_rank=2, lora_targets=["nope"]).build()
