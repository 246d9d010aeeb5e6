"""Bases from directories, and a run of training on each kind."""

from pathlib import Path

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentMetadata, load_reasoner
from lightning_latent.training import ExportReasoners, PretrainedBase
from tests.models import save_plain

from .small import data, module, trainer

LORA = {"lora_rank": 2, "lora_alpha": 4.0}


def test_a_whole_model_is_loaded_as_it_is(tmp_path):
    model, tokenizer, adapters = PretrainedBase(path=save_plain(tmp_path, "gpt2")).build()
    assert adapters is None
    assert type(model).__name__ == "GPT2LMHeadModel"
    assert model.dtype == torch.float32 and all(parameter.requires_grad for parameter in model.parameters())
    assert "<|latent|>" not in tokenizer.get_vocab()  # training adds the markers


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "no/such/place"}, "no model at 'no/such/place'"),
        ({"path": "somewhere", "lora_rank": 0}, "base.lora_rank is 0"),
        ({"path": "somewhere", "dtype": "bfloat16"}, "base.dtype bfloat16 is too coarse"),
    ],
)
def test_bad_input_is_one_line(options, message):
    with pytest.raises(UserError, match=message) as error:
        PretrainedBase(**options).build()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("options", [{}, LORA, {**LORA, "dtype": "bfloat16"}])
def test_a_curriculum_runs_and_leaves_reasoners_that_load(tmp_path, options):
    base = PretrainedBase(path=save_plain(tmp_path / "base", "llama"), **options)
    trained = module(base=base)
    trainer(tmp_path, ExportReasoners(weak_epoch=1), limit_val_batches=0).fit(trained, data())
    for name, (latents, replaced) in {"weak": (0, 0), "final": (1, None)}.items():
        loaded = load_reasoner(str(tmp_path / "reasoners" / name), dtype="auto")
        assert loaded.metadata == LatentMetadata(num_latents=latents, replaced_steps=replaced)
        assert (loaded.dtype == torch.bfloat16) == (options.get("dtype") == "bfloat16")
    start = torch.tensor([loaded.start_id])
    assert torch.equal(loaded.embed(start), trained.reasoner.embed(start))


def test_adapters_may_be_saved_alone(tmp_path):
    base = PretrainedBase(path=save_plain(tmp_path / "base", "qwen2"), **LORA)
    trainer(tmp_path, ExportReasoners(lora="adapter")).fit(module(base=base), data())
    final = tmp_path / "reasoners" / "final"
    assert sorted(path.name for path in final.glob("*.safetensors")) == ["adapter_model.safetensors"]
    assert load_reasoner(str(final)).num_latents == 1


def test_checkpoints_below_adapters_leave_the_base_out_and_resume(tmp_path):
    base = PretrainedBase(path=save_plain(tmp_path / "base", "llama"), **LORA)
    whole = trainer(tmp_path, max_epochs=3)
    torch.manual_seed(0)
    first = module(base=base)
    whole.fit(first, data())

    torch.manual_seed(0)
    saver = ModelCheckpoint(dirpath=tmp_path / "checkpoints", save_last=True)
    trainer(tmp_path, saver, max_epochs=1).fit(module(base=base), data())
    last = tmp_path / "checkpoints" / "last.ckpt"
    names = torch.load(last, weights_only=True)["state_dict"].keys()
    assert names and all("lora_" in name or "trainable_tokens" in name for name in names)

    second = module(base=base)
    trainer(tmp_path, max_epochs=3).fit(second, data(), ckpt_path=str(last))
    for (name, one), other in zip(first.named_parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(one, other, msg=name)


def test_training_goes_on_from_a_reasoner(tmp_path: Path):
    base = PretrainedBase(path=save_plain(tmp_path / "base", "llama"))
    trainer(tmp_path, ExportReasoners(), max_epochs=1).fit(module(base=base), data())
    again = module(base=PretrainedBase(path=str(tmp_path / "reasoners" / "final"), **LORA))
    trainer(tmp_path / "again", ExportReasoners()).fit(again, data())
    assert load_reasoner(str(tmp_path / "again" / "reasoners" / "final")).num_latents == 1
