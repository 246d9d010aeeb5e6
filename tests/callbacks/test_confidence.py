"""Confidence by gradient in a module: against each question alone, without caches."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from lightning_latent.callbacks import AnswerConfidence
from lightning_latent.errors import UserError
from lightning_latent.refinement import LatentRefinement
from lightning_latent.refinement.confidence import climb, confidence
from tests.refinement import naive
from tests.refinement.models import EXAMPLES, LATENTS, QUESTIONS, make_data, make_module, make_trainer, ready

TOKENS = 3


def make(saved: Path, tmp_path: Path, **options) -> LatentRefinement:
    given = {"steps": 3, "search_step": 0.2, "top": 4, "tokens": TOKENS, **options}
    return ready(make_module(saved, loop="trajectory"), tmp_path, AnswerConfidence(**given))


def score(module: LatentRefinement, question: str, latents: Tensor) -> Tensor:
    """The confidence `[]` of what is decoded from latents `[T, D]`."""
    ids: list[int] = []
    while len(ids) < TOKENS and module.reasoner.tokenizer.eos_token_id not in ids:
        ids.append(int(naive.words(module.reasoner, question, latents, [*ids, 0])[-1].argmax()))
    return confidence(naive.words(module.reasoner, question, latents, ids), top=4).mean()


@pytest.mark.parametrize("guard", [False, True])
def test_each_question_climbs_by_its_own_confidence(guard: bool, saved: Path, tmp_path: Path) -> None:
    module = make(saved, tmp_path, guard=guard)
    latents = module.think(EXAMPLES).latents
    moved = 0
    for row, question in enumerate(QUESTIONS):
        own = naive.rollout(module.reasoner, question, LATENTS)
        expected = climb(
            own[None],
            lambda h, question=question: score(module, question, h[0])[None],
            steps=3,
            search_step=0.2,
            guard=guard,
        )[0]
        torch.testing.assert_close(latents[row], expected, rtol=0, atol=1e-8)
        moved += not torch.allclose(latents[row], own)
    assert moved == 3 if not guard else moved > 0


@torch.no_grad()
def test_with_guard_no_question_is_less_confident_than_before(saved: Path, tmp_path: Path) -> None:
    gains = {}
    for guard in (False, True):
        module = make(saved, tmp_path, guard=guard, search_step=3.0)  # far beyond what the gradient speaks of
        latents = module.think(EXAMPLES).latents
        own = [naive.rollout(module.reasoner, question, LATENTS) for question in QUESTIONS]
        gains[guard] = [
            float(score(module, q, h) - score(module, q, o)) for q, h, o in zip(QUESTIONS, latents, own, strict=True)
        ]
    assert min(gains[False]) < -1e-3  # it was needed
    assert min(gains[True]) >= -1e-9


def test_gradients_flow_where_lightning_evaluates(saved: Path, tmp_path: Path) -> None:
    callback = AnswerConfidence(steps=2, search_step=0.5, tokens=TOKENS)
    given = make_trainer(tmp_path, callbacks=[callback]).predict(make_module(saved, loop="trajectory"), make_data())
    module = make(saved, tmp_path, steps=2, search_step=0.5, top=10)
    for batch, answers in zip(make_data().predict_dataloader(), given, strict=True):
        assert [answer.text for answer in answers] == [answer.text for answer in module.answer(batch)]


def test_what_it_cannot_do_is_one_line(saved: Path, tmp_path: Path) -> None:
    for options, message in (({"steps": 0}, "steps of AnswerConfidence is 0"), ({"top": 1}, "it must be at least 2")):
        with pytest.raises(UserError, match=message):
            AnswerConfidence(**options)
    with pytest.raises(UserError, match=r"AnswerConfidence moves whole trajectories; set model\.loop to trajectory"):
        ready(make_module(saved), tmp_path, AnswerConfidence())
    trainer = make_trainer(tmp_path, callbacks=[AnswerConfidence()], inference_mode=True)
    with pytest.raises(UserError, match=r"needs gradients; set trainer\.inference_mode to false"):
        trainer.validate(make_module(saved, loop="trajectory"), make_data(), verbose=False)
