import math

import pytest
import torch

from lightning_latent.reasoner.open_thoughts import nearest_tokens
from lightning_latent.refinement.geometry import movement, principal_plane, project


def test_movement_by_hand() -> None:
    base = torch.tensor([[[3.0, 4.0], [1.0, 0.0]]])
    latents = torch.tensor([[[3.0, 4.0], [0.0, 2.0]]])
    moved = movement(base, latents)
    torch.testing.assert_close(moved.norm, torch.tensor([[5.0, 2.0]]))
    torch.testing.assert_close(moved.displacement, torch.tensor([[0.0, math.sqrt(5)]]))
    torch.testing.assert_close(moved.cosine, torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(moved.stride, torch.tensor([[math.sqrt(13)]]))


def test_one_latent_has_no_stride() -> None:
    assert movement(torch.ones(2, 1, 4), torch.ones(2, 1, 4)).stride.shape == (2, 0)


def test_plane_is_that_of_the_covariances_eigenvectors() -> None:
    points = torch.randn(50, 6, dtype=torch.float64) * torch.tensor([5.0, 3.0, 1.0, 0.5, 0.2, 0.1]) + 7
    plane = principal_plane(points)
    values, vectors = torch.linalg.eigh(torch.cov(points.T))
    torch.testing.assert_close(plane.share, (values / values.sum()).flip(0)[:2])
    for index in range(2):
        assert abs(vectors[:, -1 - index] @ plane.axes[:, index]) == pytest.approx(1)
        assert plane.axes[plane.axes[:, index].abs().argmax(), index] > 0
    coordinates = project(points, plane)
    assert coordinates.shape == (50, 2)
    torch.testing.assert_close(coordinates.mean(0), torch.zeros(2, dtype=torch.float64), rtol=0, atol=1e-9)
    torch.testing.assert_close(torch.cov(coordinates.T).diagonal(), values.flip(0)[:2])


@pytest.mark.parametrize("points", [torch.ones(1, 4), torch.ones(5, 4), torch.tensor([[0.0], [2.0]])])
def test_points_that_do_not_spread_have_a_plane_too(points: torch.Tensor) -> None:
    plane = principal_plane(points)
    assert project(points, plane).isfinite().all()
    assert plane.share.isfinite().all()
    assert plane.axes[:, 1].tolist() == [0.0] * points.shape[1]


def test_plane_takes_no_random_numbers() -> None:
    before = torch.get_rng_state()
    principal_plane(torch.ones(9, 4))
    assert torch.equal(torch.get_rng_state(), before)


def test_nearest_tokens() -> None:
    logits = torch.tensor([[0.0, math.log(6), math.log(3)]])
    probabilities, ids = nearest_tokens(logits, count=2)
    torch.testing.assert_close(probabilities, torch.tensor([[0.6, 0.3]]))
    assert ids.tolist() == [[1, 2]]
    assert nearest_tokens(logits, count=9)[1].shape == (1, 3)
