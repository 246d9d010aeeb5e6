"""Contexts are values: reading on from one makes another and leaves it as it was."""

import pytest
import torch
from transformers import Lfm2Config

from lightning_latent.errors import UserError
from lightning_latent.reasoner.context import drop_last, new_cache, select_rows
from tests.models import QUESTIONS, make_reasoner

CLOSE = {"rtol": 0.0, "atol": 1e-9}


@pytest.fixture(params=["gpt2", "mistral-sliding"])
def reasoner(request):
    return make_reasoner(request.param)


def snapshot(context):
    layers = [(keys.clone(), values.clone()) for keys, values, *_ in context.cache]
    return layers, context.mask.clone(), context.hidden.clone(), context.cache.get_seq_length()


def unchanged(context, before) -> bool:
    layers, mask, hidden, length = before
    same = all(
        torch.equal(now[0], keys) and torch.equal(now[1], values)
        for now, (keys, values) in zip(context.cache, layers, strict=True)
    )
    return (
        same
        and torch.equal(context.mask, mask)
        and torch.equal(context.hidden, hidden)
        and (context.cache.get_seq_length() == length)
    )


@torch.no_grad()
def test_no_operation_changes_the_context_that_it_starts_from(reasoner):
    context = reasoner.encode(QUESTIONS)
    before = snapshot(context)
    rollout = reasoner.rollout(context)
    reasoner.replay(context, rollout.latents)
    concluded = reasoner.conclude(context, rollout.latents)
    assert unchanged(context, before)
    after = snapshot(concluded)
    reasoner.decode(concluded, max_new_tokens=4)
    reasoner.score(concluded, QUESTIONS)
    select_rows(concluded, torch.tensor([1, 1]))
    drop_last(concluded)
    assert unchanged(concluded, after) and unchanged(context, before)


@torch.no_grad()
def test_continuations_of_one_context_do_not_disturb_each_other(reasoner):
    context = reasoner.encode(QUESTIONS)
    first, second = torch.randn(2, len(QUESTIONS), 4, reasoner.hidden_size, dtype=torch.float64)
    alone = [reasoner.conclude(reasoner.encode(QUESTIONS), latents).hidden for latents in (first, second)]
    forks = [context, context]
    for step in range(4):  # in turns
        forks = [reasoner.feed(fork, it[:, step]) for fork, it in zip(forks, (first, second), strict=True)]
    together = [reasoner.conclude(fork, first[:, :0]).hidden for fork in forks]
    for ours, theirs in zip(together, alone, strict=True):
        torch.testing.assert_close(ours, theirs, **CLOSE)


@torch.no_grad()
def test_selected_rows_go_on_as_they_would_have(reasoner):
    rows = torch.tensor([3, 0, 3])
    context = reasoner.encode(QUESTIONS)
    latents = reasoner.rollout(context).latents
    torch.testing.assert_close(reasoner.rollout(select_rows(context, rows)).latents, latents[rows], **CLOSE)


@torch.no_grad()
def test_a_dropped_column_was_never_read(reasoner):
    context = reasoner.encode(QUESTIONS)
    first, wrong, right = torch.randn(3, len(QUESTIONS), reasoner.hidden_size, dtype=torch.float64)
    _, both = reasoner.extend(context, torch.stack([first, wrong], dim=1))
    back = drop_last(both)
    assert torch.equal(back.mask, reasoner.feed(context, first).mask)
    expected = reasoner.feed(reasoner.feed(context, first), right).hidden
    torch.testing.assert_close(reasoner.feed(back, right).hidden, expected, **CLOSE)
    # Again, now from a cache that was cut once.
    again = drop_last(reasoner.extend(back, torch.stack([right, wrong], dim=1))[1])
    expected = reasoner.feed(reasoner.feed(reasoner.feed(context, first), right), wrong).hidden
    torch.testing.assert_close(reasoner.feed(again, wrong).hidden, expected, **CLOSE)


def test_no_gradient_flows_into_what_remains_after_a_drop():
    reasoner = make_reasoner()
    latents = torch.randn(1, 2, reasoner.hidden_size, dtype=torch.float64, requires_grad=True)
    _, context = reasoner.extend(reasoner.encode(QUESTIONS[:1]), latents)
    assert all(keys.requires_grad and values.requires_grad for keys, values, *_ in context.cache)
    assert not any(keys.requires_grad or values.requires_grad for keys, values, *_ in drop_last(context).cache)


def test_a_model_with_a_running_state_is_refused():
    """It would be written into, so that two continuations of one context would disturb each other."""
    with pytest.raises(UserError, match="lfm2 keeps a running state"):
        new_cache(Lfm2Config(num_hidden_layers=2, layer_types=["conv", "full_attention"]))
