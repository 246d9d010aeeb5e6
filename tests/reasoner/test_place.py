"""Hub ids and directories: a model from the cache, and what is told in one line, without the network."""

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import huggingface_hub.constants
import huggingface_hub.hf_api
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from lightning_latent.errors import UserError
from lightning_latent.reasoner import load_reasoner, save_reasoner
from lightning_latent.reasoner.identity import identify
from lightning_latent.reasoner.place import find_file, pin
from tests.models import make_reasoner
from tests.reasoner.hub import COMMIT, cache_model

OTHER = COMMIT[::-1]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture(params=["offline", "no network"])
def unreachable(request, monkeypatch):
    """The hub cannot be asked, because it must not be or because there is no way to it; nobody waits for it."""

    def refuse(seconds):
        raise AssertionError(f"waits for {seconds} s")

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", request.param == "offline")
    monkeypatch.setattr(time, "sleep", refuse)


def known_commit(path: str, revision: str | None = None) -> str | None:
    return identify(torch.nn.Module(), path=path, revision=revision)["revision"]


@pytest.mark.usefixtures("unreachable")
def test_a_branch_in_the_cache_stands_for_its_commit(tmp_path):
    (tmp_path / "model").mkdir()
    cache_model(tmp_path / "model", "owner/name")
    cache_model(tmp_path / "model", "owner/name", commit=OTHER, branch="v2")
    assert pin("owner/name") == known_commit("owner/name") == COMMIT
    assert pin("owner/name", "v2") == known_commit("owner/name", "v2") == OTHER
    assert pin("owner/name", OTHER) == OTHER
    assert pin(str(tmp_path)) is None and known_commit(str(tmp_path)) is None
    assert known_commit("embedded:final") is None and known_commit("not an id") is None
    assert known_commit("owner/other") is None


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("path", ["gpt3-unknown", "nobody/nothing"])
def test_a_hub_id_that_cannot_be_had_is_told_at_once(path):
    with pytest.raises(UserError, match="it is not in the cache, and the hub cannot be reached") as caught:
        load_reasoner(path)
    assert str(caught.value).startswith(f"no model at {path!r}: ") and "\n" not in str(caught.value)


def test_a_hub_id_that_the_hub_does_not_know_is_told(monkeypatch):
    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(401)

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Hub) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(huggingface_hub.hf_api.api, "endpoint", f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(UserError, match=r"no model at 'owner/name': .* the hub has none of this name"):
            load_reasoner("owner/name")
        server.shutdown()


@pytest.mark.parametrize("path", ["./nope", "runs/no/pe", "no pe", ""])
def test_a_path_that_is_no_hub_id_is_told(path):
    with pytest.raises(UserError) as caught:
        load_reasoner(path)
    expected = f"no model at {path!r}: there is no such directory, and it is no hub id; check the path"
    assert str(caught.value) == expected


def test_files_are_found_in_directories_and_in_the_cache(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").touch()
    cache_model(tmp_path / "model", "owner/name")
    assert find_file(str(tmp_path / "model"), "config.json", commit=None) == tmp_path / "model" / "config.json"
    assert find_file(str(tmp_path / "model"), "other.json", commit=None) is None
    assert find_file("owner/name", "config.json", commit=COMMIT).parent.name == COMMIT
    assert find_file("owner/name", "other.json", commit=COMMIT) is None


def test_a_reasoner_of_the_hub_is_known_by_its_commit(tmp_path):
    reasoner = make_reasoner("gpt2", dtype=torch.float32)
    save_reasoner(reasoner, tmp_path / "model")
    cache_model(tmp_path / "model", "owner/name", branch="v2")
    loaded = load_reasoner("owner/name", revision="v2")
    assert loaded.metadata == reasoner.metadata
    identity = identify(loaded.model, path="owner/name", revision="v2")
    assert identity["revision"] == COMMIT
    assert identity == {**identify(reasoner.model, path="elsewhere"), "path": "owner/name", "revision": COMMIT}


def test_an_adapter_is_put_on_the_revision_that_it_was_trained_on(tmp_path):
    save_reasoner(make_reasoner("llama", dtype=torch.float32), tmp_path / "base")
    cache_model(tmp_path / "base", "owner/base", branch="v2")
    base = AutoModelForCausalLM.from_pretrained("owner/base", revision="v2")
    get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj"], revision="v2")).save_pretrained(tmp_path / "lora")
    cache_model(tmp_path / "lora", "owner/lora", commit=OTHER)
    loaded = load_reasoner("owner/lora")
    assert identify(loaded.model, path="owner/lora")["revision"] == OTHER
    with pytest.raises(UserError, match="no model at 'owner/base'"):
        load_reasoner("owner/lora", base="owner/base")  # of another revision, the default
