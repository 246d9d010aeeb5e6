"""The check of what is learned says what is wrong with it."""

import pytest
import torch

from lightning_latent.refinement import Learned
from lightning_latent.testing import check_learned
from tests.refinement.models import EXAMPLES


class Bad(Learned):
    """An offset that breaks one rule."""

    def __init__(self, rule: str) -> None:
        super().__init__()
        self.rule = rule

    def build(self, reasoner):
        dtype = reasoner.dtype if self.rule == "half" else torch.promote_types(reasoner.dtype, torch.float32)
        self.offset = torch.nn.Parameter(torch.zeros(reasoner.hidden_size, dtype=dtype))
        return None if self.rule == "nothing" else self

    @property
    def is_identity(self):
        return self.rule != "never" and (self.rule == "always" or not self.offset.any())

    def forward(self, step, fed, latent):
        offset = self.offset.reshape(-1, latent.shape[-1])[0]
        moved = latent.to(offset.dtype) + offset
        return moved + latent.mean(0) * offset if self.rule == "mixes" else moved


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("nothing", "Bad.build gives back NoneType; give back self"),
        ("never", "Bad.is_identity says that something is learned before anything is"),
        ("always", "Bad.is_identity says that nothing is learned when all its numbers are random"),
        ("half", r"Bad.offset is torch.bfloat16, not torch.float32; see Learned.build"),
        ("mixes", "Bad: the latents of question q/0 differ by .+ when it is asked alone"),
    ],
)
def test_the_message_says_which_rule_is_broken(rule, message, saved):
    with pytest.raises(AssertionError, match=message):
        check_learned(Bad(rule), reasoner=str(saved / "base"), examples=EXAMPLES)


def test_one_that_keeps_to_all_passes(saved):
    check_learned(Bad("no"), reasoner=str(saved / "base"), examples=EXAMPLES)


def test_state_that_does_not_fit_again_is_told(saved):
    class Growing(Bad):
        sizes = iter(range(1, 9))

        def build(self, reasoner):
            super().build(reasoner)
            self.offset.data = self.offset.data.expand(next(self.sizes), -1).clone()
            return self

    with pytest.raises(AssertionError, match="Growing: what one has learned does not fit another of its options"):
        check_learned(Growing("no"), reasoner=str(saved / "base"), examples=EXAMPLES)
