"""What runs have in common, computed once, against computing it every time."""

from pathlib import Path

import pytest
import torch

from lightning_latent.evaluation import answering
from lightning_latent.evaluation.sharing import RememberingReasoner, SharedReasoners
from lightning_latent.reasoner import LatentReasoner
from lightning_latent.reasoner.thoughts import think
from tests.reasoner.foreign import make_foreign
from tests.refinement.models import QUESTIONS, make_reasoner, save_all


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The batches of questions that are actually read."""
    batches: list[list[str]] = []
    encode = LatentReasoner.encode

    def noted(self, questions, *, room=0):
        batches.append(list(questions))
        return encode(self, questions, room=room)

    monkeypatch.setattr(LatentReasoner, "encode", noted)
    return batches


@pytest.mark.parametrize("family", ["gpt2", "llama"])
@torch.no_grad()
def test_thinking_does_not_change_what_was_read(family: str, read: list[list[str]]) -> None:
    reasoner = make_reasoner(family=family)
    remembering = RememberingReasoner(reasoner)
    for _ in range(3):
        context = remembering.encode(QUESTIONS, room=8)
        before = context.cache.layers[0].keys.clone()
        thoughts = think(remembering, context)
        said = remembering.decode(thoughts.context, max_new_tokens=4)
        remembering.score(thoughts.context, ["lempus."] * 3)
        assert torch.equal(context.cache.layers[0].keys, before)
        fresh = think(reasoner, LatentReasoner.encode(reasoner, QUESTIONS, room=8))
        assert torch.equal(thoughts.latents, fresh.latents)
        assert said == reasoner.decode(fresh.context, max_new_tokens=4)
    assert len(read) == 1 + 3  # once by the one that remembers


@torch.no_grad()
def test_other_questions_orders_and_rooms_are_read_by_themselves(read: list[list[str]]) -> None:
    remembering = RememberingReasoner(make_reasoner())
    for questions, room in [(QUESTIONS, 8), (QUESTIONS[::-1], 8), (QUESTIONS[:2], 8), (QUESTIONS, 9), (QUESTIONS, 8)]:
        remembering.encode(questions, room=room)
    assert read == [QUESTIONS, QUESTIONS[::-1], QUESTIONS[:2], QUESTIONS]


def test_where_gradients_are_asked_for_it_reads_anew(read: list[list[str]]) -> None:
    remembering = RememberingReasoner(make_reasoner())
    for _ in range(2):
        remembering.encode(QUESTIONS)
    assert len(read) == 2


@torch.no_grad()
def test_it_keeps_no_more_than_it_may(read: list[list[str]]) -> None:
    reasoner = make_reasoner()
    size = (
        2 * 2 * len(QUESTIONS[1:2]) * 16 * 8 * reasoner.encode(QUESTIONS[1:2]).mask.shape[1]
    )  # layers, keys and values
    read.clear()
    remembering = RememberingReasoner(reasoner, most_bytes=size)
    for question in (1, 0, 1, 0):
        remembering.encode([QUESTIONS[question]])
    assert read == [[QUESTIONS[1]], [QUESTIONS[0]], [QUESTIONS[0]]]
    read.clear()
    forgetful = RememberingReasoner(reasoner, most_bytes=size - 1)
    for _ in range(2):
        forgetful.encode([QUESTIONS[1]])
    assert len(read) == 2


@torch.no_grad()
def test_who_uses_what_was_read_owes_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(answering.time, "perf_counter", lambda: now[0])
    encode = LatentReasoner.encode

    def slow(self, questions, *, room=0):
        now[0] += 7.0
        return encode(self, questions, room=room)

    monkeypatch.setattr(LatentReasoner, "encode", slow)
    remembering = RememberingReasoner(make_reasoner())
    for _ in range(3):
        started = answering.clock(remembering.device)
        remembering.encode(QUESTIONS)
        assert answering.clock(remembering.device) - started == pytest.approx(7.0)
    assert now[0] == 107.0  # it was read once


def test_models_are_loaded_once_a_precision(tmp_path: Path) -> None:
    save_all(tmp_path)
    shared = SharedReasoners()
    path = str(tmp_path / "base")
    first = shared.load(path, precision="32-true", num_latents=None, dtype="float32")
    assert shared.load(path, precision="32-true", dtype="float32", num_latents=None) is first
    others = [
        shared.load(path, precision="bf16-true", num_latents=None, dtype="float32"),
        shared.load(path, precision="32-true", num_latents=2, dtype="float32"),
        shared.load(str(tmp_path / "strong"), precision="32-true", num_latents=None, dtype="float32"),
    ]
    assert len({id(reasoner.model) for reasoner in (first, *others)}) == 4
    assert others[1].num_latents == 2


@torch.no_grad()
def test_what_is_shared_keeps_its_projection() -> None:
    reasoner = make_foreign("gpt2").freeze()
    shared = RememberingReasoner(reasoner)
    for _ in range(2):  # the second time from memory
        latents = shared.rollout(shared.encode(QUESTIONS)).latents
        assert torch.equal(latents, reasoner.rollout(reasoner.encode(QUESTIONS)).latents)
