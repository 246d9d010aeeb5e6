"""Rows of a run of refinement: built from its directory, answering as the run's own module does."""

from pathlib import Path

import pytest
import torch
import yaml
from lightning.pytorch.callbacks import ModelCheckpoint

from lightning_latent.baselines import Refined
from lightning_latent.baselines.refined import models
from lightning_latent.errors import UserError
from lightning_latent.metrics.record import StepOutput
from lightning_latent.refinement import LatentRefinement
from tests.refinement.models import RawText, load_feedback, make_data, make_module, make_trainer, save_all

CPU = torch.device("cpu")
MODULE = {"dtype": "float64", "rank": 2, "max_new_tokens": 6}


def write_config(run: Path, saved: Path) -> None:
    feedback = {"strong": "beside:strong", "weak": str(saved / "weak"), "search_step": 0.3}
    content = {
        "model": {
            "class_path": "lightning_latent.refinement.LatentRefinement",
            "init_args": {"reasoner": str(saved / "base"), "benchmark": "tests.refinement.models.RawText", **MODULE},
        },
        "trainer": {
            "precision": None,
            "callbacks": [
                {"class_path": "lightning_latent.callbacks.ContrastiveFeedback", "init_args": feedback},
                {"class_path": "lightning.pytorch.callbacks.ModelCheckpoint"},
            ],
        },
    }
    (run / "config.yaml").write_text(yaml.safe_dump(content))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("reasoners")
    save_all(directory)
    return directory


@pytest.fixture(scope="module")
def run(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory with everything that training leaves there."""
    directory = tmp_path_factory.mktemp("run")
    torch.manual_seed(3)
    keep = ModelCheckpoint(directory / "checkpoints", save_last=True)
    callbacks = [load_feedback(saved, search_step=0.3), keep]
    trainer = make_trainer(directory, callbacks=callbacks, max_epochs=2, enable_checkpointing=True)
    module = make_module(saved, fit=["feedback", "map"], learning_rate=0.3, **MODULE)
    trainer.fit(module, make_data())
    write_config(directory, saved)
    return directory


@pytest.fixture(scope="module")
def batches() -> list[list]:
    return list(make_data(validation=5, batch_size=2).test_dataloader())


@pytest.fixture(scope="module")
def expected(run: Path, saved: Path, batches: list[list]) -> list[StepOutput]:
    """What the module gives that the checkpoint is put into by hand."""
    trainer = make_trainer(run, callbacks=[load_feedback(saved, search_step=0.3)])
    module = make_module(saved, **MODULE)
    return trainer.predict(module, make_data().test_dataloader(), ckpt_path=str(run / "checkpoints" / "last.ckpt"))


@pytest.mark.parametrize("row", ["coconut", "feedback", "map"])
def test_a_row_answers_as_the_run_does(run, batches, expected, row):
    answers, seconds = Refined(path=str(run), row=row).run(batches, benchmark=RawText(), device=CPU)
    records = [record for output in expected for record in output.records]
    assert [answer.id for answer in answers] == [example.id for batch in batches for example in batch]
    assert [answer.prediction for answer in answers] == [record.answers[row].text for record in records]
    assert [answer.tokens for answer in answers] == [record.answers[row].tokens for record in records]
    assert [answer.correct for answer in answers] == [record.answers[row].correct for record in records]
    assert {answer.latents for answer in answers} == {record.num_latents for record in records}
    assert seconds > 0


def test_one_question_warms_up_and_is_not_counted(run, batches, monkeypatch):
    sizes, seconds = [], iter((1000.0, 1.0, 2.0, 4.0))
    real = LatentRefinement.predict_step

    def predict_step(self, batch, batch_idx):
        sizes.append(len(batch))
        output = real(self, batch, batch_idx)
        return output._replace(seconds=dict.fromkeys(output.seconds, next(seconds)))

    monkeypatch.setattr(LatentRefinement, "predict_step", predict_step)
    answered = Refined(path=str(run)).run(batches, benchmark=RawText(), device=CPU)
    assert sizes == [1, 2, 2, 1]
    assert len(answered.answers) == 5
    assert answered.seconds == 7.0


def test_answers_depend_on_all_the_runs_models(run, saved, tmp_path):
    row = Refined(path=run.name)
    assert row.locate(run.parent)
    files = set(row.files())
    assert {run / "config.yaml", run / "checkpoints" / "last.ckpt"} < files
    assert {saved / name / "model.safetensors" for name in ("base", "strong", "weak")} < files
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert models(config) == [str(saved / name) for name in ("base", "strong", "weak")]
    assert not Refined(path="elsewhere/name").locate(tmp_path)


def test_a_run_of_anything_else_and_rows_it_lacks_are_refused(run, batches, tmp_path):
    with pytest.raises(UserError, match="has no row 'blend'; it has coconut, feedback, map"):
        Refined(path=str(run), row="blend").run(batches, benchmark=RawText(), device=CPU)
    (tmp_path / "config.yaml").write_text("model: {class_path: lightning_latent.training.CoconutTraining}")
    with pytest.raises(UserError, match="not the config of a LatentRefinement"):
        Refined(path=str(tmp_path)).files()
