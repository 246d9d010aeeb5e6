"""Questions that change with the epochs."""

import pytest

from lightning_latent.data import BalancedProsQA, LatentDataModule, ProsQA
from lightning_latent.errors import UserError
from lightning_latent.training import StagedSource
from lightning_latent.training.module import CoconutTraining

from .small import module, trainer


def hops(count: int, *, size: int = 4) -> BalancedProsQA:
    return BalancedProsQA(size=size, dead_ends=0, min_hops=count, max_hops=count)


def test_each_source_has_its_epochs_and_the_last_the_rest():
    staged = StagedSource(sources=[hops(1), hops(2), hops(3)], epochs=[2, 1])
    asked = []
    for epoch in range(6):
        staged.set_epoch(epoch)
        asked.append({len(example.steps) for example in staged})
        assert [example.id for example in staged] == [example.id for example in of_epoch(staged.current, epoch)]
    assert asked == [{1}, {1}, {2}, {3}, {3}, {3}]


def of_epoch(source: BalancedProsQA, epoch: int) -> list:
    fresh = BalancedProsQA(size=4, dead_ends=0, min_hops=source.min_hops, max_hops=source.max_hops)
    fresh.set_epoch(epoch)
    return list(fresh)


@pytest.mark.parametrize(
    ("sources", "epochs", "message"),
    [
        ([hops(1), hops(2)], [], "2 sources and 0 numbers of epochs"),
        ([hops(1), hops(2, size=5)], [1], "of different lengths"),
    ],
)
def test_what_does_not_fit_together_is_one_line(sources, epochs, message):
    with pytest.raises(UserError, match=message):
        StagedSource(sources=sources, epochs=epochs)


def test_a_run_goes_from_one_to_the_next(tmp_path, monkeypatch):
    seen = []
    step = CoconutTraining.training_step

    def watched(self, batch, batch_idx):
        seen.append((self.stage(batch_idx).number, {len(example.steps) for example in batch}))
        return step(self, batch, batch_idx)

    monkeypatch.setattr(CoconutTraining, "training_step", watched)
    trained = module(first_stage_epochs=0, epochs_per_stage=1, max_latent_stage=2, drop_remaining_steps=False)
    staged = StagedSource(sources=[hops(1), hops(2)], epochs=[1])
    questions = LatentDataModule(benchmark=ProsQA(), train=staged, batch_size=2)
    trainer(tmp_path, max_epochs=3, limit_val_batches=0).fit(trained, questions)
    assert [stage for stage, _ in seen] == sorted(stage for stage, _ in seen)
    assert {tuple(asked) for _, asked in seen} == {(1,), (2,)}
