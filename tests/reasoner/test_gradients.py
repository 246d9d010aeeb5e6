"""Gradients reach latents, right ones, and no weight."""

import pytest
import torch

from tests.models import ANSWERS, FAMILIES, LATENTS, QUESTIONS, make_reasoner
from tests.reasoner.naive import naive_score
from tests.reasoner.slopes import check_slopes


@pytest.mark.parametrize("family", FAMILIES)
def test_latents_get_the_gradient_of_the_uncached_forward_and_weights_none(family):
    reasoner = make_reasoner(family)
    with torch.no_grad():
        context = reasoner.encode(QUESTIONS)
        start = reasoner.rollout(context).latents

    latents = start.clone().requires_grad_()
    reasoner.score(reasoner.conclude(context, latents), ANSWERS)[0].sum().backward()
    assert (latents.grad.norm(dim=-1) > 0).all()  # every slot of every question
    assert all(weight.grad is None and not weight.requires_grad for weight in reasoner.parameters())

    for index, (question, answer) in enumerate(zip(QUESTIONS, ANSWERS, strict=True)):
        leaf = start[index : index + 1].clone().requires_grad_()
        naive_score(reasoner, question, answer, latents=leaf)[0].backward()
        torch.testing.assert_close(latents.grad[index], leaf.grad[0], rtol=1e-6, atol=1e-7)


def test_gradients_flow_through_the_whole_chain_of_thought():
    reasoner = make_reasoner("gpt2")  # the one that computes in float64 throughout: RMS norms of the others do not
    check_slopes(reasoner, QUESTIONS, ANSWERS, steps=LATENTS)


def test_one_encoded_question_serves_many_backward_passes():
    reasoner = make_reasoner()
    context = reasoner.encode(QUESTIONS)
    for _ in range(3):
        latents = torch.randn(len(QUESTIONS), LATENTS, reasoner.hidden_size, dtype=torch.float64, requires_grad=True)
        reasoner.score(reasoner.conclude(context, latents), ANSWERS)[0].sum().backward()
        assert latents.grad.isfinite().all()


def test_freezing_switches_dropout_off():
    reasoner = make_reasoner("gpt2")
    assert reasoner.model.config.resid_pdrop > 0
    assert not any(module.training for module in reasoner.modules())
    first, second = (reasoner.encode(QUESTIONS).hidden for _ in range(2))
    assert torch.equal(first, second)
