"""A refinement whose references are adapters on its own model gives what it gives with merged copies."""

import lightning as L
import pytest
import torch

from lightning_latent.callbacks import ContrastiveFeedback, ContrastiveLogits
from lightning_latent.refinement import LatentRefinement
from lightning_latent.refinement.reference import Reference, SharedReference
from tests.adapters import save_adapters
from tests.refinement.models import EXAMPLES, RawText


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> dict[str, str]:
    return save_adapters(tmp_path_factory.mktemp("adapters"), "gpt2", ("final", "strong", "weak"))


def refining(places, *callbacks, loop: str = "stepwise", iterations: int = 1) -> LatentRefinement:
    module = LatentRefinement(
        reasoner=places["final"], benchmark=RawText(), dtype="float64", loop=loop, iterations=iterations
    )
    module.trainer = L.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, callbacks=[*callbacks])
    module.setup("test")
    module.configure_model()
    return module


@pytest.mark.parametrize("loop", ["stepwise", "trajectory"])
@pytest.mark.parametrize(("slot", "gradient"), [("next", "closed_form"), ("next", "through"), ("same", "closed_form")])
def test_latents_are_those_of_merged_references(places, monkeypatch, loop, slot, gradient):
    found, references = [], []
    for share in (True, False):
        if not share:
            monkeypatch.setattr(LatentRefinement, "_share", lambda *arguments, **options: None)
        callback = ContrastiveFeedback(
            strong="beside:strong", weak="beside:weak", search_step=0.3, slot=slot, gradient=gradient
        )
        module = refining(places, callback, loop=loop, iterations=2)
        references.append({type(reference) for reference in callback.references.values()})
        with torch.set_grad_enabled(gradient == "through"):
            for batch in (EXAMPLES, EXAMPLES[:2], EXAMPLES[:2]):  # begun and ended again
                latents = module.think(batch).latents
        found.append(latents)
    assert references == [{SharedReference}, {Reference}]
    torch.testing.assert_close(*found, rtol=0, atol=1e-9)
    plain = module.think(EXAMPLES[:2], plain=True).latents
    assert not torch.allclose(plain, found[0], atol=1e-3)


def test_one_alone_reads_alone(places):
    callback = ContrastiveLogits()
    module = refining(places, callback)
    reading = callback._references["strong"].reading
    rows = []
    norm = reading.shared.reasoner.model.base_model.ln_f
    norm.register_forward_hook(lambda norm, inputs, out: rows.append(len(out)))
    latents = module.think(EXAMPLES).latents
    for reference in callback._references.values():
        reference.begin([example.question for example in EXAMPLES])
        reference.conclude(latents)
        reference.end()
    assert set(rows) == {len(EXAMPLES)}


def test_two_callbacks_may_have_references_of_one_role(places):
    feedback, logits = ContrastiveFeedback(strong="beside:strong", weak="beside:weak"), ContrastiveLogits()
    module = refining(places, feedback, logits)
    found = [*feedback.references.values(), *logits._references.values()]
    assert all(isinstance(reference, SharedReference) for reference in found)
    assert len({id(reference.reading) for reference in found}) == 1 and len({r.adapter.names for r in found}) == 4
    assert sum(p.numel() for p in module.reasoner.parameters()) < 2 * sum(
        p.numel() for p in refining(places, ContrastiveFeedback()).reasoner.parameters()
    )
