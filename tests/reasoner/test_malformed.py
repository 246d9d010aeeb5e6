"""Folders of models with something wrong in them: loaded whole, or one line that names the folder."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from lightning_latent.reasoner import load_reasoner, save_reasoner
from tests.malformed import examples, one_line, values
from tests.models import make_reasoner

CONFIG = ["vocab_size", "hidden_size", "num_attention_heads", "num_hidden_layers", "hidden_act", "model_type"]
CONFIG += ["max_position_embeddings", "rms_norm_eps", "eos_token_id", "quantization_config", "rope_parameters"]
CONFIG += ["architectures", "dtype", "tie_word_embeddings", "head_dim", "attention_bias", "latent_reasoning"]
METADATA = ["num_latents", "thought", "markers", "replaced_steps", "start", "end", "latent", "sayable", "unknown"]
TOKENIZER = ["eos_token", "pad_token", "unk_token", "tokenizer_class", "added_tokens_decoder", "model_max_length"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "reasoner"
    save_reasoner(make_reasoner("llama", dtype=torch.float32, num_latents=2), path)
    return path


def copied(saved: Path, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    return Path(shutil.copytree(saved, place))


def use(path: Path) -> None:
    """Load it and ask a question: what loads must work."""
    reasoner = load_reasoner(str(path)).freeze()
    context = reasoner.encode(["Is Tom a gorpus or lempus?"], room=reasoner.num_latents + 4)
    latents = reasoner.rollout(context)
    assert bool(latents.latents.isfinite().all())
    reasoner.decode_texts(reasoner.answer_context(latents), max_new_tokens=2)


def rewrite(file: Path, *keys: str, value: Any) -> None:
    content = json.loads(file.read_text())
    below = content
    for key in keys[:-1]:
        below = below[key]
    below.pop(keys[-1], None)
    if value is not ...:
        below[keys[-1]] = value
    file.write_text(json.dumps(content))


@examples(30)
@given(key=st.sampled_from(CONFIG), value=values | st.just(...))
def test_a_mangled_configuration_is_told_or_harmless(key, value, saved, tmp_path):
    path = copied(saved, tmp_path / "model")
    rewrite(path / "config.json", key, value=value)
    line = one_line(lambda: use(path))
    assert line is None or str(path) in line or "context" in line


@examples(25)
@given(key=st.sampled_from(METADATA), value=values | st.just(...))
def test_mangled_metadata_is_told_or_harmless(key, value, saved, tmp_path):
    path = copied(saved, tmp_path / "model")
    rewrite(path / "config.json", "latent_reasoning", key, value=value)
    line = one_line(lambda: use(path))
    assert line is None or str(path) in line


@pytest.mark.parametrize("number", [0, -1, 10**6])
def test_sayable_words_are_within_the_vocabulary(number, saved, tmp_path):
    path = copied(saved, tmp_path / "model")
    rewrite(path / "config.json", "latent_reasoning", "sayable", value=number)
    assert f"config.json of {path}: latent_reasoning: sayable is {number}" in (one_line(lambda: use(path)) or "")


@pytest.mark.parametrize("key", ["hidden_act", "num_attention_heads", "vocab_size", "eos_token_id", "hidden_size"])
def test_a_configuration_by_which_no_model_is_made_is_named(key, saved, tmp_path):
    path = copied(saved, tmp_path / "model")
    rewrite(path / "config.json", key, value="gelu_old")
    assert str(path / "config.json") in (one_line(lambda: use(path)) or "")


@pytest.mark.parametrize("content", ["{", "", "[]", '{"eos_token_id": "x"}', '{"eos_token_id": [null]}'])
def test_a_broken_generation_configuration_is_told(content, saved, tmp_path):
    path = copied(saved, tmp_path / "model")
    (path / "generation_config.json").write_text(content)
    assert str(path / "generation_config.json") in (one_line(lambda: use(path)) or "")


@examples(20)
@given(key=st.sampled_from(TOKENIZER), value=values | st.just(...))
def test_a_mangled_tokenizer_is_told_or_harmless(key, value, saved, tmp_path):
    path = copied(saved, tmp_path / "model")
    rewrite(path / "tokenizer_config.json", key, value=value)
    line = one_line(lambda: use(path))
    assert line is None or str(path) in line


@examples(20)
@given(
    file=st.sampled_from(["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]),
    content=st.binary(max_size=30) | st.just(b"{}") | st.just(b"[]") | st.just(b"null"),
)
def test_another_file_in_its_place_is_told(file, content, saved, tmp_path):
    path = copied(saved, tmp_path / "model")
    (path / file).write_bytes(content)
    assert str(path) in (one_line(lambda: use(path)) or "")


@pytest.mark.parametrize("how", ["not a number", "infinite", "too many", "missing", "another shape", "fewer rows"])
def test_a_tensor_that_is_none_of_this_model_is_named(how, saved, tmp_path):
    path = copied(saved, tmp_path / "model")
    weights = load_file(path / "model.safetensors")
    name = "model.layers.1.mlp.up_proj.weight"
    match how:
        case "not a number":
            weights[name][0, 0] = float("nan")
        case "infinite":
            weights[name][0, 0] = float("-inf")
        case "too many":
            weights[name := "model.layers.2.mlp.up_proj.weight"] = torch.zeros(1)
        case "missing":
            del weights[name]
        case "another shape":
            weights[name] = weights[name][:-1].clone()
        case "fewer rows":  # the markers' are missing, and the configuration agrees; the latent's is never read
            rows = len(weights["model.embed_tokens.weight"]) - 3
            weights = {key: value[:rows].clone() if len(value) > rows else value for key, value in weights.items()}
            rewrite(path / "config.json", "vocab_size", value=rows)
            name = "none for '<|end-latent|>'"
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    line = one_line(lambda: use(path)) or ""
    assert name in line and str(path) in line


def test_a_tokenizer_without_its_configuration_is_told(saved, tmp_path):
    path = copied(saved, tmp_path / "model")
    (path / "tokenizer_config.json").unlink()
    assert str(path) in (one_line(lambda: use(path)) or "")


def test_an_adapter_must_be_safetensors(saved, tmp_path):
    path = copied(saved, tmp_path / "lora")
    config = {"base_model_name_or_path": str(saved), "peft_type": "LORA", "target_modules": ["q_proj"]}
    (path / "adapter_config.json").write_text(json.dumps(config))
    torch.save({"a": 1}, path / "adapter_model.bin")
    assert "no adapter_model.safetensors" in (one_line(lambda: load_reasoner(str(path))) or "")
    save_file({"base_model.model.nowhere.lora_A.weight": torch.zeros(1)}, path / "adapter_model.safetensors")
    assert "which has no place" in (one_line(lambda: load_reasoner(str(path))) or "")


@examples(10)
@given(key=st.sampled_from(["base_model_name_or_path", "peft_type", "target_modules", "r", "revision"]), value=values)
def test_a_mangled_adapter_configuration_is_told(key, value, saved, tmp_path):
    path = copied(saved, tmp_path / "lora")
    config = {"base_model_name_or_path": str(saved), "peft_type": "LORA", "target_modules": ["q_proj"], key: value}
    (path / "adapter_config.json").write_text(json.dumps(config))
    save_file({"a": torch.zeros(1)}, path / "adapter_model.safetensors")
    assert one_line(lambda: use(path))
