"""What every `Learned` must keep to."""

import copy
from collections.abc import Sequence

import torch

from lightning_latent.data.example import Example
from lightning_latent.reasoner import LatentReasoner, load_reasoner
from lightning_latent.reasoner.loading import DType
from lightning_latent.refinement import Learned
from lightning_latent.refinement.loop import refine_stepwise
from lightning_latent.testing.objectives import check_questions_stand_alone
from lightning_latent.testing.subject import REASONER, questions

OWN: dict[DType, torch.dtype] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "bfloat16": torch.float32,
}
"""The type of what is learned, by that of the reasoner."""


def check_learned(
    learned: Learned, *, reasoner: str = REASONER, examples: Sequence[Example] | None = None, std: float = 0.3
) -> None:
    """Check what `fit` may learn.

    It starts as plain Coconut, in single precision at least, and says so; where it has learned something, it says that
    too, a copy takes its state up, plain passes are those of the unrefined reasoner, and a question's latents depend on
    that question alone.

    Args:
        learned: What is learned, not built yet; copies of it are built.
        reasoner: Directory or hub id of the reasoner that it is built for.
        examples: Questions, at least two; by default a few that the embedded reasoner reads.
        std: Standard deviation of the normal numbers that stand for having learned something.

    Raises:
        AssertionError: It does not keep to one of these; the message says which.
    """
    examples = questions(3) if examples is None else examples
    for dtype in OWN:
        check_start(copy.deepcopy(learned), load_reasoner(reasoner, dtype=dtype).freeze(), examples)
    model = load_reasoner(reasoner, dtype="float64").freeze()
    texts = [example.question for example in examples]
    with torch.no_grad():
        untouched = model.rollout(model.encode(texts)).latents
    built = copy.deepcopy(learned).build(model)
    name = type(built).__name__
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter, std=std)
    assert not built.is_identity, f"{name}.is_identity says that nothing is learned when all its numbers are random"
    with torch.no_grad():
        with built.aside():
            plain = model.rollout(model.encode(texts)).latents
        assert torch.equal(plain, untouched), f"{name}: plain latents change with what is learned; see Learned.aside"
        check_questions_stand_alone(
            lambda batch: refine_stepwise(model, model.encode([e.question for e in batch]), learned=built).latents,
            examples,
            name=name,
        )
    assert all(parameter.requires_grad for parameter in built.parameters()), f"{name}.aside freezes what is learned"
    check_state(learned, built, load_reasoner(reasoner, dtype="float64").freeze())


def check_start(learned: Learned, model: LatentReasoner, examples: Sequence[Example]) -> None:
    """Check one that has not learned yet, for a reasoner of some precision."""
    name, texts = type(learned).__name__, [example.question for example in examples]
    with torch.no_grad():
        plain = model.rollout(model.encode(texts)).latents
        built = learned.build(model)
        assert built is learned, f"{name}.build gives back {type(built).__name__}; give back self"
        assert built.is_identity, f"{name}.is_identity says that something is learned before anything is"
        latents = refine_stepwise(model, model.encode(texts), learned=built).latents
    parameters = dict(built.named_parameters())
    assert parameters, f"{name} has no parameters after build; make them there"
    wanted = torch.promote_types(model.dtype, torch.float32)
    for key, parameter in parameters.items():
        assert parameter.dtype == wanted, f"{name}.{key} is {parameter.dtype}, not {wanted}; see Learned.build"
        assert parameter.requires_grad, f"{name}.{key} asks for no gradient; fit would not learn it"
    assert torch.equal(latents, plain.to(latents.dtype)), f"{name} changes latents before it has learned anything"


def check_state(learned: Learned, trained: Learned, model: LatentReasoner) -> None:
    """Check that a copy built for the same reasoner takes up what was learned."""
    name, fresh = type(learned).__name__, copy.deepcopy(learned).build(model)
    state = {key: value.clone() for key, value in trained.state_dict().items()}
    try:
        fresh.load_state_dict(state)
    except RuntimeError as error:
        raise AssertionError(f"{name}: what one has learned does not fit another of its options: {error}") from None
    same = all(torch.equal(value, state[key]) for key, value in fresh.state_dict().items())
    assert same, f"{name}: its state is not what was loaded"
