"""Logistic regression against Newton's method, written plainly."""

import pytest
import torch
from torch import Tensor

from lightning_latent.errors import UserError
from lightning_latent.refinement.logistic import PENALTIES, fit_logistic


def data(n: int = 400, f: int = 5) -> tuple[Tensor, Tensor]:
    features = torch.randn(n, f, dtype=torch.float64) * torch.tensor([1.0, 20.0, 0.01, 3.0, 1.0])[:f] + 2.0
    logits = features[:, 0] - 0.1 * features[:, 1] + 0.5
    return features, (torch.rand(n, dtype=torch.float64) < logits.sigmoid()).long()


def newton(x: Tensor, y: Tensor, penalty: float) -> Tensor:
    """The optimum `[F + 1]` for standardised features, the bias last and not penalised."""
    x = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], dim=1)
    ridge = penalty * torch.eye(x.shape[1], dtype=x.dtype)
    ridge[-1, -1] = 0.0
    theta = torch.zeros(x.shape[1], dtype=x.dtype)
    for _ in range(50):
        p = (x @ theta).sigmoid()
        gradient = x.T @ (p - y) / len(x) + ridge @ theta
        hessian = x.T @ (x * (p * (1 - p)).unsqueeze(1)) / len(x) + ridge
        theta = theta - torch.linalg.solve(hessian, gradient)
    return theta


def log_loss(x: Tensor, y: Tensor, theta: Tensor) -> Tensor:
    logits = x @ theta[:-1] + theta[-1]
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, y.double())


def test_it_is_the_optimum_with_the_penalty_that_the_held_back_tenth_chooses() -> None:
    features, right = data()
    x = (features - features.mean(0)) / features.std(0, correction=0)
    held = torch.arange(len(x)) % 10 == 9
    losses = {p: float(log_loss(x[held], right[held], newton(x[~held], right[~held], p))) for p in PENALTIES}
    best = min(losses, key=losses.__getitem__)
    expected = newton(x, right, best)

    found = fit_logistic(features, right)
    assert found.penalty == best
    logits = features @ found.weight + found.bias
    torch.testing.assert_close(logits, x @ expected[:-1] + expected[-1], rtol=1e-4, atol=1e-5)


def test_it_does_not_depend_on_the_features_units() -> None:
    features, right = data()
    scale, shift = torch.tensor([1e3, 1e-3, 1.0, 5.0, 2.0]).double(), torch.tensor([0.0, 1.0, -7.0, 3.0, 0.0]).double()
    one, other = fit_logistic(features, right), fit_logistic(features * scale + shift, right)
    torch.testing.assert_close(
        (features * scale + shift) @ other.weight + other.bias, features @ one.weight + one.bias, rtol=1e-4, atol=1e-5
    )


def test_a_feature_that_never_changes_does_not_count() -> None:
    features, right = data()
    with_constant = torch.cat([features, torch.full((len(features), 1), 3.0).double()], dim=1)
    found, expected = fit_logistic(with_constant, right), fit_logistic(features, right)
    assert found.weight[-1] == 0
    torch.testing.assert_close(found.weight[:-1], expected.weight, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("value", [0, 1])
def test_all_right_or_all_wrong_teaches_nothing(value: int) -> None:
    features, right = data()
    message = f"of 400 train questions {400 * value} were answered right, .*; give more train questions"
    with pytest.raises(UserError, match=message):
        fit_logistic(features, torch.full_like(right, value))
    with pytest.raises(UserError, match="of 4 train questions"):
        fit_logistic(features[:4], right[:4])
