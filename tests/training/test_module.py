"""The curriculum inside a real trainer."""

import contextlib

import pytest
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentMetadata
from tests.boring import StopAt

from .small import STEPS, data, module, trainer, weights


class Watch(Callback):
    """Writes down the stage and the learning rate of every step, and the latents of every validation."""

    def __init__(self) -> None:
        self.stages: list[int] = []
        self.rates: list[float] = []
        self.validated: list[int] = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.stages.append(int(trainer.callback_metrics["train/stage"]))
        self.rates.append(pl_module.optimizers().param_groups[0]["lr"])

    def on_validation_epoch_end(self, trainer, pl_module):
        self.validated.append(pl_module.reasoner.num_latents)


def adam_steps(trained) -> set[int]:
    """How many steps AdamW remembers."""
    return {int(state["step"]) for state in trained.optimizers().optimizer.state.values()}


def test_half_precision_alone_is_refused(tmp_path):
    run = trainer(tmp_path, precision="16-true")
    with pytest.raises(UserError, match=r"^trainer\.precision is 16-true"):
        run.fit(module(), data())
    assert run.global_step == 0


def test_stages_learning_rates_and_validations_follow_the_plan(tmp_path):
    watch = Watch()
    run = trainer(tmp_path, watch)
    trained = module(warmup_steps=2, cooldown=0.3, cooldown_factor=0.5)
    run.fit(trained, data())
    assert watch.stages == [0] * STEPS + [1] * STEPS + [2] * STEPS
    assert watch.rates == pytest.approx([0.005, 0.01, 0.01] + [0.01, 0.01, 0.01] * 2, abs=0.006)
    # The last third of each stage is at half the rate; the progress of its first batch is 0.
    assert watch.rates == [0.005, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01]
    assert watch.validated[-3:] == [0, 1, 1]  # as many latents as the stage that was trained
    assert run.callback_metrics["val/accuracy"] >= 0.0
    assert run.callback_metrics["val/tokens"] <= 4


def test_the_rate_falls_for_the_last_part_of_a_stage(tmp_path):
    watch = Watch()
    trainer(tmp_path, watch, max_epochs=4).fit(module(epochs_per_stage=2, cooldown=0.5, max_latent_stage=1), data())
    full, low = 0.01, 0.002
    assert watch.rates == pytest.approx([full] * 2 + [low] + ([full] * 3 + [low] * 3) + [full] * 2 + [low])


@pytest.mark.parametrize(("when", "remembered"), [("never", 5 * STEPS), ("stage", 3 * STEPS), ("epoch", STEPS)])
def test_moments_are_forgotten_when_asked(tmp_path, when, remembered):
    trained = module(reset_optimizer=when)
    trainer(tmp_path, max_epochs=5, limit_val_batches=0).fit(trained, data())  # the last stage has three epochs
    assert adam_steps(trained) == {remembered}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "cot"}, LatentMetadata(num_latents=0, markers=False, replaced_steps=0)),
        ({"mode": "no_cot"}, LatentMetadata(num_latents=0, markers=False)),
        ({"mode": "pause", "latents_per_step": 2}, LatentMetadata(num_latents=2, thought="pause")),
        ({"latents_per_step": 2}, LatentMetadata(num_latents=2)),
        ({"initial_stage": "last"}, LatentMetadata(num_latents=1)),
        ({"end_marker": False}, LatentMetadata(num_latents=1, end=None)),
        ({"drop_remaining_steps": False, "uniform_prob": 0.5}, LatentMetadata(num_latents=1, replaced_steps=1)),
    ],
    ids=["cot", "no cot", "pause", "two latents a step", "no curriculum", "no end", "uniform"],
)
def test_every_mode_trains_and_is_evaluated_as_it_was_trained(tmp_path, options, said):
    trained = module(**options)
    run = trainer(tmp_path)
    run.fit(trained, data())
    assert run.global_step == 3 * STEPS
    run.test(trained, data(), verbose=False)
    assert trained.reasoner.metadata == said


def test_the_stage_is_kept_with_the_weights(tmp_path):
    saving = ModelCheckpoint(tmp_path, filename="{epoch}", save_top_k=-1)
    trainer(tmp_path, saving).fit(module(), data())
    for epoch, latents in enumerate([0, 1, 1]):
        fresh = module()
        trainer(tmp_path).test(fresh, data(), ckpt_path=tmp_path / f"epoch={epoch}.ckpt", verbose=False)
        assert fresh.reasoner.num_latents == latents


@pytest.mark.parametrize(
    ("when", "step"),
    [("stage", 2), ("stage", STEPS), ("stage", STEPS + 1), ("stage", 2 * STEPS + 2), ("epoch", STEPS)],
    ids=["within an epoch", "at its end", "at the next stage", "within that", "at an epoch's end, forgetting"],
)
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(tmp_path, when, step):
    plan = {"reset_optimizer": when, "uniform_prob": 0.5, "warmup_steps": 4, "cooldown": 0.5, "epochs_per_stage": 2}
    whole = module(**plan)
    trainer(tmp_path, max_epochs=4, limit_val_batches=0).fit(whole, data())

    saving = ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=1, save_top_k=-1)
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        trainer(tmp_path, saving, StopAt(step + 1), max_epochs=4, limit_val_batches=0).fit(module(**plan), data())
    resumed = module(**plan)
    torch.manual_seed(99)
    trainer(tmp_path, max_epochs=4, limit_val_batches=0).fit(
        resumed, data(), ckpt_path=tmp_path / f"step={step}.ckpt", weights_only=True
    )
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(resumed)[name]), name
    assert adam_steps(whole) == adam_steps(resumed)


def test_an_empty_batch_moves_nothing(tmp_path):
    trained = module()
    trainer(tmp_path, max_epochs=1).fit(trained, data())
    trained.zero_grad()
    loss = trained.training_step([], 0)
    loss.backward()
    assert loss == 0.0
    assert all(not p.grad.any() for p in trained.parameters())
    trained.validation_step([], 0)


def test_uniform_stages_depend_on_question_and_epoch_alone(tmp_path):
    trained = module(uniform_prob=1.0, max_latent_stage=9)
    run = trainer(tmp_path, max_epochs=1, limit_val_batches=0)
    run.fit(trained, data())
    examples = [Example(str(n), "?", ("a.", "b.", "c."), "a.") for n in range(300)]
    drawn = [trained._draw_layout(example, 0) for example in examples]
    assert drawn == [trained._draw_layout(example, 0) for example in examples]
    counts = [sum(plan.num_latents == stage for plan in drawn) for stage in range(5)]
    assert counts[4] == 0 and all(50 <= count <= 100 for count in counts[:4])  # 75 expected, 3.3 deviations away
    run.fit_loop.epoch_progress.current.completed += 1
    assert drawn != [trained._draw_layout(example, 0) for example in examples]


def test_a_question_without_room_for_its_answer_is_told(tmp_path):
    with pytest.raises(UserError, match="exceeds the model's context of 96"):
        trainer(tmp_path).validate(module(max_new_tokens=90), data(), verbose=False)


def test_thoughts_may_be_taught_to_say_words(tmp_path):
    said, taught = (module(thought_loss=weight, initial_stage=1) for weight in (0.0, 2.0))
    metrics = []
    for trained in (said, taught):
        torch.manual_seed(0)  # the weights are drawn when it is fitted
        run = trainer(tmp_path, max_epochs=1, limit_train_batches=1, limit_val_batches=0)
        run.fit(trained, data())
        metrics.append(run.callback_metrics)
    assert "train/thought_loss" not in metrics[0] and metrics[1]["train/thought_loss"] > 0
    assert metrics[0]["train/loss"] == metrics[1]["train/loss"]  # of the first step, and of the words alone
    pairs = zip(weights(said).values(), weights(taught).values(), strict=True)
    assert not all(torch.equal(one, other) for one, other in pairs)
