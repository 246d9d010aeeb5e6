"""Adapters on one model compute what separate merged models compute, and leave the model as it is."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from lightning_latent.reasoner import LatentReasoner, load_reasoner
from lightning_latent.reasoner.adapter import read_adapter
from lightning_latent.reasoner.adapters import AdapterReasoner, SharedModel
from tests.adapters import save_adapters

NAMES = ("final", "strong", "weak")
QUESTIONS = ["How many apples are there?", "Is it so? Would it be possible?", "Is it?"]
# Transposed layers; norms in float32 whatever the weights are; two tables.
EXACT = {"gpt2": 1e-10, "llama": 1e-4, "qwen2-untied": 1e-4}


@pytest.fixture(scope="module", params=EXACT)
def family(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def places(family, tmp_path_factory) -> dict[str, str]:
    path = tmp_path_factory.mktemp("adapters")
    return save_adapters(path, family.removesuffix("-untied"), NAMES, tied="untied" not in family)


def load(path: str) -> LatentReasoner:
    return load_reasoner(path, dtype="float64").freeze()


def share(places: dict[str, str], *, beside: str | None = None) -> tuple[SharedModel, dict[str, AdapterReasoner]]:
    beside = beside or places["final"]
    shared = SharedModel(load(beside))
    loaded = {name: shared.load(places[name], beside=beside, revision=None, name=name) for name in ("strong", "weak")}
    assert all(isinstance(reasoner, AdapterReasoner) for reasoner in loaded.values())
    return shared, loaded


@torch.no_grad()
def thoughts(reasoner: LatentReasoner) -> tuple[Tensor, Tensor, Tensor]:
    """Latents, logits of the answer's first word and the log-likelihood of an answer."""
    rollout = reasoner.rollout(reasoner.encode(QUESTIONS))
    context = reasoner.answer_context(rollout)
    return rollout.latents, reasoner.logits(context.hidden), reasoner.score(context, ["10"] * len(QUESTIONS))[0]


def assert_same(ours: tuple[Tensor, ...], theirs: tuple[Tensor, ...], *, family: str) -> None:
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=EXACT[family], atol=EXACT[family])


def test_each_is_what_its_merged_copy_is(places, family):
    merged = {name: thoughts(load(path)) for name, path in places.items()}
    assert not torch.allclose(merged["strong"][0], merged["weak"][0], atol=1e-2)
    shared, loaded = share(places)
    for _ in range(2):  # and asking one changes none of the others
        for name, reasoner in loaded.items():
            assert_same(thoughts(reasoner), merged[name], family=family)
        assert all(torch.equal(*pair) for pair in zip(thoughts(shared.reasoner), merged["final"], strict=True))


@torch.no_grad()
def test_both_are_read_in_one_call(places, family):
    shared, loaded = share(places)
    strong, weak = loaded.values()
    both = AdapterReasoner(shared, ["strong", "weak"], tokenizer=strong.tokenizer, metadata=strong.metadata)
    calls = []
    decoder = shared.reasoner.model.base_model  # which some releases of PEFT call without its own hooks
    last = decoder.ln_f if family == "gpt2" else decoder.norm
    last.register_forward_hook(lambda *hook: calls.append(1))
    rollout = both.rollout(both.encode(QUESTIONS))
    context = both.answer_context(rollout)
    logits = both.logits(context.hidden)
    assert len(calls) == 1 + both.num_latents
    for number, reasoner in enumerate((strong, weak)):
        latents, expected, _ = thoughts(reasoner)
        assert_same((rollout.latents.chunk(2)[number], logits.chunk(2)[number]), (latents, expected), family=family)


def test_adapters_also_share_the_base_itself(places, family, tmp_path):
    base = json.loads((Path(places["final"]) / "adapter_config.json").read_text())["base_model_name_or_path"]
    shared = SharedModel(load_reasoner(base, num_latents=2, dtype="float64").freeze())
    before = thoughts(shared.reasoner)
    reasoner = shared.load(places["strong"], beside=base, revision=None, name="strong")
    assert_same(thoughts(reasoner), thoughts(load(places["strong"])), family=family)
    assert all(torch.equal(*pair) for pair in zip(thoughts(shared.reasoner), before, strict=True))


def test_there_is_one_base(places):
    shared, _ = share(places)
    plain = sum(parameter.numel() for parameter in load(places["final"]).parameters())
    factors = sum(a.numel() + b.numel() for name in places for a, b in read_adapter(places[name]).factors.values())
    now = list(shared.reasoner.parameters())
    assert sum(parameter.numel() for parameter in now) <= plain + 2 * factors
    assert not any(parameter.requires_grad for parameter in now)


@pytest.mark.parametrize("change", [{"use_dora": True}, {"base_model_name_or_path": "elsewhere"}, {"bias": "all"}])
def test_what_cannot_be_shared_is_left_to_copies(places, change):
    file = Path(places["weak"]) / "adapter_config.json"
    written = file.read_text()
    file.write_text(json.dumps({**json.loads(written), **change}))
    try:
        shared = SharedModel(load(places["final"]))
        assert shared.load(places["weak"], beside=places["final"], revision=None, name="weak") is None
    finally:
        file.write_text(written)
