"""Learning what all questions share, by the trainer's own optimisation."""

from collections.abc import Callable
from pathlib import Path

import lightning as L
import pytest
import torch

from lightning_latent.callbacks import ResidualBlending
from lightning_latent.data import GeneratedProsQA
from lightning_latent.errors import UserError
from lightning_latent.refinement import LatentMap, Learned, LowRankWeights, Schedule
from lightning_latent.refinement.hooks import TeachingCallback
from lightning_latent.refinement.likelihood import answer_loss
from tests.refinement.models import GRAPHS, load_feedback, make_data, make_module, make_trainer, ready


class Watch(L.Callback):
    """Notes what each step did."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.losses: list[float] = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        self.rates.append(trainer.callback_metrics["train/learning_rate"].item())
        self.losses.append(trainer.callback_metrics["train/answer_loss"].item())


def fit(
    saved: Path,
    tmp_path: Path,
    *callbacks: L.Callback,
    max_epochs: int = 1,
    data=None,
    learn: Learned | None = None,
    **options,
):
    watch = Watch()
    trainer = make_trainer(tmp_path, callbacks=[*callbacks, watch], max_epochs=max_epochs)
    module = make_module(saved, learn=learn or LatentMap(rank=2), **options)
    trainer.fit(module, data or make_data())
    return module, watch, trainer


def test_every_batch_is_a_step_and_the_rate_falls_to_zero(saved: Path, tmp_path: Path) -> None:
    module, watch, trainer = fit(saved, tmp_path, max_epochs=2)
    assert trainer.global_step == 8
    assert watch.rates == pytest.approx([0.01 * (1 - step / 8) for step in range(8)])
    assert not any(parameter.requires_grad for parameter in module.reasoner.parameters())


def test_half_precision_is_refused_where_it_would_lose_what_is_learned(saved: Path, tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, precision="16-true")
    with pytest.raises(UserError, match=r"^trainer\.precision is 16-true"):
        trainer.fit(make_module(saved, learn=LatentMap(rank=2)), make_data())
    assert trainer.global_step == 0


def test_the_first_loss_is_the_answers_mean_over_tokens_after_the_callbacks(saved: Path, tmp_path: Path) -> None:
    """What fit learns by is what the run answers by."""
    callbacks = [load_feedback(saved, search_step=0.3), ResidualBlending(memory_rate=0.2)]
    _, watch, _ = fit(saved, tmp_path, *callbacks)
    batch = next(iter(make_data().train_dataloader()))
    module = ready(make_module(saved), tmp_path, *callbacks)
    loss, tokens = answer_loss(module.reasoner, module.think(batch).context, [example.answer for example in batch])
    assert watch.losses[0] == pytest.approx(float(loss / tokens))


@pytest.mark.parametrize(
    "learn",
    [lambda: LatentMap(rank=0), lambda: LatentMap(rank=4), Schedule, lambda: LowRankWeights(rank=2)],
    ids=["offset", "map", "schedule", "lora"],
)
def test_it_learns(learn: Callable[[], Learned], saved: Path, tmp_path: Path) -> None:
    data = make_data(batch_size=4)
    data.train = GeneratedProsQA(size=4, split="evaluation", **GRAPHS)  # the same questions every epoch
    module, watch, _ = fit(saved, tmp_path, max_epochs=12, learn=learn(), learning_rate=0.1, data=data)
    assert not module.learn.is_identity
    assert watch.losses[-1] < watch.losses[0]


def test_a_step_without_a_finite_gradient_is_left_out(saved: Path, tmp_path: Path) -> None:
    class Break(L.Callback):
        def on_after_backward(self, trainer, pl_module) -> None:
            if trainer.global_step == 1:
                self.before = [parameter.detach().clone() for parameter in pl_module.learn.parameters()]
                pl_module.learn.offset.grad[0, 0] = float("nan")

        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
            if trainer.global_step == 2:
                for before, after in zip(self.before, pl_module.learn.parameters(), strict=True):
                    assert torch.equal(before, after)

    with pytest.warns(UserWarning, match=r"gradient is not finite; the step is left out\. Try a smaller model\.learn"):
        module, _, trainer = fit(saved, tmp_path, Break())
    assert trainer.global_step == 4
    assert not module.learn.is_identity
    assert all(parameter.isfinite().all() for parameter in module.learn.parameters())


def test_plain_passes_in_fit_are_the_frozen_reasoners(saved: Path, tmp_path: Path) -> None:
    """What a teacher asks for, and gradients flow afterwards all the same."""
    asked = []

    class Teacher(TeachingCallback):
        def teach(self, batch, module):
            asked.append((module.think(batch, plain=True).latents, [example.question for example in batch]))
            return batch

    module, _, _ = fit(saved, tmp_path, Teacher(), learn=LowRankWeights(rank=2), learning_rate=0.1)
    assert not module.learn.is_identity
    plain = make_module(saved).reasoner
    for latents, questions in asked:
        assert torch.equal(latents, plain.rollout(plain.encode(questions)).latents)


def test_an_empty_batch_teaches_nothing(saved: Path, tmp_path: Path) -> None:
    """As on a device whose share of the last batch is empty."""

    class Empty(L.Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx) -> None:
            batch.clear()

        def on_after_backward(self, trainer, pl_module) -> None:
            assert all(not parameter.grad.any() for parameter in pl_module.learn.parameters())

    trainer = make_trainer(tmp_path, callbacks=[Empty()])
    module = make_module(saved, learn=LatentMap())
    trainer.fit(module, make_data())
    assert trainer.global_step == 4
    assert module.learn.is_identity


def test_validation_within_fit_answers_by_what_is_learned_so_far(saved: Path, tmp_path: Path) -> None:
    """Also before the first step, when nothing is learned yet."""
    trainer = make_trainer(tmp_path, num_sanity_val_steps=1)
    trainer.fit(make_module(saved, learn=LatentMap(), learning_rate=0.3), make_data())
    module = make_module(saved, learn=LatentMap())
    trainer.save_checkpoint(tmp_path / "fitted.ckpt")
    logged = trainer.callback_metrics["val/accuracy"]
    (again,) = make_trainer(tmp_path).validate(module, make_data(), ckpt_path=tmp_path / "fitted.ckpt", verbose=False)
    assert again["val/accuracy"] == logged
