"""Another checkpoint's latents: against that checkpoint's own, thought alone."""

from pathlib import Path

import pytest
import torch

from lightning_latent.callbacks import BorrowedLatents
from lightning_latent.errors import UserError
from lightning_latent.reasoner import load_reasoner
from tests.refinement import naive
from tests.refinement.models import EXAMPLES, LATENTS, QUESTIONS, make_module, ready


@pytest.mark.parametrize("role", ["strong", "weak"])
def test_answers_are_read_from_what_the_other_thinks(role: str, saved: Path, tmp_path: Path) -> None:
    module = ready(make_module(saved, loop="trajectory"), tmp_path, BorrowedLatents(checkpoint=f"beside:{role}"))
    other = load_reasoner(str(saved / role), num_latents=LATENTS, dtype="float64")
    thoughts = module.think(EXAMPLES)
    for row, question in enumerate(QUESTIONS):
        expected = naive.rollout(other, question, LATENTS)
        torch.testing.assert_close(thoughts.latents[row], expected, rtol=0, atol=1e-9)
        hidden = naive.at_end_marker(module.reasoner, question, expected)
        torch.testing.assert_close(thoughts.context.hidden[row], hidden, rtol=0, atol=1e-9)
    assert module.identities["other"]["path"] == f"beside:{role}"


def test_whole_trajectories_are_borrowed_in_their_loop_alone(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"replaces whole trajectories; set model\.loop to trajectory"):
        ready(make_module(saved), tmp_path, BorrowedLatents(checkpoint="beside:strong"))
