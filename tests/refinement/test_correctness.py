"""What the correctness head looks at, and what it says."""

import math

import pytest
import torch

from lightning_latent.reasoner import LatentReasoner
from lightning_latent.refinement.correctness import CorrectnessHead, answer_features


def test_features_are_the_last_latent_margin_entropy_and_best_score() -> None:
    latents = torch.randn(2, 3, 4)
    scores = [[-1.0, -3.5], [-2.0, -0.5, -4.0]]
    features = answer_features(latents, scores)
    assert features.shape == (2, 4 + 3) and features.dtype == torch.float64
    for row, values in enumerate(scores):
        total = sum(map(math.exp, values))
        shares = [math.exp(value) / total for value in values]
        best, second = sorted(values, reverse=True)[:2]
        expected = [best - second, -sum(p * math.log(p) for p in shares), best]
        assert features[row, 4:].tolist() == pytest.approx(expected)
        assert torch.equal(features[row, :4], latents[row, -1].double())


def test_confidence_is_the_logistic_function_of_the_features(base: LatentReasoner) -> None:
    head = CorrectnessHead().build(base)
    assert sum(parameter.numel() for parameter in head.parameters()) == 16 + 3 + 1
    features = torch.randn(5, 19, dtype=torch.float64)
    assert head.confidence(features).tolist() == [0.5] * 5
    head.weight.data[2], head.bias.data = torch.tensor(3.0), torch.tensor(-1.0, dtype=torch.float64)
    expected = [1 / (1 + math.exp(-(3 * float(row[2]) - 1))) for row in features]
    assert head.confidence(features).tolist() == pytest.approx(expected)
