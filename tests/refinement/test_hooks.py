"""What every LatentCallback must keep to."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import lightning_latent.callbacks
from lightning_latent.callbacks import (
    AnswerConfidence,
    BorrowedLatents,
    RandomDirection,
    ReplacedLatents,
    ResidualBlending,
)
from lightning_latent.reasoner import Context, LatentReasoner
from lightning_latent.refinement.hooks import LatentCallback, session
from lightning_latent.refinement.loop import refine_stepwise, refine_trajectory
from lightning_latent.refinement.reference import Reference
from tests.refinement.example import AnswerEntropy, Attraction
from tests.refinement.models import LATENTS, QUESTIONS, make_feedback

B, D = len(QUESTIONS), 16


def attraction(strong: LatentReasoner, weak: LatentReasoner) -> LatentCallback:
    callback = Attraction(towards="nowhere", rate=0.3)
    callback.prepare(SimpleNamespace(load_reference=lambda path, *, role: Reference(strong)))
    return callback


def random_direction(strong: LatentReasoner, weak: LatentReasoner) -> LatentCallback:
    callback = RandomDirection(search_step=0.3)
    callback.prepare(SimpleNamespace(reasoner=strong))
    return callback


def borrowed(strong: LatentReasoner, weak: LatentReasoner) -> LatentCallback:
    callback = BorrowedLatents(checkpoint="nowhere")
    callback.prepare(SimpleNamespace(loop="trajectory", load_reference=lambda path, *, role: Reference(strong)))
    return callback


def climbing(callback: LatentCallback, strong: LatentReasoner) -> LatentCallback:
    callback.prepare(SimpleNamespace(loop="trajectory", reasoner=strong))
    return callback


MAKERS: dict[str, Callable[[LatentReasoner, LatentReasoner], LatentCallback]] = {
    "LatentCallback": lambda strong, weak: LatentCallback(),
    "ContrastiveFeedback": lambda strong, weak: make_feedback(strong, weak, search_step=0.3),
    "ContrastiveFeedback, same slot": lambda strong, weak: make_feedback(strong, weak, slot="same"),
    "ContrastiveFeedback, through": lambda strong, weak: make_feedback(strong, weak, gradient="through"),
    "ResidualBlending": lambda strong, weak: ResidualBlending(memory_rate=0.3, gradient_history=0.5),
    "RandomDirection": random_direction,
    "ReplacedLatents": lambda strong, weak: ReplacedLatents(by="first"),
    "BorrowedLatents": borrowed,
    "AnswerConfidence": lambda strong, weak: climbing(AnswerConfidence(steps=2, search_step=0.3), strong),
    "AnswerEntropy": lambda strong, weak: climbing(AnswerEntropy(steps=2, guard=False), strong),
    "Attraction": attraction,
}


@pytest.fixture(params=MAKERS)
def callback(request: pytest.FixtureRequest, strong: LatentReasoner, weak: LatentReasoner) -> LatentCallback:
    return MAKERS[request.param](strong, weak)


def test_every_callback_of_the_package_is_here() -> None:
    public = [getattr(lightning_latent.callbacks, name) for name in lightning_latent.callbacks.__all__]
    names = {cls.__name__ for cls in public if issubclass(cls, LatentCallback)}
    assert names == {"LatentCallback", "AnswerEntropy", "Attraction"} ^ {maker.partition(",")[0] for maker in MAKERS}


def held(value: Any) -> list[Any]:
    """Tensors and contexts that an object keeps, without those of models."""
    if isinstance(value, Tensor | Context):
        return [value]
    if isinstance(value, nn.Module) or (not hasattr(value, "__dict__") and not isinstance(value, dict | list | tuple)):
        return []
    inner = value if isinstance(value, list | tuple) else (value if isinstance(value, dict) else vars(value)).values()
    return [found for item in inner for found in held(item)]


@torch.no_grad()
def test_shapes_and_types(callback: LatentCallback) -> None:
    latents = torch.randn(B, LATENTS, D, dtype=torch.float64)
    before = latents.clone()
    with session([callback], QUESTIONS):
        for step, latent in enumerate(latents.unbind(1)):
            fed = list(latents[:, :step].unbind(1))
            blended = callback.blend(fed[-1] if fed else None, latent)
            assert (blended.shape, blended.dtype) == (latent.shape, latent.dtype)
            move = callback.displacement(step, fed, latent)
            assert move is None or (move.shape, move.dtype) == (latent.shape, latent.dtype)
            assert callback.accumulate(latent).shape == latent.shape
    with session([callback], QUESTIONS):
        move = callback.trajectory_displacement(latents)
        assert move is None or (move.shape, move.dtype) == (latents.shape, latents.dtype)
        assert move is None or not move.requires_grad
        assert callback.accumulate(latents).shape == latents.shape
    assert torch.equal(latents, before)  # what is given is not written to


@torch.no_grad()
@pytest.mark.parametrize("refine", [refine_stepwise, refine_trajectory])
def test_batches_leave_nothing_behind(refine, callback: LatentCallback, base: LatentReasoner) -> None:
    assert held(callback) == []
    found = []
    for _ in range(2):
        with session([callback], QUESTIONS):
            found.append(refine(base, base.encode(QUESTIONS), [callback], iterations=2).latents)
        assert held(callback) == []
    assert torch.equal(*found)


@torch.no_grad()
@pytest.mark.parametrize("refine", [refine_stepwise, refine_trajectory])
def test_a_question_does_not_depend_on_its_batch(refine, callback: LatentCallback, base: LatentReasoner) -> None:
    def run(questions: list[str]) -> Tensor:
        with session([callback], questions):
            return refine(base, base.encode(questions), [callback], iterations=2).latents

    together = run(QUESTIONS)
    for row, question in enumerate(QUESTIONS):
        torch.testing.assert_close(run([question])[0], together[row], rtol=0, atol=1e-9)


def test_a_session_ends_whatever_happens() -> None:
    log: list[str] = []

    class Watch(LatentCallback):
        def begin(self, questions) -> None:
            log.append("begin")
            if len(log) == 2:
                raise RuntimeError("a bug")

        def end(self) -> None:
            log.append("end")

    with pytest.raises(RuntimeError, match="a bug"), session([Watch(), Watch()], QUESTIONS):
        pass
    assert log == ["begin", "begin", "end", "end"]
