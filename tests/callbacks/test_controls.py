"""Latents that know nothing of the question, or move at random, in the loops."""

from pathlib import Path

import pytest
import torch

from lightning_latent.callbacks import RandomDirection, ReplacedLatents
from lightning_latent.errors import UserError
from lightning_latent.refinement.controls import random_directions
from tests.refinement import naive
from tests.refinement.models import EXAMPLES, LATENTS, QUESTIONS, make_module, ready


@pytest.mark.parametrize("by", ["zero", "mean", "other", "first"])
def test_answers_are_read_from_what_replaces_the_latents(by: str, saved: Path, tmp_path: Path) -> None:
    module = ready(make_module(saved, loop="trajectory"), tmp_path, ReplacedLatents(by=by))
    plain = torch.stack([naive.rollout(module.reasoner, question, LATENTS) for question in QUESTIONS])
    expected = {
        "zero": plain * 0,
        "mean": plain.mean(0).expand_as(plain),
        "other": plain[[2, 0, 1]],
        "first": plain[:, [0] * LATENTS],
    }[by]
    thoughts = module.think(EXAMPLES)
    torch.testing.assert_close(thoughts.latents, expected, rtol=0, atol=1e-9)
    for row, question in enumerate(QUESTIONS):
        hidden = naive.at_end_marker(module.reasoner, question, expected[row])
        torch.testing.assert_close(thoughts.context.hidden[row], hidden, rtol=0, atol=1e-9)
    assert module.method == "ReplacedLatents"


def test_whole_trajectories_are_replaced_in_their_loop_alone(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"replaces whole trajectories; set model\.loop to trajectory"):
        ready(make_module(saved), tmp_path, ReplacedLatents(by="zero"))


@pytest.mark.parametrize("loop", ["stepwise", "trajectory"])
def test_a_random_step_has_the_length_of_the_searchs_and_a_direction_of_the_question(
    loop: str, saved: Path, tmp_path: Path
) -> None:
    module = ready(make_module(saved, loop=loop), tmp_path, RandomDirection(search_step=0.3, seed=5))
    directions = random_directions(QUESTIONS, steps=LATENTS, size=16, seed=5).double()
    latents = module.think(EXAMPLES).latents
    for row, question in enumerate(QUESTIONS):
        expected = torch.zeros(0, 16, dtype=torch.float64)
        for step in range(LATENTS):
            if loop == "stepwise":
                latent = naive.read(module.reasoner, question, expected)[-1].detach()
            else:
                latent = naive.rollout(module.reasoner, question, LATENTS)[step]
            moved = latent + 0.3 * latent.norm() * directions[row, step]
            expected = torch.cat([expected, moved[None]])
        torch.testing.assert_close(latents[row], expected, rtol=0, atol=1e-9)
