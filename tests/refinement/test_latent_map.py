import pytest
import torch

from lightning_latent.errors import UserError
from lightning_latent.refinement.latent_map import LatentMap
from tests.refinement.models import make_reasoner

B, T, D = 3, 2, 6


def built(rank: int, dtype: torch.dtype = torch.float32) -> LatentMap:
    return LatentMap(rank=rank).build(make_reasoner(hidden=D, num_latents=T, dtype=dtype))


def random_map(rank: int) -> LatentMap:
    latent_map = built(rank, dtype=torch.float64)
    for parameter in latent_map.parameters():
        torch.nn.init.normal_(parameter)
    return latent_map


@pytest.mark.parametrize("rank", [0, 1, 4])
def test_equals_its_equation_written_as_a_loop(rank: int) -> None:
    latent_map, latents = random_map(rank), torch.randn(B, T, D, dtype=torch.float64)
    down, up, offset = latent_map.down, latent_map.up, latent_map.offset
    for t in range(T):
        expected = torch.empty(B, D, dtype=torch.float64)
        for row in range(B):
            for j in range(D):
                value = latents[row, t, j] + offset[t, j]
                for r in range(rank):
                    value = value + sum(latents[row, t, i] * down[t, i, r] for i in range(D)) * up[t, r, j]
                expected[row, j] = value
        torch.testing.assert_close(latent_map(t, [], latents[:, t]), expected, rtol=1e-12, atol=1e-12)


def test_starts_as_the_identity() -> None:
    latent = torch.randn(B, D)
    latent_map = built(4)
    assert all(torch.equal(latent_map(t, [], latent), latent) for t in range(T))
    assert latent_map.is_identity
    latent_map.offset.data[1, 2] = 0.1
    assert not latent_map.is_identity


def test_learns_from_the_first_step_on() -> None:
    """The identity is no saddle point: `up` and `offset` get gradients, and then `down` does."""
    latent_map = built(2)
    optimizer = torch.optim.SGD(latent_map.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        sum(latent_map(t, [], torch.randn(B, D)).square().sum() for t in range(T)).backward()
        optimizer.step()
    assert all(parameter.grad.norm() > 0 for parameter in latent_map.parameters())


def test_rank_zero_is_a_shared_offset() -> None:
    latent_map, latent = random_map(0), torch.randn(B, D, dtype=torch.float64)
    assert torch.equal(latent_map(1, [], latent) - latent, (latent + latent_map.offset[1]) - latent)
    latent_map(1, [], latent).sum().backward()
    assert latent_map.down.grad.numel() == 0
    assert latent_map.offset.grad[1].tolist() == [B] * D and not latent_map.offset.grad[0].any()


def test_half_precision_latents_are_corrected_in_single_precision() -> None:
    latent_map = built(2)
    assert latent_map(0, [], torch.randn(B, D, dtype=torch.bfloat16)).dtype == torch.float32


def test_a_negative_rank_is_refused() -> None:
    with pytest.raises(UserError, match="the rank of a LatentMap is -1; it must be at least 0"):
        LatentMap(rank=-1)
