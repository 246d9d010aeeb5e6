"""Samples around the latents: against the same done one by one, without caches."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_latent.callbacks import NoiseSamples
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.course import replay
from lightning_latent.refinement import LatentRefinement
from lightning_latent.refinement.controls import random_directions
from tests.refinement import naive
from tests.refinement.models import EXAMPLES, LATENTS, NOUNS, QUESTIONS, make_module, ready

OPTIONS = [tuple(f"{noun}." for noun in NOUNS[:count]) for count in (4, 2, 3)]
ASKED = [
    example._replace(options=options, answer=options[-1]) for example, options in zip(EXAMPLES, OPTIONS, strict=True)
]
COUNT, NOISE = 5, 0.8


@pytest.fixture
def module(saved: Path, tmp_path: Path) -> LatentRefinement:
    return ready(make_module(saved), tmp_path)


def samples(module: LatentRefinement, question: str, *, seed: int = 0) -> list[torch.Tensor]:
    """The trajectories `[T, D]` of a question, its own first."""
    latents = naive.rollout(module.reasoner, question, LATENTS)
    found = [latents]
    for number in range(1, COUNT):
        drawn = random_directions([f"sample {number}/{question}"], steps=LATENTS, size=16, seed=seed)[0].double()
        moved = [h + NOISE * h.norm() * z for h, z in zip(latents, drawn, strict=True)]
        found.append(torch.stack(moved))
    return found


@torch.no_grad()
def scores(module: LatentRefinement, example: Example) -> torch.Tensor:
    """Log-probabilities `[K, C]` of a question's candidates."""
    found = [
        [naive.likelihood(module.reasoner, example.question, latents, option) for option in example.options]
        for latents in samples(module, example.question)
    ]
    return torch.tensor(found, dtype=torch.float64).log_softmax(-1)


def said(example: Example, found: torch.Tensor, combine: str) -> str:
    own = [example.options[at] for at in found.argmax(-1).tolist()]
    if combine == "oracle":
        return example.answer if example.answer in own else own[0]
    if combine == "majority":
        return max(example.options, key=own.count)
    if combine == "most_confident":
        return own[int(found.max(-1).values.argmax())]
    return example.options[int(found.sum(0).argmax())]


@pytest.mark.parametrize("combine", ["mean_log_probability", "majority", "most_confident", "oracle"])
def test_all_samples_in_one_pass_are_what_they_are_one_by_one(combine: Any, module: LatentRefinement) -> None:
    module.benchmark.matches = lambda prediction, gold: prediction == gold  # type: ignore[method-assign]
    answers = NoiseSamples(count=COUNT, noise=NOISE, combine=combine).answer(ASKED, module)
    for example, answer in zip(ASKED, answers, strict=True):
        assert answer.answer == said(example, scores(module, example), combine)
        assert answer.latents == COUNT * LATENTS


def test_the_samples_do_not_agree(module: LatentRefinement) -> None:
    """Otherwise the rules above were all the same."""
    own = [scores(module, example).argmax(-1).unique() for example in ASKED]
    assert any(len(answers) > 1 for answers in own)


def test_a_question_that_is_sure_gets_no_further_sample(module: LatentRefinement) -> None:
    threshold = 1.5
    answers = NoiseSamples(count=COUNT, noise=NOISE, threshold=threshold).answer(ASKED, module)
    for example, answer in zip(ASKED, answers, strict=True):
        found, used = scores(module, example), 1
        while used < COUNT and float(found[:used].sum(0).topk(2).values.diff().abs()) <= threshold:
            used += 1
        assert (answer.answer, answer.latents) == (said(example, found[:used], "sum"), used * LATENTS)
    assert len({answer.latents for answer in answers}) > 1
    fewer = NoiseSamples(count=COUNT, noise=NOISE, threshold=0.5).answer(ASKED, module)
    replayed = [replay(answer.course, threshold=0.5) for answer in answers]
    assert replayed == [(answer.latents // LATENTS, answer.correct) for answer in fewer]


@pytest.mark.parametrize("combine", ["majority", "most_confident", "oracle"])
def test_without_candidates_each_samples_answer_is_decoded(combine: Any, module: LatentRefinement) -> None:
    answers = NoiseSamples(count=COUNT, noise=NOISE, combine=combine).answer(EXAMPLES, module)
    for example, answer in zip(EXAMPLES, answers, strict=True):
        own, likely = [], []
        for latents in samples(module, example.question):
            context = module.reasoner.conclude(module.reasoner.encode([example.question]), latents[None])
            own += module.say(context, [example]).answers
            likely.append(float(naive.likelihood(module.reasoner, example.question, latents, own[-1]).detach()))
        right = [one for one in own if module.benchmark.matches(one, example.answer)]
        match combine:
            case "majority":
                assert answer.answer == first_of_most(own, module)
            case "most_confident":
                assert answer.answer == own[likely.index(max(likely))]
            case "oracle":
                assert answer.answer == [*right, own[0]][0]
                assert answer.correct == bool(right)


def first_of_most(own: Sequence[str], module: LatentRefinement) -> str:
    """Answers that mean the same count together."""
    groups: list[list[str]] = []
    for one in own:
        group = next((group for group in groups if module.benchmark.matches(one, group[0])), None)
        groups.append([one]) if group is None else group.append(one)
    return max(groups, key=len)[0]


def test_directions_depend_on_sample_and_seed(module: LatentRefinement) -> None:
    latents = torch.randn(3, LATENTS, 16, dtype=torch.float64)
    first, second = NoiseSamples(noise=NOISE), NoiseSamples(noise=NOISE, seed=1)
    drawn = [first._sample(1, QUESTIONS, latents), first._sample(2, QUESTIONS, latents)]
    drawn.append(second._sample(1, QUESTIONS, latents))
    for sample in drawn:
        torch.testing.assert_close((sample - latents).norm(dim=-1), NOISE * latents.norm(dim=-1))
    assert not any(torch.allclose(drawn[a], drawn[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert torch.equal(first._sample(0, QUESTIONS, latents), latents)


def test_bad_options_are_one_line(module: LatentRefinement) -> None:
    with pytest.raises(UserError, match="count of NoiseSamples is 0; it must be at least 1"):
        NoiseSamples(count=0)
    with pytest.raises(UserError, match="leave combine: oracle out"):
        NoiseSamples(threshold=1.0, combine="oracle")
    with pytest.raises(UserError, match="averages nothing; set its combine to majority"):
        NoiseSamples().answer(EXAMPLES, module)
