"""Two processes do what one does: they learn the same and write the same answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.strategies import DDPStrategy

from lightning_latent.callbacks import Predictions, ResidualBlending
from lightning_latent.data import GeneratedProsQA
from lightning_latent.data.example import Example
from lightning_latent.refinement import LatentMap, LatentRefinement, Learned, LowRankWeights, Schedule
from tests.refinement.models import GRAPHS, load_feedback, make_data, make_module, make_trainer


class Uneven(GeneratedProsQA):
    """Answers of one to three sentences: processes have different numbers of tokens to learn from."""

    def make(self, number: int) -> Example:
        example = super().make(number)
        return example._replace(answer=" ".join([example.answer] * (1 + number % 3)))


class Unseeded(L.Callback):
    """As if processes drew different random numbers: what they learn must start alike all the same."""

    def setup(self, trainer: L.Trainer, pl_module: LatentRefinement, stage: str) -> None:
        for parameter in pl_module.learn.parameters():
            parameter.data *= 1 + trainer.global_rank


def make_run(saved: Path, directory: Path, devices: int, learn: Learned) -> tuple[LatentRefinement, L.Trainer]:
    # Forked, which saves importing everything again; but not beside CUDA, which does not survive it.
    method = "spawn" if torch.cuda.is_available() else "fork"
    callbacks: list[L.Callback] = [
        load_feedback(saved, search_step=0.3),
        ResidualBlending(memory_rate=0.1),
        Unseeded(),
        Predictions(),
        ModelCheckpoint(directory, filename="fitted"),
    ]
    trainer = make_trainer(
        directory,
        callbacks=callbacks,
        devices=devices,
        strategy=DDPStrategy(start_method=method) if devices > 1 else "auto",
        max_epochs=2,
        enable_checkpointing=True,
        use_distributed_sampler=False,
    )
    module = make_module(saved, learn=learn, learning_rate=0.05)
    module.configure_model()  # once, before the processes part
    return module, trainer


def fit_and_predict(saved: Path, directory: Path, devices: int, learn: Callable[[], Learned]) -> None:
    """Nine questions in batches of four: the last batch has one, and on two devices the second has none of it."""
    torch.manual_seed(0)
    module, trainer = make_run(saved, directory, devices, learn())
    data = make_data(validation=7, batch_size=4)
    data.train = Uneven(size=9, **GRAPHS)
    trainer.fit(module, data)
    torch.manual_seed(1)
    module, trainer = make_run(saved, directory, devices, learn())
    data = make_data(validation=7, batch_size=4)
    trainer.predict(module, data, ckpt_path=directory / "fitted.ckpt", return_predictions=False)


def timeless(path: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("learn", "learned"),
    [
        (lambda: LatentMap(rank=2), "learn.offset"),
        (Schedule, "learn.search_step"),
        (lambda: LowRankWeights(rank=2), "learn.up.0.default.weight"),
    ],
    ids=["map", "schedule", "lora"],
)
def test_two_processes_do_what_one_does(learn, learned: str, saved: Path, tmp_path: Path) -> None:
    for devices in (1, 2):
        fit_and_predict(saved, tmp_path / str(devices), devices, learn)
    states = [torch.load(tmp_path / devices / "fitted.ckpt", weights_only=True)["state_dict"] for devices in "12"]
    assert states[0][learned].abs().sum() > 0
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value, rtol=1e-6, atol=1e-12)
    for place in (".", "validate"):
        answers = [timeless(tmp_path / devices / place / "predictions.jsonl") for devices in "12"]
        assert answers[0] == answers[1]
        assert len(answers[0]) == 7
    runs = [json.loads((tmp_path / devices / "run.json").read_text()) for devices in "12"]
    for key in ("n", "correct", "accuracy", "method", "models"):
        assert runs[0][key] == runs[1][key]
    assert [run["processes"] for run in runs] == [1, 2]


def test_a_process_without_any_question_waits_for_the_others(saved: Path, tmp_path: Path) -> None:
    module, trainer = make_run(saved, tmp_path, 2, LatentMap(rank=2))
    module.learn.offset.data += 0.1
    (logged,) = trainer.validate(module, make_data(validation=1), verbose=False)
    (answer,) = timeless(tmp_path / "predictions.jsonl")
    assert logged["val/accuracy"] == answer["correct"]
