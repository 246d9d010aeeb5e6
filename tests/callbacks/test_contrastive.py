"""The callback in a module; what it computes is tested with the loops."""

from pathlib import Path

import pytest
import torch

from lightning_latent.callbacks import ContrastiveFeedback
from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentReasoner, load_reasoner
from tests.refinement import naive
from tests.refinement.models import (
    EXAMPLES,
    LATENTS,
    QUESTIONS,
    load_feedback,
    make_data,
    make_module,
    make_trainer,
    ready,
)


def test_without_references_it_does_nothing() -> None:
    assert not ContrastiveFeedback().active
    assert ContrastiveFeedback(strong="x").active and ContrastiveFeedback(weak="x").active


def test_one_reference_alone_is_loaded_and_its_term_counts_alone(saved: Path, tmp_path: Path) -> None:
    feedback = ContrastiveFeedback(weak="beside:weak", search_step=0.4)
    module = ready(make_module(saved), tmp_path, feedback)
    assert set(module.identities) == {"reasoner", "weak"}
    models = naive.Models(module.reasoner, None, feedback.references["weak"].reasoner)
    latents = module.think(EXAMPLES).latents
    for row, question in enumerate(QUESTIONS):
        expected = naive.stepwise(models, question, naive.Options(eta=0.4), LATENTS)
        torch.testing.assert_close(latents[row], expected, rtol=0, atol=1e-9)


def test_gradients_flow_where_lightning_evaluates(saved: Path, tmp_path: Path) -> None:
    feedback = load_feedback(saved, gradient="through", search_step=0.5)
    trainer = make_trainer(tmp_path, callbacks=[feedback])
    through = trainer.predict(make_module(saved), make_data())
    expected = ready(make_module(saved), tmp_path, load_feedback(saved, gradient="through", search_step=0.5))
    for batch, answers in zip(make_data().predict_dataloader(), through, strict=True):
        assert [answer.text for answer in answers] == [answer.text for answer in expected.answer(batch)]


def test_through_says_that_inference_mode_forbids_gradients(saved: Path, tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, callbacks=[load_feedback(saved, gradient="through")], inference_mode=True)
    with pytest.raises(UserError, match=r"needs gradients; set trainer\.inference_mode to false"):
        trainer.validate(make_module(saved), make_data(), verbose=False)


def test_references_are_loaded_once_a_module_and_frozen(saved: Path, tmp_path: Path) -> None:
    feedback = load_feedback(saved)
    trainer = make_trainer(tmp_path, callbacks=[feedback])
    modules = [make_module(saved), make_module(saved)]
    trainer.validate(modules[0], make_data(validation=1), verbose=False)
    before = dict(feedback.references)
    trainer.test(modules[0], make_data(validation=1), verbose=False)
    assert feedback.references == before
    trainer.test(modules[1], make_data(validation=1), verbose=False)
    assert modules[0].identities == modules[1].identities
    assert modules[1].identities["strong"]["path"] == str(saved / "strong")
    assert not any(p.requires_grad for r in feedback.references.values() for p in r.reasoner.parameters())


def test_references_may_be_adapters_on_the_base(saved: Path, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    model = load_reasoner(str(saved / "base")).model
    lora = {"target_modules": ["c_attn"], "fan_in_fan_out": True, "init_lora_weights": False}
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=2, task_type="CAUSAL_LM", **lora)).eval()
    adapted.save_pretrained(tmp_path / "adapter")
    feedback = ContrastiveFeedback(strong=str(tmp_path / "adapter"), weak=str(saved / "base"), search_step=0.3)
    module = make_module(saved, dtype="float32")
    ready(module, tmp_path, feedback)
    strong: LatentReasoner = feedback.references["strong"].reasoner
    # The reference is the adapter's model, and differs from the base.
    embeds = naive.columns(strong, QUESTIONS[0])[None]
    with torch.no_grad():
        expected = adapted(inputs_embeds=embeds).logits
        torch.testing.assert_close(strong.model(inputs_embeds=embeds).logits, expected, rtol=1e-4, atol=1e-4)
        assert not torch.allclose(module.reasoner.model(inputs_embeds=embeds).logits, expected, atol=1e-2)
    assert module.identities["strong"]["sha256"] != module.identities["weak"]["sha256"]
    assert module.identities["weak"]["sha256"] == module.identities["reasoner"]["sha256"]
    assert not torch.equal(module.think(EXAMPLES).latents, module.think(EXAMPLES, plain=True).latents)
