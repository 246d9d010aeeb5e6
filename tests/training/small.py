"""A curriculum small enough for a test: three epochs of three batches, two stages and the one beyond."""

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback

from lightning_latent.data import GeneratedProsQA, LatentDataModule, ProsQA
from lightning_latent.training import CoconutTraining, ScratchProsQA
from lightning_latent.training.base import BaseModel

STEPS = 3  # an epoch


def module(base: BaseModel | None = None, **options) -> CoconutTraining:
    torch.manual_seed(1)
    plan = {
        "max_latent_stage": 1,
        "first_stage_epochs": 1,
        "epochs_per_stage": 1,
        "learning_rate": 1e-2,
        "max_new_tokens": 4,
    }
    base = base or ScratchProsQA(hidden_size=16, num_layers=1, num_heads=2, max_positions=96)
    return CoconutTraining(base=base, benchmark=ProsQA(), **{**plan, **options})


def data(*, num_train: int = 4 * STEPS, num_validation: int = 3, **options) -> LatentDataModule:
    small = {"num_nodes": 10, "min_hops": 2}
    return LatentDataModule(
        benchmark=ProsQA(),
        train=GeneratedProsQA(size=num_train, **small),
        validation=GeneratedProsQA(size=num_validation, split="evaluation", **small),
        test=GeneratedProsQA(size=3, split="evaluation", seed=1, **small),
        **{"batch_size": 4, "eval_batch_size": 2, "shuffle_buffer": 0, **options},
    )


def trainer(path, *callbacks: Callback, **options) -> L.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    plan = {"max_epochs": 3, "enable_checkpointing": any(type(c).__name__ == "ModelCheckpoint" for c in callbacks)}
    return L.Trainer(default_root_dir=path, callbacks=list(callbacks), **{**quiet, **plan, **options})


def weights(trained: CoconutTraining) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trained.reasoner.model.state_dict().items()}
