"""The check of objectives says what is wrong with one."""

import pytest
import torch
from torch import Tensor

from lightning_latent.callbacks import ResidualBlending
from lightning_latent.refinement import LatentCallback
from lightning_latent.refinement.hooks import check_trajectory
from lightning_latent.testing import check_objective
from tests.refinement.models import EXAMPLES


class Bad(LatentCallback):
    """Breaks one rule."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        self.kept: list[Tensor] = []

    def prepare(self, module) -> None:
        if self.rule == "refuses":
            check_trajectory(module, who="Bad moves")
            check_trajectory(type("Other", (), {"loop": "stepwise"}), who="Bad never moves")

    def displacement(self, step, fed, latent):
        match self.rule:
            case "shape":
                return latent[:, :1]
            case "type":
                return latent.float()
            case "graph":
                return torch.ones_like(latent, requires_grad=True)
            case "writes":
                return latent.mul_(1.5)
            case "keeps":
                self.kept.append(latent)
            case "draws":
                return torch.rand_like(latent)
            case "mixes":
                return latent.mean(0, keepdim=True) - latent
        return None

    def accumulate(self, update):
        return None if self.rule == "none" else update


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            "shape",
            r"Bad\.displacement returns \[3, 1\] of torch\.float64 for latents \[3, 16\] of torch\.float64",
        ),
        (
            "type",
            r"Bad\.displacement returns \[3, 16\] of torch\.float32 for latents \[3, 16\] of torch\.float64",
        ),
        ("graph", r"Bad\.displacement returns what asks for gradients; detach it"),
        ("writes", "Bad writes to the latents that it is given; copy them"),
        ("keeps", r"Bad holds on to kept\.0, kept\.1, .+ after a batch; let go of it in end"),
        ("draws", "Bad makes other latents of the same questions the second time; seed what it draws"),
        ("mixes", "Bad: the latents of question q/0 differ by .+ when it is asked alone; let them depend on no other"),
        ("none", "Bad.accumulate returns None; return what it was given"),
        ("refuses", "Bad refuses to be prepared: Bad moves whole trajectories; set model.loop to trajectory"),
    ],
)
def test_the_message_says_which_rule_is_broken(rule, message, saved):
    with pytest.raises(AssertionError, match=message) as caught:
        check_objective(Bad(rule), reasoner=str(saved / "base"), examples=EXAMPLES)
    assert "\n" not in str(caught.value)
    check_objective(Bad("no"), reasoner=str(saved / "base"), examples=EXAMPLES)


def test_one_that_does_nothing_is_not_checked():
    class Idle(LatentCallback):
        active = False

    with pytest.raises(AssertionError, match="Idle is not active as it is set"):
        check_objective(Idle())


def test_the_callback_that_is_given_stays_as_it_is(saved):
    callback = ResidualBlending(memory_rate=0.3)
    before = dict(vars(callback))
    check_objective(callback, reasoner=str(saved / "base"), examples=EXAMPLES)
    assert vars(callback) == before
