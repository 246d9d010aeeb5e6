"""Float32 says the same words as float64; half precision runs."""

import pytest
import torch

from tests.models import ANSWERS, FAMILIES, LATENTS, QUESTIONS, make_reasoner


def answers(reasoner, questions):
    context = reasoner.answer_context(reasoner.rollout(reasoner.encode(questions)))
    return reasoner.decode(context, max_new_tokens=6)


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_float32_says_the_same_alone_and_in_company(family):
    exact, single = make_reasoner(family), make_reasoner(family, dtype=torch.float32)
    expected = answers(exact, QUESTIONS)
    assert answers(single, QUESTIONS) == expected
    assert [answers(single, [question])[0] for question in QUESTIONS] == expected


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_bfloat16_weights_take_latents_of_full_precision(family):
    reasoner = make_reasoner(family, dtype=torch.bfloat16)
    context = reasoner.encode(QUESTIONS)
    rollout = reasoner.rollout(context, refine=lambda step, fed, latent: latent.float() * 1.01)
    assert rollout.latents.dtype == torch.float32 and rollout.latents.shape == (len(QUESTIONS), LATENTS, 16)
    latents = rollout.latents.detach().requires_grad_()
    scores, _ = reasoner.score(reasoner.conclude(context, latents), ANSWERS)
    assert scores.dtype == torch.float32 and scores.isfinite().all()
    scores.sum().backward()
    assert latents.grad.dtype == torch.float32 and latents.grad.abs().sum() > 0
    with torch.no_grad():
        assert len(answers(reasoner, QUESTIONS)) == len(QUESTIONS)
