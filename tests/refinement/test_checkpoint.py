"""What a checkpoint holds, that it resumes exactly, and that it is refused where it does not belong."""

from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from lightning_latent.callbacks import ContrastiveFeedback, Predictions
from lightning_latent.errors import UserError
from lightning_latent.refinement import LatentMap, LatentRefinement, Learned, LowRankWeights, Schedule
from lightning_latent.refinement.checkpoint import KEY
from tests.refinement.models import RawText, load_feedback, make_data, make_module, make_trainer

KINDS = {"map": lambda: LatentMap(rank=2), "schedule": Schedule, "lora": lambda: LowRankWeights(rank=2)}


def fit(saved: Path, directory: Path, *, learn: Learned, ckpt_path: Path | None = None) -> LatentRefinement:
    """Two epochs of four steps each, with a checkpoint after every step."""
    torch.manual_seed(3 if ckpt_path is None else 4)  # what is resumed owes nothing to how it was initialised
    every_step = ModelCheckpoint(directory / "checkpoints", filename="{step}", every_n_train_steps=1, save_top_k=-1)
    callbacks: list[L.Callback] = [load_feedback(saved, search_step=0.3), every_step]
    trainer = make_trainer(directory, callbacks=callbacks, max_epochs=2, enable_checkpointing=True)
    module = make_module(saved, learn=learn, learning_rate=0.05)
    trainer.fit(module, make_data(), ckpt_path=ckpt_path)
    return module


@pytest.fixture(scope="module")
def runs(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, LatentRefinement]]:
    directory = tmp_path_factory.mktemp("run")
    return {
        kind: (directory / kind / "checkpoints", fit(saved, directory / kind, learn=make()))
        for kind, make in KINDS.items()
    }


@pytest.fixture
def run(runs) -> tuple[Path, LatentRefinement]:
    return runs["map"]


def load(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True)  # executes no code


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_holds_what_was_learned_and_no_language_model(kind: str, runs) -> None:
    directory, module = runs[kind]
    path = directory / "step=8.ckpt"
    assert path.stat().st_size < 80_000
    checkpoint = load(path)
    assert set(checkpoint["state_dict"]) == {f"learn.{name}" for name, _ in module.learn.named_parameters()}
    for name, value in module.learn.state_dict().items():
        assert torch.equal(checkpoint["state_dict"][f"learn.{name}"], value)
    assert set(checkpoint[KEY]["identities"]) == {"reasoner", "strong", "weak"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [2, 4])
def test_a_resumed_fit_equals_an_uninterrupted_one(kind: str, step: int, runs, saved: Path, tmp_path: Path) -> None:
    """Within an epoch and at its end."""
    directory, module = runs[kind]
    assert not module.learn.is_identity
    resumed = fit(saved, tmp_path, learn=KINDS[kind](), ckpt_path=directory / f"step={step}.ckpt")
    for name, value in module.learn.state_dict().items():
        assert torch.equal(resumed.learn.state_dict()[name], value), name


def test_it_loads_without_a_trainer(run, saved: Path) -> None:
    directory, module = run
    loaded = LatentRefinement.load_from_checkpoint(
        directory / "step=8.ckpt",
        reasoner=str(saved / "base"),
        benchmark=RawText(),
        learn=LatentMap(rank=2),
        dtype="float64",
    )
    assert torch.equal(loaded.learn.offset, module.learn.offset)


def test_the_same_weights_in_another_place_are_not_other_weights(run, saved: Path, tmp_path: Path) -> None:
    (tmp_path / "moved").symlink_to(saved / "base")
    module = make_module(saved, reasoner=str(tmp_path / "moved"), learn=LatentMap(rank=2))
    make_trainer(tmp_path).test(module, make_data(), ckpt_path=run[0] / "step=8.ckpt", verbose=False)
    assert torch.equal(module.learn.offset, run[1].learn.offset)


# Where it does not belong.


def refuse(checkpoint: Path, module: LatentRefinement, tmp_path: Path, message: str, *callbacks: L.Callback) -> None:
    trainer = make_trainer(tmp_path / "out", callbacks=[*callbacks, Predictions()])
    with pytest.raises(UserError, match=message) as raised:
        trainer.test(module, make_data(), ckpt_path=checkpoint, verbose=False)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_other_weights_are_refused_whatever_was_learned(kind: str, runs, saved: Path, tmp_path: Path) -> None:
    other = make_module(saved, reasoner=str(saved / "strong"), learn=KINDS[kind]())
    refuse(runs[kind][0] / "step=8.ckpt", other, tmp_path, r"other weights: its reasoner is '.*base' .*'.*strong'")


@pytest.mark.parametrize(("kind", "as_kind"), [("map", "schedule"), ("schedule", "lora"), ("lora", "map")])
def test_what_another_kind_learned_is_refused(kind: str, as_kind: str, runs, saved: Path, tmp_path: Path) -> None:
    module = make_module(saved, learn=KINDS[as_kind]())
    refuse(runs[kind][0] / "step=8.ckpt", module, tmp_path, r"this run's \(?\w.*; set model\.learn and model")


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_learned_answers_alike_where_it_is_loaded(kind: str, runs, saved: Path, tmp_path: Path) -> None:
    directory, module = runs[kind]
    batch = next(iter(make_data().val_dataloader()))
    again = make_module(saved, learn=KINDS[kind]())
    trainer = make_trainer(tmp_path, callbacks=[load_feedback(saved, search_step=0.3)])
    trainer.test(again, make_data(), ckpt_path=directory / "step=8.ckpt", verbose=False)
    for plain in (False, True):
        assert torch.equal(again.think(batch, plain=plain).latents, module.think(batch, plain=plain).latents)
    assert not torch.equal(module.think(batch).latents, module.think(batch, plain=True).latents)


def test_other_weights_are_refused_and_both_are_named(run, saved: Path, tmp_path: Path) -> None:
    checkpoint = run[0] / "step=8.ckpt"
    message = r"fitted for other weights: its reasoner is '.*base' \(\w{12}\), this run's '.*strong' \(\w{12}\)"
    other = make_module(saved, reasoner=str(saved / "strong"), learn=LatentMap(rank=2))
    refuse(checkpoint, other, tmp_path, message)
    swapped = ContrastiveFeedback(strong=str(saved / "weak"), weak=str(saved / "strong"))
    message = r"other weights: its strong is '.*strong' .*, this run's '.*weak'"
    refuse(checkpoint, make_module(saved, learn=LatentMap(rank=2)), tmp_path, message, swapped)


@pytest.mark.parametrize(
    ("rank", "options", "now"), [(5, {}, r"\(3, 16, 5\)"), (2, {"num_latents": 2}, r"\(2, 16, 2\)"), (None, {}, "miss")]
)
def test_other_shapes_are_refused(
    rank: int | None, options: dict[str, int], now: str, run, saved: Path, tmp_path: Path
) -> None:
    module = make_module(saved, learn=None if rank is None else LatentMap(rank=rank), **options)
    message = rf"the checkpoint's learn.down is \(3, 16, 2\), this run's {now}.*; set model.learn and model.num_latents"
    refuse(run[0] / "step=8.ckpt", module, tmp_path, message)


def test_a_checkpoint_of_something_else_is_refused(run, saved: Path, tmp_path: Path) -> None:
    checkpoint = load(run[0] / "step=8.ckpt")
    del checkpoint[KEY]
    torch.save(checkpoint, tmp_path / "other.ckpt")
    module = make_module(saved, learn=LatentMap(rank=2))
    refuse(tmp_path / "other.ckpt", module, tmp_path, "not one of LatentRefinement; give one that fit wrote")
