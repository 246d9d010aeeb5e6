"""Candidates by base, strong and weak together: against the three alone, without caches."""

from pathlib import Path

import pytest
import torch

from lightning_latent.callbacks import ContrastiveLogits
from lightning_latent.reasoner import load_reasoner
from tests.refinement import naive
from tests.refinement.models import EXAMPLES, LATENTS, NOUNS, make_module, ready

OPTIONS = [tuple(f"{noun}." for noun in NOUNS[:count]) for count in (8, 7, 8)]
ASKED = [example._replace(options=options) for example, options in zip(EXAMPLES, OPTIONS, strict=True)]


@torch.no_grad()
@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_the_answer_is_the_best_of_the_three_together(weight: float, saved: Path, tmp_path: Path) -> None:
    # Both references have the markers: naive reads the end marker where there is one.
    callback = ContrastiveLogits(strong="beside:strong", weak=str(saved / "base"), weight=weight)
    module = ready(make_module(saved), tmp_path, callback)
    models = [load_reasoner(str(saved / name), num_latents=LATENTS, dtype="float64") for name in ("strong", "base")]
    answers = module.answer(ASKED)
    for example, answer in zip(ASKED, answers, strict=True):
        latents = naive.rollout(module.reasoner, example.question, LATENTS)
        base, strong, weak = (
            torch.stack([naive.likelihood(model, example.question, latents, option) for option in example.options])
            for model in (module.reasoner, *models)
        )
        total = base + weight * (strong - weak)
        assert answer.answer == example.options[int(total.argmax())]
        assert answer.latents == LATENTS
    assert set(module.identities) == {"reasoner", "strong", "weak"}


def test_the_weight_counts(saved: Path, tmp_path: Path) -> None:
    said = [
        [a.answer for a in ready(make_module(saved), tmp_path, ContrastiveLogits(weight=weight)).answer(ASKED)]
        for weight in (0.0, 0.7)
    ]
    assert said[0] != said[1]
