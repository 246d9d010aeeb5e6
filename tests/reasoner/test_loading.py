"""Directories, adapters and what is neither."""

import json
import shutil

import pytest
import torch
from transformers import AutoModelForCausalLM

from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentMetadata, load_reasoner, save_reasoner
from lightning_latent.reasoner.identity import weights_hash
from tests.models import QUESTIONS, config, make_reasoner, save_plain, words
from tests.reasoner.naive import last_hidden


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A directory with a latent reasoner. Tests that change it copy it first."""
    path = tmp_path_factory.mktemp("saved") / "reasoner"
    save_reasoner(make_reasoner("llama", dtype=torch.float32, num_latents=2), path)
    return path


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def rewrite(path, **changes) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in {**content, **changes}.items() if value is not None}))


def refusal(path, **arguments) -> str:
    """The message of the `UserError`, checked to be one line."""
    with pytest.raises(UserError) as caught:
        load_reasoner(str(path), **arguments)
    message = str(caught.value)
    assert "\n" not in message and message
    return message


@torch.no_grad()
def rollout(reasoner):
    return reasoner.rollout(reasoner.encode(QUESTIONS)).latents


@pytest.mark.parametrize("family", ["gpt2", "llama"])  # one table, and two
def test_a_directory_gives_back_what_was_saved(tmp_path, family):
    reasoner = make_reasoner(family, dtype=torch.float32, num_latents=4, thought="pause")
    save_reasoner(reasoner, tmp_path)
    assert sorted(path.suffix for path in tmp_path.iterdir() if path.suffix in (".bin", ".safetensors")) == [
        ".safetensors"
    ]
    loaded = load_reasoner(str(tmp_path)).freeze()
    assert loaded.metadata == reasoner.metadata == LatentMetadata(num_latents=4, thought="pause")
    assert loaded.tokenizer.get_vocab() == reasoner.tokenizer.get_vocab()
    assert weights_hash(loaded.model) == weights_hash(reasoner.model)
    assert torch.equal(rollout(loaded), rollout(reasoner))
    assert loaded.tokenizer.decode([loaded.start_id, loaded.latent_id], skip_special_tokens=True) == ""


def test_arguments_win_over_what_the_checkpoint_says(saved):
    loaded = load_reasoner(str(saved), num_latents=5, dtype="bfloat16", attention="eager")
    assert loaded.num_latents == 5 and loaded.dtype == torch.bfloat16
    assert loaded.model.config._attn_implementation == "eager"
    assert load_reasoner(str(saved), dtype="auto").dtype == torch.float32


def test_a_plain_language_model_needs_the_number_of_latents(tmp_path):
    save_plain(tmp_path, "llama", tied=False)
    assert "give num_latents" in refusal(tmp_path)
    loaded = load_reasoner(str(tmp_path), num_latents=2)
    assert loaded.metadata == LatentMetadata(num_latents=2)
    table = loaded.model.get_input_embeddings().weight
    assert len(table) == len(loaded.tokenizer)
    like = loaded.tokenizer("<<")["input_ids"][0]
    for marker in (loaded.start_id, loaded.end_id, loaded.latent_id):
        assert torch.equal(table[marker], table[like])


def test_wrong_metadata_is_named(copy):
    rewrite(copy / "config.json", latent_reasoning={"num_latents": -1})
    message = refusal(copy)
    assert "latent_reasoning" in message and "num_latents is -1" in message and str(copy) in message


def test_an_empty_directory_is_no_model(tmp_path):
    assert str(tmp_path) in refusal(tmp_path)


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_damaged_file_is_told_in_one_line(copy, file):
    content = (copy / file).read_bytes()
    (copy / file).write_bytes(content[: len(content) // 2])
    assert str(copy) in refusal(copy)


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_told_in_one_line(copy, file):
    (copy / file).unlink()
    assert str(copy) in refusal(copy)


def test_weights_that_lack_a_layer_are_not_filled_with_random_numbers(copy):
    rewrite(copy / "config.json", num_hidden_layers=3, layer_types=None)
    assert "lack model.layers.2" in refusal(copy)


def test_weights_that_are_in_no_such_model_are_not_left_out(copy):
    rewrite(copy / "config.json", num_hidden_layers=1, layer_types=None)
    assert "have model.layers.1" in refusal(copy)


def test_weights_of_another_size_are_told_in_one_line(copy):
    rewrite(copy / "config.json", intermediate_size=40)
    assert str(copy) in refusal(copy)


def test_pickled_weights_are_not_read(copy):
    state = AutoModelForCausalLM.from_pretrained(copy).state_dict()
    (copy / "model.safetensors").unlink()
    torch.save(state, copy / "pytorch_model.bin")
    assert str(copy) in refusal(copy)


def test_a_tokenizer_without_markers_is_told(copy):
    words().save_pretrained(copy)
    assert "lacks <|start-latent|>" in refusal(copy)


def test_eager_attention_in_float64_is_told(saved):
    assert "use attention sdpa" in refusal(saved, dtype="float64", attention="eager")


@pytest.fixture(scope="module")
def adapter(saved, tmp_path_factory):
    """LoRA on the saved model: its directory, and PEFT's own model."""
    peft = pytest.importorskip("peft")
    path = tmp_path_factory.mktemp("adapter") / "lora"
    model = AutoModelForCausalLM.from_pretrained(saved)
    lora = peft.LoraConfig(r=2, target_modules=["q_proj", "down_proj"], init_lora_weights=False)
    model = peft.get_peft_model(model, lora)
    model.save_pretrained(path)
    return path, model.eval()


@torch.no_grad()
def test_an_adapter_is_merged_into_its_base(adapter, saved):
    path, model = adapter
    loaded = load_reasoner(str(path))
    assert loaded.num_latents == 2 and not any("lora" in name for name, _ in loaded.named_parameters())
    ids = torch.tensor([loaded.tokenizer(QUESTIONS[0])["input_ids"]])
    expected = last_hidden(model.base_model.model, model.get_input_embeddings()(ids))
    torch.testing.assert_close(last_hidden(loaded.model, loaded.embed(ids)), expected, rtol=1e-4, atol=1e-5)
    plain = load_reasoner(str(saved))
    assert not torch.allclose(last_hidden(plain.model, plain.embed(ids)), expected, atol=1e-2)
    assert weights_hash(loaded.model) != weights_hash(plain.model)
    assert loaded.model.config.name_or_path == str(path)


def test_the_base_may_have_moved(adapter, saved, tmp_path):
    path = shutil.copytree(adapter[0], tmp_path / "lora")
    moved = shutil.copytree(saved, tmp_path / "moved")
    rewrite(path / "adapter_config.json", base_model_name_or_path="/gone/base")
    assert "/gone/base" in refusal(path)
    assert torch.equal(rollout(load_reasoner(str(path), base=str(moved))), rollout(load_reasoner(str(adapter[0]))))
    rewrite(path / "adapter_config.json", base_model_name_or_path=None)
    assert "give base" in refusal(path)


def test_a_base_is_of_no_concern_to_a_whole_model(saved):
    assert torch.equal(rollout(load_reasoner(str(saved), base="/gone")), rollout(load_reasoner(str(saved))))


def test_an_adapter_of_another_model_is_told_in_one_line(adapter, tmp_path):
    other = make_reasoner("qwen3", dtype=torch.float32)
    save_reasoner(other, tmp_path)
    message = refusal(adapter[0], base=str(tmp_path))
    assert str(adapter[0]) in message and str(tmp_path) in message


def test_a_damaged_adapter_is_told_in_one_line(adapter, tmp_path):
    path = shutil.copytree(adapter[0], tmp_path / "lora")
    (path / "adapter_config.json").write_text("{")
    assert "adapter_config.json" in refusal(path)


@torch.no_grad()
def test_an_adapter_may_bring_the_markers(tmp_path):
    """Trained on a plain model to which markers were added; their rows are saved with the adapter."""
    peft = pytest.importorskip("peft")
    tokenizer = words()
    AutoModelForCausalLM.from_config(config("llama", len(tokenizer))).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    trained = load_reasoner(str(tmp_path / "base"), num_latents=2)
    lora = peft.LoraConfig(
        r=2, target_modules=["v_proj"], modules_to_save=["embed_tokens", "lm_head"], init_lora_weights=False
    )
    model = peft.get_peft_model(trained.model, lora)
    torch.nn.init.normal_(model.get_input_embeddings().weight)
    model.save_pretrained(tmp_path / "lora")
    trained.tokenizer.save_pretrained(tmp_path / "lora")

    loaded = load_reasoner(str(tmp_path / "lora"), num_latents=2)
    torch.testing.assert_close(rollout(loaded), rollout(trained), rtol=1e-4, atol=1e-4)
