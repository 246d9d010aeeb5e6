"""How sure a reasoner is of its answer, and the way up that score's gradient: against plain Python and finite steps."""

import math

import pytest
import torch
from torch import Tensor

from lightning_latent.reasoner import LatentReasoner
from lightning_latent.refinement.confidence import answer_logits, climb, confidence, entropy, mean_over_answer
from tests.refinement import naive
from tests.refinement.models import LATENTS, QUESTIONS


def probabilities(logits: list[float]) -> list[float]:
    total = sum(map(math.exp, logits))
    return [math.exp(value) / total for value in logits]


def test_confidence_and_entropy_by_hand() -> None:
    logits = [0.5, -1.0, 2.0, 0.1]
    largest = sorted(probabilities(logits), reverse=True)[:3]
    given = torch.tensor([logits], dtype=torch.float64)
    assert confidence(given, top=3).tolist() == pytest.approx([-sum(map(math.log, largest)) / 3])
    assert entropy(given).tolist() == pytest.approx([-sum(p * math.log(p) for p in probabilities(logits))])
    assert confidence(given, top=10).shape == (1,)  # of a vocabulary that has fewer


def test_a_peak_is_confident_and_has_little_entropy() -> None:
    flat, peak = torch.zeros(6), torch.tensor([5.0, 0, 0, 0, 0, 0])
    assert confidence(peak, top=4) > confidence(flat, top=4)
    assert entropy(peak) < entropy(flat)


def test_the_mean_is_over_each_answers_own_tokens() -> None:
    values = torch.tensor([[1.0, 3.0, float("nan")], [2.0, 4.0, 9.0]])
    real = torch.tensor([[True, True, False], [True, True, True]])
    assert mean_over_answer(values, real).tolist() == [2.0, 5.0]


def decoded(reasoner: LatentReasoner, question: str, latents: Tensor, count: int) -> list[int]:
    ids: list[int] = []
    while len(ids) < count and reasoner.tokenizer.eos_token_id not in ids:
        ids.append(int(naive.words(reasoner, question, latents, [*ids, 0])[-1].argmax()))
    return ids


@torch.no_grad()
@pytest.mark.parametrize("tokens", [1, 4])
def test_the_logits_are_those_at_the_decoded_answer(tokens: int, base: LatentReasoner) -> None:
    latents = torch.randn(len(QUESTIONS), LATENTS, 16, dtype=torch.float64)
    logits, real = answer_logits(base, base.encode(QUESTIONS), latents, tokens=tokens)
    for row, question in enumerate(QUESTIONS):
        ids = decoded(base, question, latents[row], tokens)
        expected = naive.words(base, question, latents[row], ids)
        assert real[row].sum() == len(ids)
        torch.testing.assert_close(logits[row][real[row]], expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("measure", [lambda logits: confidence(logits, top=5), entropy], ids=["confidence", "entropy"])
def test_the_gradient_goes_through_all_latents(measure, base: LatentReasoner) -> None:
    question = base.encode(QUESTIONS[:1])
    latents = base.rollout(question).latents.detach().requires_grad_()

    def score(h: Tensor) -> Tensor:
        logits, real = answer_logits(base, question, h, tokens=3)
        return mean_over_answer(measure(logits), real)

    assert torch.autograd.gradcheck(score, latents, eps=1e-6, atol=1e-6)
    (gradient,) = torch.autograd.grad(score(latents).sum(), latents)
    assert (gradient.norm(dim=-1) > 0).all()


def hill(latents: Tensor) -> Tensor:
    """Highest where every component is 1."""
    return -(latents - 1).square().sum((1, 2))


def test_a_step_goes_up_as_far_as_it_says() -> None:
    latents = torch.tensor([[[3.0, 0.0], [0.0, 4.0]]], dtype=torch.float64)
    moved = climb(latents, hill, steps=1, search_step=0.1, guard=False)
    gradient = -2 * (latents - 1)
    expected = latents + 0.1 * latents.norm(dim=-1, keepdim=True) * gradient / gradient.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(moved, expected)
    assert not moved.requires_grad and (hill(moved) > hill(latents)).all()


def test_the_guard_keeps_the_best_on_the_way() -> None:
    # The first goes up for a while, then oscillates around the top; the second is there and can only fall.
    latents = torch.tensor([[[4.0, 4.0]], [[1.0, 1.0]]], dtype=torch.float64)
    reached = [climb(latents, hill, steps=steps, search_step=0.3, guard=False) for steps in range(6)]
    kept = climb(latents, hill, steps=5, search_step=0.3, guard=True)
    best = max(range(6), key=lambda steps: float(hill(reached[steps])[0]))
    assert 0 < best < 5
    torch.testing.assert_close(kept[0], reached[best][0])
    assert torch.equal(kept[1], latents[1])


def test_a_score_that_is_not_a_number_never_takes_over() -> None:
    latents = torch.ones(1, 1, 2)
    broken = climb(latents, lambda h: (h.sum((1, 2)) - 2).sqrt() * float("nan"), steps=2, search_step=0.1, guard=True)
    assert torch.equal(broken, latents)
