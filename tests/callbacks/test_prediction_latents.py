"""Latents on disk: those that the answers were given from, whatever happened on the way."""

from pathlib import Path

import pytest
import torch
from lightning.pytorch.strategies import DDPStrategy
from safetensors.torch import load_file

from lightning_latent.callbacks import Predictions, ResidualBlending
from lightning_latent.errors import UserError
from lightning_latent.evaluation import read_run
from lightning_latent.refinement import LatentMap
from tests.callbacks.answering import Rote, loader
from tests.refinement.models import LATENTS, make_data, make_module, make_trainer

COUNT = 7


def run(saved: Path, directory: Path, *, memory_rate: float = 0.2, latents: bool = True, **options) -> None:
    callbacks = [ResidualBlending(memory_rate=memory_rate), Predictions(latents=latents)]
    trainer = make_trainer(directory, callbacks=callbacks, **options)
    trainer.test(make_module(saved), make_data(validation=COUNT), verbose=False)


def written(directory: Path) -> dict[str, torch.Tensor]:
    return load_file(directory / "latents.safetensors")


@pytest.fixture
def whole(saved: Path, tmp_path: Path) -> dict[str, torch.Tensor]:
    run(saved, tmp_path / "whole")
    return written(tmp_path / "whole")


def same(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert found.keys() == expected.keys()
    for id, latents in expected.items():
        torch.testing.assert_close(found[id], latents, rtol=0, atol=1e-9)


def test_they_are_those_of_the_method_by_question(saved: Path, tmp_path: Path, whole) -> None:
    module = make_module(saved)
    trainer = make_trainer(tmp_path, callbacks=[ResidualBlending(memory_rate=0.2)])
    module.trainer = trainer
    module.setup("test")
    module.configure_model()
    examples = list(make_data(validation=COUNT).source("test"))
    expected = {example.id: module.think([example]).latents[0] for example in examples}
    same(whole, expected)
    assert len(whole) == COUNT and {latents.shape for latents in whole.values()} == {(LATENTS, 16)}
    assert not (tmp_path / "whole" / "predictions.shards").exists()


def test_a_resumed_run_writes_the_same(saved: Path, tmp_path: Path, whole, monkeypatch: pytest.MonkeyPatch) -> None:
    append = Predictions._take

    def dies(self, trainer, pl_module, outputs, batch, batch_idx, dataloader_idx=0):
        if batch_idx == 2:
            raise KeyError("gone")
        append(self, trainer, pl_module, outputs, batch, batch_idx)

    monkeypatch.setattr(Predictions, "on_test_batch_end", dies)
    with pytest.raises(KeyError, match="gone"):
        run(saved, tmp_path / "resumed")
    assert not (tmp_path / "resumed" / "latents.safetensors").exists()
    monkeypatch.undo()
    run(saved, tmp_path / "resumed")
    same(written(tmp_path / "resumed"), whole)


def test_answers_without_latents_are_given_anew(saved: Path, tmp_path: Path, whole) -> None:
    run(saved, tmp_path / "late", latents=False)
    before = [answer.text for answer in read_run(tmp_path / "late").answers]
    run(saved, tmp_path / "late")
    same(written(tmp_path / "late"), whole)
    assert [answer.text for answer in read_run(tmp_path / "late").answers] == before


def test_without_resuming_no_earlier_latents_stay(saved: Path, tmp_path: Path) -> None:
    run(saved, tmp_path)
    trainer = make_trainer(tmp_path, callbacks=[Predictions(resume=False)])
    trainer.test(make_module(saved), make_data(validation=COUNT), verbose=False)
    assert not (tmp_path / "latents.safetensors").exists()


def test_several_processes_write_one_file(saved: Path, tmp_path: Path, whole) -> None:
    if torch.cuda.is_available():
        pytest.skip("forking does not survive CUDA")
    run(saved, tmp_path / "two", devices=2, strategy=DDPStrategy(start_method="fork"), use_distributed_sampler=False)
    same(written(tmp_path / "two"), whole)


def test_fit_keeps_those_of_its_last_validation(saved: Path, tmp_path: Path) -> None:
    module = make_module(saved, learn=LatentMap(), learning_rate=0.1)
    trainer = make_trainer(tmp_path, callbacks=[Predictions(latents=True)], max_epochs=2, num_sanity_val_steps=1)
    trainer.fit(module, make_data(train=4, validation=3))
    examples = list(make_data(validation=3).source("validation"))
    expected = {example.id: module.think([example]).latents[0] for example in examples}
    same(written(tmp_path / "validate"), expected)
    assert not (tmp_path / "validate" / "predictions.shards").exists()


def test_what_thinks_no_latents_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"predictions\.latents: Rote refines no latents; leave it out"):
        make_trainer(tmp_path, callbacks=[Predictions(latents=True)]).test(Rote(), loader(), verbose=False)
