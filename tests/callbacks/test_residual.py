import pytest
import torch

from lightning_latent.callbacks import ResidualBlending
from lightning_latent.errors import UserError


def test_the_first_latent_stays_and_later_ones_are_blended() -> None:
    callback = ResidualBlending(memory_rate=0.25)
    first, second = torch.randn(2, 3, 8, dtype=torch.float64).unbind()
    assert callback.blend(None, first) is first
    torch.testing.assert_close(callback.blend(first, second), 0.25 * first + 0.75 * second)


def test_updates_of_a_batch_are_blended_and_forgotten_after_it() -> None:
    callback = ResidualBlending(memory_rate=0.0, gradient_history=0.5)
    updates = torch.randn(3, 2, 8, dtype=torch.float64)
    for _ in range(2):
        callback.begin(["one", "two"])
        first, second, third = (callback.accumulate(update) for update in updates)
        torch.testing.assert_close(first, updates[0])
        torch.testing.assert_close(second, (updates[0] + updates[1]) / 2)
        torch.testing.assert_close(third, updates[0] / 4 + updates[1] / 4 + updates[2] / 2)
        callback.end()


@pytest.mark.parametrize(
    ("name", "value"), [("memory_rate", -0.1), ("memory_rate", float("nan")), ("gradient_history", 1.0)]
)
def test_rates_outside_their_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(UserError, match=rf"blending\.{name} is {value}; it must be at least 0 and below 1"):
        ResidualBlending(**{name: value})


def test_without_rates_it_does_nothing() -> None:
    assert not ResidualBlending().active
    assert ResidualBlending(memory_rate=0.1).active and ResidualBlending(gradient_history=0.1).active
