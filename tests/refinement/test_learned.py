"""Every kind of `Learned` keeps to what `check_learned` asks for."""

import sys
from pathlib import Path

import pytest

import lightning_latent.refinement
from lightning_latent.cli import LatentCLI
from lightning_latent.refinement import CorrectnessHead, LatentMap, Learned, LowRankWeights, Schedule
from lightning_latent.testing import check_learned
from tests.commands import ROOT
from tests.refinement.models import EXAMPLES, LATENTS, make_data, make_trainer

KINDS: dict[str, Learned] = {
    "LatentMap": LatentMap(rank=2),
    "LatentMap, offset": LatentMap(rank=0),
    "Schedule": Schedule(),
    "LowRankWeights": LowRankWeights(rank=2),
    "CorrectnessHead": CorrectnessHead(),
}


def test_every_kind_of_the_package_is_here() -> None:
    public = [getattr(lightning_latent.refinement, name) for name in lightning_latent.refinement.__all__]
    names = {cls.__name__ for cls in public if issubclass(cls, Learned) and cls is not Learned}
    assert names == {kind.partition(",")[0] for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_it_keeps_to_the_contract(kind: str, saved: Path) -> None:
    check_learned(KINDS[kind], reasoner=str(saved / "base"), examples=EXAMPLES)


def test_one_of_your_own_is_named_by_its_class_path(saved: Path, tmp_path: Path, monkeypatch) -> None:
    """The one that docs/refinement.md shows."""
    monkeypatch.syspath_prepend(ROOT / "docs" / "examples")
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
    check_learned(module.learn)
    module.configure_model()
    assert module.learn.is_identity and "learn.gain" in module.state_dict()
    make_trainer(tmp_path).fit(module, make_data())
    assert module.learn.gain.all() and module.learn.gain.shape == (LATENTS,)
