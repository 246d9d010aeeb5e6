from pathlib import Path

import lightning as L
import pytest
import torch

from lightning_latent.callbacks import ContrastiveFeedback, ResidualBlending
from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentReasoner, load_reasoner
from lightning_latent.refinement import LatentRefinement
from tests.refinement import naive
from tests.refinement.models import LATENTS, QUESTIONS, load_feedback, make_data, make_module, make_trainer, save_all


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("reasoners")
    save_all(directory)
    return directory


def fit(
    saved: Path, tmp_path: Path, *callbacks: L.Callback, epochs: int = 1, train: int = 5, **options
) -> tuple[LatentRefinement, L.Trainer]:
    module = make_module(saved, **options)
    trainer = make_trainer(tmp_path, callbacks=list(callbacks), max_epochs=epochs)
    trainer.fit(module, make_data(train=train))
    return module, trainer


def naive_models(module: LatentRefinement, feedback: ContrastiveFeedback) -> naive.Models:
    return naive.Models(module.reasoner, *(feedback.references[role].reasoner for role in ("strong", "weak")))


# The running mean.


@pytest.mark.parametrize("iterations", [1, 2])
@pytest.mark.parametrize("slot", ["next", "same"])
def test_running_mean_is_the_mean_over_train_questions(slot: str, iterations: int, saved: Path, tmp_path: Path) -> None:
    """Five questions in batches of two; validation, which runs within the epoch, does not count."""
    feedback = load_feedback(saved, search_step=0.3, slot=slot)
    module, _ = fit(saved, tmp_path, feedback, ResidualBlending(memory_rate=0.2), iterations=iterations)
    models = naive_models(module, feedback)
    options = naive.Options(eta=0.3, alpha=0.2, same_slot=slot == "same", iterations=iterations)
    questions = [example.question for example in make_data(train=5).source("train")]
    directions = [-naive.stepwise(models, question, options, LATENTS)[1] for question in questions]
    assert feedback.direction_count == 5 * iterations
    torch.testing.assert_close(feedback.mean_direction, torch.stack(directions).mean(0), rtol=0, atol=1e-10)


def test_running_mean_of_trajectories_runs_on_over_epochs(saved: Path, tmp_path: Path) -> None:
    feedback = load_feedback(saved, search_step=0.3)
    module, _ = fit(saved, tmp_path, feedback, epochs=2, train=3, loop="trajectory")
    models = naive_models(module, feedback)
    source = make_data(train=3).source("train")
    directions = []
    for epoch in range(2):
        source.set_epoch(epoch)
        for example in source:
            latents = naive.rollout(models.base, example.question, LATENTS)
            gradient = naive.gradient(models, example.question, latents[:0], latents, naive.Options(eta=0.3))
            directions.append(-gradient)
    assert feedback.direction_count == 6
    torch.testing.assert_close(feedback.mean_direction, torch.stack(directions).mean(0), rtol=0, atol=1e-10)


def test_the_maps_epochs_do_not_count(saved: Path, tmp_path: Path) -> None:
    feedback = load_feedback(saved)
    fit(saved, tmp_path, feedback, epochs=2, train=3, fit=["feedback", "map"])
    assert feedback.direction_count == 3


def test_without_questions_there_is_no_mean() -> None:
    assert ContrastiveFeedback().mean_direction is None


@pytest.mark.parametrize("loop", ["stepwise", "trajectory"])
def test_the_fitted_mean_stands_in_for_the_references(loop: str, saved: Path, tmp_path: Path) -> None:
    feedback = load_feedback(saved)
    _, trainer = fit(saved, tmp_path, feedback, loop=loop)
    trainer.save_checkpoint(tmp_path / "fitted.ckpt")

    mean = ContrastiveFeedback(directions="mean", search_step=0.2)
    module = make_module(saved, loop=loop)
    tester = make_trainer(tmp_path, callbacks=[mean], inference_mode=True)
    tester.test(module, make_data(), ckpt_path=tmp_path / "fitted.ckpt", verbose=False)
    assert mean.references == {}
    assert set(module.identities) == {"reasoner"}
    moved = module.trajectories["feedback"] - module.trajectories["coconut"]
    first = torch.nn.functional.normalize(feedback.mean_direction[0], dim=-1)
    lengths = module.trajectories["coconut"][:, 0].norm(dim=-1, keepdim=True)
    torch.testing.assert_close(moved[:, 0], 0.2 * lengths * first)  # every question's, at the first step


def test_a_mean_that_was_not_fitted_is_asked_for(saved: Path, tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, callbacks=[ContrastiveFeedback(directions="mean")])
    with pytest.raises(UserError, match=r"directions: mean\) has no fitted mean; give --ckpt_path"):
        trainer.test(make_module(saved), make_data(), verbose=False)


# Options.


def test_every_option_runs_in_every_subcommand(saved: Path, tmp_path: Path) -> None:
    """`through` needs gradients also where Lightning evaluates."""
    feedback = load_feedback(saved, gradient="through", scale="raw", sign="ascent", search_step=0.5)
    module = make_module(saved)
    trainer = make_trainer(tmp_path, callbacks=[feedback])
    trainer.validate(module, make_data(validation=2), verbose=False)
    question = next(iter(make_data().source("validation"))).question
    options = naive.Options(eta=0.5, relative=False, ascend=True, through=True)
    expected, _ = naive.stepwise(naive_models(module, feedback), question, options, LATENTS)
    torch.testing.assert_close(module.trajectories["feedback"][0], expected, rtol=0, atol=1e-9)


def test_through_says_that_inference_mode_forbids_gradients(saved: Path, tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, callbacks=[load_feedback(saved, gradient="through")], inference_mode=True)
    with pytest.raises(UserError, match=r"needs gradients; set trainer\.inference_mode to false"):
        trainer.validate(make_module(saved), make_data(), verbose=False)


def test_references_are_loaded_once_and_frozen(saved: Path, tmp_path: Path) -> None:
    feedback = load_feedback(saved)
    trainer = make_trainer(tmp_path, callbacks=[feedback])
    modules = [make_module(saved), make_module(saved)]
    trainer.validate(modules[0], make_data(validation=1), verbose=False)
    before = dict(feedback.references)
    trainer.test(modules[1], make_data(validation=1), verbose=False)
    assert feedback.references == before
    assert modules[0].identities == modules[1].identities
    assert modules[1].identities["strong"]["path"] == str(saved / "strong")
    assert not any(p.requires_grad for r in before.values() for p in r.reasoner.parameters())


def test_references_may_be_adapters_on_the_base(saved: Path, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    model = load_reasoner(str(saved / "base")).model
    lora = {"target_modules": ["c_attn"], "fan_in_fan_out": True, "init_lora_weights": False}
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=2, task_type="CAUSAL_LM", **lora)).eval()
    adapted.save_pretrained(tmp_path / "adapter")
    feedback = ContrastiveFeedback(strong=str(tmp_path / "adapter"), weak=str(saved / "base"), search_step=0.3)
    module = make_module(saved, dtype="float32")
    make_trainer(tmp_path, callbacks=[feedback]).validate(module, make_data(validation=1), verbose=False)
    strong: LatentReasoner = feedback.references["strong"].reasoner
    # The reference is the adapter's model, and differs from the base.
    embeds = naive.columns(strong, QUESTIONS[0])[None]
    with torch.no_grad():
        expected = adapted(inputs_embeds=embeds).logits
        torch.testing.assert_close(strong.model(inputs_embeds=embeds).logits, expected, rtol=1e-4, atol=1e-4)
        assert not torch.allclose(module.reasoner.model(inputs_embeds=embeds).logits, expected, atol=1e-2)
    assert module.identities["strong"]["sha256"] != module.identities["weak"]["sha256"]
    assert module.identities["weak"]["sha256"] == module.identities["reasoner"]["sha256"]
    assert not torch.equal(module.trajectories["feedback"], module.trajectories["coconut"])
