"""What training leaves behind: directories that load and think as the trained module does."""

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentMetadata, load_reasoner
from lightning_latent.training import ExportReasoners, PretrainedBase

from .small import data, module, trainer, weights


@torch.no_grad()
def answers(reasoner, questions):
    rollout = reasoner.rollout(reasoner.encode(questions))
    return rollout.latents, reasoner.decode(reasoner.answer_context(rollout), max_new_tokens=4)


def test_weak_strong_and_final_are_saved_when_they_are_due(tmp_path):
    trained = module(latents_per_step=2, first_stage_epochs=2)
    plan = {"limit_val_batches": 0, "max_epochs": 4}
    trainer(tmp_path, ExportReasoners(weak_epoch=1, strong_epoch=2), **plan).fit(trained, data())
    root = tmp_path / "reasoners"
    assert sorted(path.name for path in root.iterdir()) == [".run", "final", "strong", "weak"]
    loaded = {name: load_reasoner(str(root / name)) for name in ("weak", "strong", "final")}
    assert [reasoner.metadata for reasoner in loaded.values()] == [
        LatentMetadata(num_latents=0, replaced_steps=0),
        LatentMetadata(num_latents=0, replaced_steps=0),
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


def test_each_has_a_card_with_the_accuracy_of_that_very_state(tmp_path):
    plan = {"max_epochs": 3, "check_val_every_n_epoch": 2}
    export = ExportReasoners(weak_epoch=1, strong_epoch=2)
    run = trainer(tmp_path, export, **plan)
    run.fit(module(first_stage_epochs=2), data(num_validation=5))
    cards = {name: (tmp_path / "reasoners" / name / "README.md").read_text() for name in ("weak", "strong", "final")}
    accuracy = float(run.callback_metrics["val/accuracy"])
    assert f"Of 5 validation questions it answers {100 * accuracy:.1f} % [" in cards["strong"]
    assert "No validation question was answered in this state." in cards["weak"]
    assert "No validation question was answered in this state." in cards["final"]
    assert "| trained | 2 of 3 epochs, 6 steps (Coconut) |" in cards["strong"]
    assert "| trained | 3 of 3 epochs, 9 steps (Coconut) |" in cards["final"]
    assert "| thinks | in words alone |" in cards["weak"] and "| thinks | 1 latent (hidden) |" in cards["final"]


def test_a_run_that_ends_within_the_curriculum_says_the_stage_that_it_reached(tmp_path):
    for epochs, latents in ((1, 0), (2, 1)):
        target = tmp_path / str(epochs)
        trainer(tmp_path, ExportReasoners(directory=str(target)), max_epochs=epochs).fit(module(), data())
        assert load_reasoner(str(target / "final")).num_latents == latents


def test_a_run_replaces_its_own_reasoners_alone(tmp_path):
    def fit(path, *callbacks, ckpt_path=None, max_epochs=1):
        run = trainer(path, ExportReasoners(weak_epoch=1), *callbacks, limit_val_batches=0, max_epochs=max_epochs)
        run.fit(module(), data(), ckpt_path=ckpt_path, weights_only=True)

    fit(tmp_path / "a", ModelCheckpoint(tmp_path / "a", save_last=True))
    fit(tmp_path / "b", ModelCheckpoint(tmp_path / "b", save_last=True))
    first = (tmp_path / "a" / "reasoners" / "final" / "model.safetensors").read_bytes()
    for checkpoint in (None, tmp_path / "b" / "last.ckpt"):
        with pytest.raises(UserError, match=r"a/reasoners holds weak, final of another run; move it away, [^\n]+$"):
            fit(tmp_path / "a", ckpt_path=checkpoint, max_epochs=2)
    assert (tmp_path / "a" / "reasoners" / "final" / "model.safetensors").read_bytes() == first

    (tmp_path / "a").rename(tmp_path / "moved")
    fit(tmp_path / "moved", ckpt_path=tmp_path / "moved" / "last.ckpt", max_epochs=2)
    assert (tmp_path / "moved" / "reasoners" / "final" / "model.safetensors").read_bytes() != first
    assert load_reasoner(str(tmp_path / "moved" / "reasoners" / "final")).num_latents == 1


@pytest.mark.parametrize(
    ("epoch", "options", "message"),
    [
        (0, {}, r"strong_epoch is 0; it must be from 1 to trainer\.max_epochs \(3\)"),
        (4, {"mode": "cot"}, r"strong_epoch is 4; it must be from 1 to trainer\.max_epochs \(3\)"),
        (2, {}, "strong_epoch is 2, but strong comes from the stage in words, which ends after epoch 1 "),
        (1, {"initial_stage": "last"}, "strong_epoch is 1, but .* after epoch 0 .*model.initial_stage"),
    ],
)
def test_epochs_that_never_come_or_are_not_in_words_are_refused(tmp_path, epoch, options, message):
    with pytest.raises(UserError, match=message):
        trainer(tmp_path, ExportReasoners(strong_epoch=epoch)).fit(module(**options), data())


@pytest.mark.parametrize("mode", ["cot", "no_cot"])
def test_without_thoughts_every_epoch_will_do(tmp_path, mode):
    run = trainer(tmp_path, ExportReasoners(strong_epoch=2), max_epochs=2, limit_val_batches=0)
    run.fit(module(mode=mode), data())
    assert load_reasoner(str(tmp_path / "reasoners" / "strong")).num_latents == 0


def test_training_from_what_was_saved_keeps_its_markers(tmp_path):
    trainer(tmp_path, ExportReasoners(directory=str(tmp_path)), max_epochs=1).fit(module(), data())
    again = module(base=PretrainedBase(path=str(tmp_path / "final")))
    again.configure_model()
    loaded = load_reasoner(str(tmp_path / "final"))
    assert len(again.reasoner.tokenizer) == len(loaded.tokenizer)
    for name, value in weights(again).items():
        assert torch.equal(value, loaded.model.state_dict()[name]), name
    assert again.reasoner.model.training
