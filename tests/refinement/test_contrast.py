import pytest
import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from lightning_latent.refinement.contrast import (
    contrast_gradient,
    contrast_gradient_through,
    contrast_loss,
    contrast_scores,
    search_displacement,
)

SHAPE = (2, 3, 8)  # B, T, D


def draw(count: int) -> list[Tensor]:
    return [torch.randn(SHAPE, dtype=torch.float64) for _ in range(count)]


def objective(latents: Tensor, strong: Tensor, weak: Tensor) -> Tensor:
    """The paper's, one latent after the other."""
    rows = zip(*(tensor.flatten(0, 1) for tensor in (latents, strong, weak)), strict=True)
    return torch.stack([mse_loss(s, h) - mse_loss(w, h) for h, s, w in rows])


def test_loss_is_the_difference_of_two_mean_squared_errors() -> None:
    latents, strong, weak = draw(3)
    expected = objective(latents, strong, weak).view(SHAPE[:2])
    torch.testing.assert_close(contrast_loss(latents, strong, weak), expected)


def test_closed_form_is_the_gradient_with_references_held_constant() -> None:
    latents, strong, weak = draw(3)
    latents.requires_grad_()
    expected = torch.autograd.grad(objective(latents, strong, weak).sum(), latents)[0]
    torch.testing.assert_close(contrast_gradient(strong, weak), expected, rtol=1e-13, atol=1e-15)


def test_gradient_through_references_that_depend_on_the_latents() -> None:
    latents, first, second = draw(3)
    latents.requires_grad_()
    strong, weak = torch.tanh(latents * first), latents**2 * second
    # By hand: d/dh (s(h) - h)^2 = 2 (s - h) (s' - 1), averaged over D.
    slopes = [(1 - strong**2) * first, 2 * latents * second]
    errors = [strong - latents, weak - latents]
    expected = 2 / SHAPE[-1] * (errors[0] * (slopes[0] - 1) - errors[1] * (slopes[1] - 1))
    torch.testing.assert_close(contrast_gradient_through(latents, strong, weak), expected, rtol=1e-12, atol=1e-14)


def test_descent_reduces_the_objective_and_ascent_raises_it() -> None:
    latents, strong, weak = draw(3)
    before = contrast_loss(latents, strong, weak)
    gradient = contrast_gradient(strong, weak)
    for sign, direction in (("descent", -1), ("ascent", 1)):
        for scale in ("raw", "relative"):
            move = search_displacement(latents, gradient, search_step=0.1, scale=scale, sign=sign)
            change = contrast_loss(latents + move, strong, weak) - before
            assert (change * direction > 0).all()


def test_descent_goes_towards_strong_when_weak_stays() -> None:
    latents, strong, _ = draw(3)
    move = search_displacement(latents, contrast_gradient(strong, latents), search_step=0.1)
    # A raw step along the gradient is a straight step towards strong, of 2 eta / D of the way.
    torch.testing.assert_close(move, 0.1 * 2 / SHAPE[-1] * (strong - latents))
    assert ((latents + move - strong).norm(dim=-1) < (latents - strong).norm(dim=-1)).all()


@pytest.mark.parametrize("size", [1.0, 1e-30, 1e30])
def test_relative_step_has_exactly_the_length_that_is_asked_for(size: float) -> None:
    latents, gradient = (tensor.float() for tensor in draw(2))
    move = search_displacement(latents, gradient * size, search_step=0.07, scale="relative")
    torch.testing.assert_close(move.norm(dim=-1), 0.07 * latents.norm(dim=-1))
    torch.testing.assert_close(torch.cosine_similarity(move, -gradient, dim=-1), torch.ones(SHAPE[:2]))


@pytest.mark.parametrize("scale", ["raw", "relative"])
def test_no_gradient_no_move(scale: str) -> None:
    latents, _ = draw(2)
    assert (search_displacement(latents, torch.zeros(SHAPE), search_step=0.5, scale=scale) == 0).all()


def test_scores_take_the_references_difference_in_part() -> None:
    base, strong, weak = (torch.tensor([row]) for row in ([-1.0, -2.0], [-0.5, -3.0], [-1.5, -1.0]))
    assert contrast_scores(base, strong, weak, weight=0.5).tolist() == [[-0.5, -3.0]]
    assert torch.equal(contrast_scores(base, strong, weak, weight=0.0), base)
    missing = torch.tensor([[0.0, float("-inf")]])  # a question with one candidate
    assert contrast_scores(missing, missing, missing, weight=0.5).tolist() == [[0.0, float("-inf")]]
