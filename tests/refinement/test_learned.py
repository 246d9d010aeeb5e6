"""What every kind of `Learned` must keep to."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import lightning_latent.refinement
from lightning_latent.cli import LatentCLI
from lightning_latent.refinement import CorrectnessHead, LatentMap, Learned, LowRankWeights, Schedule
from lightning_latent.refinement.loop import refine_stepwise
from tests.refinement.models import LATENTS, QUESTIONS, make_data, make_reasoner, make_trainer

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
KINDS: dict[str, Callable[[], Learned]] = {
    "LatentMap": lambda: LatentMap(rank=2),
    "LatentMap, offset": lambda: LatentMap(rank=0),
    "Schedule": Schedule,
    "LowRankWeights": lambda: LowRankWeights(rank=2),
    "CorrectnessHead": CorrectnessHead,
}


def test_every_kind_of_the_package_is_here() -> None:
    public = [getattr(lightning_latent.refinement, name) for name in lightning_latent.refinement.__all__]
    names = {cls.__name__ for cls in public if issubclass(cls, Learned) and cls is not Learned}
    assert names == {kind.partition(",")[0] for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dtype", "own"), [("float64", "float64"), ("float32", "float32"), ("bfloat16", "float32")])
def test_it_starts_as_plain_coconut_in_at_least_single_precision(kind: str, dtype: str, own: str) -> None:
    reasoner = make_reasoner(0, dtype=getattr(torch, dtype))
    with torch.no_grad():
        plain = reasoner.rollout(reasoner.encode(QUESTIONS)).latents
        learned = KINDS[kind]().build(reasoner)
        assert learned.is_identity
        assert {parameter.dtype for parameter in learned.parameters()} == {getattr(torch, own)}
        latents = refine_stepwise(reasoner, reasoner.encode(QUESTIONS), learned=learned).latents
    torch.testing.assert_close(latents, plain.to(latents.dtype), rtol=0, atol=0)
    assert all(parameter.requires_grad for parameter in learned.parameters())
    for parameter in learned.parameters():
        torch.nn.init.ones_(parameter)
    assert not learned.is_identity


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_does_not_depend_on_its_batch(kind: str) -> None:
    reasoner = make_reasoner(0)
    learned = KINDS[kind]().build(reasoner)
    for parameter in learned.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    with torch.no_grad():
        together = refine_stepwise(reasoner, reasoner.encode(QUESTIONS), learned=learned).latents
        for row, question in enumerate(QUESTIONS):
            alone = refine_stepwise(reasoner, reasoner.encode([question]), learned=learned).latents
            torch.testing.assert_close(alone[0], together[row], rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_plain_passes_are_the_unrefined_reasoners(kind: str) -> None:
    reasoner, untouched = make_reasoner(0), make_reasoner(0)
    learned = KINDS[kind]().build(reasoner)
    for parameter in learned.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    with torch.no_grad(), learned.aside():
        latents = reasoner.rollout(reasoner.encode(QUESTIONS)).latents
    assert torch.equal(latents, untouched.rollout(untouched.encode(QUESTIONS)).latents)
    assert all(parameter.requires_grad for parameter in learned.parameters())


def test_one_of_your_own_is_named_by_its_class_path(saved: Path, tmp_path: Path, monkeypatch) -> None:
    """The one that docs/refinement.md shows."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    options = [
        "--model=LatentRefinement",
        f"--model.reasoner={saved / 'base'}",
        "--model.learn=gain.Gain",
        "--data=LatentDataModule",
        "--data.benchmark=tests.refinement.models.RawText",
        "--trainer.accelerator=cpu",
    ]
    module = LatentCLI(options, run=False).model
    module.configure_model()
    assert module.learn.is_identity and "learn.gain" in module.state_dict()
    make_trainer(tmp_path).fit(module, make_data())
    assert module.learn.gain.all() and module.learn.gain.shape == (LATENTS,)
