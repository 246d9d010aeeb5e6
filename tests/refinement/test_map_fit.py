"""Learning the map: its gradient against autograd of a naive likelihood, and what happens around it."""

from pathlib import Path

import lightning as L
import pytest
import torch
from torch import Tensor, nn

from lightning_latent.data import Example, GeneratedProsQA
from lightning_latent.reasoner import LatentReasoner
from lightning_latent.refinement.latent_map import LatentMap
from lightning_latent.refinement.map_fit import answer_loss, linear_decay, said_steps, share_gradients
from tests.refinement import naive
from tests.refinement.models import (
    EXAMPLES,
    GRAPHS,
    LATENTS,
    QUESTIONS,
    load_feedback,
    make_data,
    make_module,
    make_trainer,
)

ANSWERS = [example.answer for example in EXAMPLES]


@pytest.mark.parametrize("rank", [0, 2])
def test_gradient_is_autograds_of_the_naive_likelihood(rank: int, base: LatentReasoner) -> None:
    latent_map = LatentMap(num_latents=LATENTS, hidden_size=16, rank=rank).double()
    for parameter in latent_map.parameters():
        nn.init.normal_(parameter, std=0.3)
    loss, tokens = answer_loss(
        base, base.encode(QUESTIONS), ANSWERS, refine=lambda step, fed, latent: latent_map(step, latent)
    )
    loss.backward()

    names = {"A": latent_map.down, "B": latent_map.up, "b": latent_map.offset}
    maps = [{name: value[t].detach().clone().requires_grad_() for name, value in names.items()} for t in range(LATENTS)]
    losses = [naive.likelihood_loss(base, q, a, maps) for q, a in zip(QUESTIONS, ANSWERS, strict=True)]
    sum(losses).backward()
    torch.testing.assert_close(loss, sum(losses), rtol=1e-10, atol=0)
    assert tokens == sum(len(ids) + 1 for ids in base.tokenizer(["### " + answer for answer in ANSWERS])["input_ids"])
    for name, value in names.items():
        for t in range(LATENTS):
            torch.testing.assert_close(value.grad[t], maps[t][name].grad, rtol=1e-8, atol=1e-9)
    assert all(parameter.grad is None for parameter in base.parameters())


def test_gradients_are_summed_also_where_there_are_none() -> None:
    """Two processes, of which the second had no question."""
    first, second = (LatentMap(num_latents=2, hidden_size=3, rank=1) for _ in range(2))
    for index, parameter in enumerate(first.parameters(), start=1):
        parameter.grad = torch.full_like(parameter, float(index))
    sent: list[Tensor] = []
    assert share_gradients(second.parameters(), lambda tensor: sent.append(tensor) or tensor)
    assert share_gradients(first.parameters(), lambda tensor: tensor.add_(sent[0]))  # in place, as Lightning's
    assert [parameter.grad.unique().tolist() for parameter in first.parameters()] == [[1.0], [2.0], [3.0]]
    assert sent[0].shape == (sum(parameter.numel() for parameter in first.parameters()),) and not sent[0].any()


def test_gradients_that_are_not_finite_are_dropped() -> None:
    parameter = nn.Parameter(torch.zeros(2))
    parameter.grad = torch.tensor([1.0, float("nan")])
    assert not share_gradients([parameter], lambda tensor: tensor)
    assert parameter.grad is None


@pytest.mark.parametrize(
    ("done", "total", "factor"),
    [(0, 10, 1), (5, 10, 0.5), (10, 10, 0), (12, 10, 0), (3, float("inf"), 1), (3, -1, 1), (0, float("nan"), 1)],
)
def test_decay_is_linear_and_stays_where_the_end_is_unknown(done: float, total: float, factor: float) -> None:
    assert linear_decay(done, total) == factor


# In fit.


class Watch(L.Callback):
    """Notes what each step did."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.phases: list[str] = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        metrics = trainer.callback_metrics
        self.phases.append(pl_module.phase)
        if pl_module.phase == "map":
            self.rates.append(metrics["train/learning_rate"].item())
            self.losses.append(metrics["train/answer_loss"].item())


def fit(saved: Path, tmp_path: Path, *callbacks: L.Callback, max_epochs: int = 2, data=None, **options):
    watch = Watch()
    trainer = make_trainer(tmp_path, callbacks=[*callbacks, watch], max_epochs=max_epochs)
    module = make_module(saved, **options)
    trainer.fit(module, data or make_data())
    return module, watch, trainer


def test_fit_does_feedback_for_an_epoch_and_then_the_map(saved: Path, tmp_path: Path) -> None:
    module, watch, trainer = fit(saved, tmp_path, load_feedback(saved), fit=["feedback", "map"], max_epochs=3)
    assert watch.phases == ["feedback"] * 4 + ["map"] * 8
    assert trainer.global_step == 12  # every batch is a step that Lightning knows of
    assert module.map_steps == 8
    assert watch.rates == pytest.approx([0.01 * (1 - step / 8) for step in range(8)])
    assert not any(parameter.requires_grad for parameter in module.reasoner.parameters())


def test_the_first_loss_is_the_answers_mean_over_tokens(saved: Path, tmp_path: Path) -> None:
    module, watch, _ = fit(saved, tmp_path, fit=["map"], max_epochs=1)
    batch = list(make_data().source("train"))[:2]
    answers = [example.answer for example in batch]
    loss, tokens = answer_loss(module.reasoner, module._encode(batch), answers)
    assert watch.losses[0] == pytest.approx(float(loss / tokens))


def test_the_map_learns_the_words_that_the_latents_do_not_replace() -> None:
    batch = [Example("q/0", "?", ("one", "two", "three"), "!"), Example("q/1", "?", ("one",), "!")]
    assert said_steps(batch, 2) == [("three",), ()]
    assert said_steps(batch, 0) == [("one", "two", "three"), ("one",)]
    assert said_steps(batch, None) is None


@pytest.mark.parametrize("rank", [0, 4])
def test_the_map_learns(rank: int, saved: Path, tmp_path: Path) -> None:
    data = make_data(batch_size=4)
    data.train = GeneratedProsQA(size=4, split="evaluation", **GRAPHS)  # the same questions every epoch
    module, watch, _ = fit(saved, tmp_path, fit=["map"], max_epochs=12, rank=rank, learning_rate=0.1, data=data)
    assert module.map.offset.abs().sum() > 0
    assert watch.losses[-1] < watch.losses[0]


def test_a_step_without_a_finite_gradient_is_left_out(saved: Path, tmp_path: Path) -> None:
    class Break(L.Callback):
        def on_after_backward(self, trainer, pl_module) -> None:
            if pl_module.map_steps == 1:
                pl_module.map.offset.grad[0, 0] = float("nan")

    with pytest.warns(UserWarning, match="gradient is not finite; the step is left out"):
        module, _, trainer = fit(saved, tmp_path, Break(), fit=["map"], max_epochs=1)
    assert trainer.global_step == 4
    assert all(parameter.isfinite().all() for parameter in module.map.parameters())


def test_an_empty_batch_leaves_everything_as_it_is(saved: Path, tmp_path: Path) -> None:
    """As on a device whose share of the last batch is empty."""

    class Empty(L.Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx) -> None:
            batch.clear()

    feedback = load_feedback(saved)
    module, _, trainer = fit(saved, tmp_path, feedback, Empty(), fit=["feedback", "map"])
    assert trainer.global_step == 8
    assert feedback.mean_direction is None
    assert not module.map.offset.any()
