"""What training leaves behind: directories that load and think as the trained module does."""

import pytest
import torch

from lightning_latent.coconut import ExportReasoners, PretrainedBase
from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentMetadata, load_reasoner

from .training import data, module, trainer, weights


@torch.no_grad()
def answers(reasoner, questions):
    rollout = reasoner.rollout(reasoner.encode(questions))
    return rollout.latents, reasoner.decode(reasoner.answer_context(rollout), max_new_tokens=4)


def test_weak_strong_and_final_are_saved_when_they_are_due(tmp_path):
    trained = module(latents_per_step=2)
    plan = {"limit_val_batches": 0, "max_epochs": 3}
    trainer(tmp_path, ExportReasoners(weak_epoch=1, strong_epoch=2), **plan).fit(trained, data())
    root = tmp_path / "reasoners"
    assert sorted(path.name for path in root.iterdir()) == ["final", "strong", "weak"]
    loaded = {name: load_reasoner(str(root / name)) for name in ("weak", "strong", "final")}
    assert [reasoner.metadata for reasoner in loaded.values()] == [
        LatentMetadata(num_latents=0, replaced_steps=0),
        LatentMetadata(num_latents=2, replaced_steps=1),
        LatentMetadata(num_latents=2),
    ]
    tables = [reasoner.model.get_input_embeddings().weight for reasoner in loaded.values()]
    assert not torch.equal(tables[0], tables[1]) and not torch.equal(tables[1], tables[2])
    assert all((root / name / "model.safetensors").is_file() for name in loaded)

    trained.reasoner.freeze()
    questions = [example.question for example in data().source("test")]
    latents, rows = answers(loaded["final"].freeze(), questions)
    expected, expected_rows = answers(trained.reasoner, questions)
    assert latents.shape == (3, 2, 16)
    assert torch.equal(latents, expected) and rows == expected_rows
    for name, value in weights(trained).items():
        assert torch.equal(value, loaded["final"].model.state_dict()[name]), name


def test_a_run_that_ends_within_the_curriculum_says_the_stage_that_it_reached(tmp_path):
    trainer(tmp_path, ExportReasoners(directory=str(tmp_path / "a")), max_epochs=1).fit(module(), data())
    assert load_reasoner(str(tmp_path / "a" / "final")).num_latents == 0
    trainer(tmp_path, ExportReasoners(directory=str(tmp_path / "a")), max_epochs=2).fit(module(), data())
    assert load_reasoner(str(tmp_path / "a" / "final")).num_latents == 1  # and replaced the other


@pytest.mark.parametrize("epoch", [0, 4])
def test_epochs_that_never_come_are_refused(tmp_path, epoch):
    with pytest.raises(UserError, match=f"strong_epoch is {epoch}.* 1 to trainer.max_epochs"):
        trainer(tmp_path, ExportReasoners(weak_epoch=1, strong_epoch=epoch)).fit(module(), data())


def test_training_from_what_was_saved_keeps_its_markers(tmp_path):
    trainer(tmp_path, ExportReasoners(directory=str(tmp_path)), max_epochs=1).fit(module(), data())
    again = module(base=PretrainedBase(path=str(tmp_path / "final")))
    again.configure_model()
    loaded = load_reasoner(str(tmp_path / "final"))
    assert len(again.reasoner.tokenizer) == len(loaded.tokenizer)
    for name, value in weights(again).items():
        assert torch.equal(value, loaded.model.state_dict()[name]), name
    assert again.reasoner.model.training
