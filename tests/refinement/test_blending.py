import pytest
import torch

from lightning_latent.refinement.blending import accumulate, blend


def test_blend_keeps_a_part_of_the_latent_before() -> None:
    previous, proposed = torch.randn(2, 4, 8, dtype=torch.float64).unbind()
    torch.testing.assert_close(blend(previous, proposed, memory_rate=0.3), 0.3 * previous + 0.7 * proposed)
    assert torch.equal(blend(previous, proposed, memory_rate=0.0), proposed)
    assert torch.equal(blend(previous, proposed, memory_rate=1.0), previous)


def test_accumulated_updates_decay_by_their_age() -> None:
    updates = torch.randn(5, 2, 8, dtype=torch.float64)
    beta = 0.6
    history = None
    for update in updates:
        history = accumulate(history, update, history_rate=beta)
    weights = [beta**4] + [(1 - beta) * beta ** (4 - k) for k in range(1, 5)]
    assert sum(weights) == pytest.approx(1)
    torch.testing.assert_close(history, sum(w * u for w, u in zip(weights, updates, strict=True)))


def test_without_history_an_update_is_itself() -> None:
    first, second = torch.randn(2, 3, 8).unbind()
    assert accumulate(None, first, history_rate=0.9) is first
    assert torch.equal(accumulate(first, second, history_rate=0.0), second)
