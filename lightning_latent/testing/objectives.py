"""What every `LatentCallback` must keep to."""

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor

from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.refinement import LatentCallback, LatentRefinement
from lightning_latent.refinement.hooks import session
from lightning_latent.testing.subject import REASONER, TOLERANCE, held, questions, refining

Loop = Literal["stepwise", "trajectory"]
LOOPS: tuple[Loop, ...] = get_args(Loop)


def check_objective(
    callback: LatentCallback, *, reasoner: str = REASONER, examples: Sequence[Example] | None = None
) -> None:
    """Check a callback that takes part in refinement, in each loop that its `prepare` does not refuse.

    It keeps shape and type of what it is given and does not write to it, lets go of everything in `end`, gives the same
    for the same questions, and lets what becomes of a question depend on that question alone.

    Args:
        callback: The callback, with options by which it does something; a copy of it is used for each loop.
        reasoner: Directory or hub id of the reasoner whose latents it refines.
        examples: Questions, at least two; by default a few that the embedded reasoner reads.

    Raises:
        AssertionError: It does not keep to one of these; the message says which.
    """
    examples = questions(3) if examples is None else examples
    name, refused = type(callback).__name__, dict[Loop, UserError]()
    assert callback.active, f"{name} is not active as it is set; check it with options by which it does something"
    for loop in LOOPS:
        tried = copy.deepcopy(callback)
        try:
            module = refining(tried, reasoner=reasoner, loop=loop)
        except UserError as error:
            refused[loop] = error
            continue
        with torch.no_grad():
            check_shapes(tried, module, examples)
            check_nothing_is_kept(tried, module, examples)
            check_questions_stand_alone(partial(_latents, module), examples, name=name)
    assert len(refused) < len(LOOPS), f"{name} refuses to be prepared: {refused['stepwise']}"


def _latents(module: LatentRefinement, examples: Sequence[Example]) -> Tensor:
    return module.think(examples).latents


def check_shapes(callback: LatentCallback, module: LatentRefinement, examples: Sequence[Example]) -> None:
    """Check what each method returns for latents of the loop's shape, and that none writes to them."""
    texts = [example.question for example in examples]
    latents = module.think(examples, plain=True).latents
    before = latents.clone()
    with session([callback], texts):
        if module.loop == "stepwise":
            for step, latent in enumerate(latents.unbind(1)):
                fed = list(latents[:, :step].unbind(1))
                _check_like(callback.blend(fed[-1] if fed else None, latent), latent, callback, "blend")
                _check_like(callback.displacement(step, fed, latent), latent, callback, "displacement")
                _check_like(callback.accumulate(latent), latent, callback, "accumulate")
        else:
            move = callback.trajectory_displacement(latents)
            _check_like(move, latents, callback, "trajectory_displacement")
            _check_like(callback.accumulate(latents), latents, callback, "accumulate")
    assert torch.equal(latents, before), f"{type(callback).__name__} writes to the latents that it is given; copy them"


def _check_like(found: Tensor | None, given: Tensor, callback: LatentCallback, method: str) -> None:
    where = f"{type(callback).__name__}.{method}"
    if found is None:
        assert "displacement" in method, f"{where} returns None; return what it was given to leave it as it is"
        return
    said, expected = (f"{list(tensor.shape)} of {tensor.dtype}" for tensor in (found, given))
    assert said == expected, f"{where} returns {said} for latents {expected}; keep shape and type"
    assert not found.requires_grad, f"{where} returns what asks for gradients; detach it, or compute it without"


def check_nothing_is_kept(callback: LatentCallback, module: LatentRefinement, examples: Sequence[Example]) -> None:
    """Check that a batch leaves nothing in the callback, and that the same batch gives the same latents again."""
    name = type(callback).__name__
    found = []
    for _ in range(2):
        found.append(module.think(examples, iterations=2).latents)
        kept = list(held(callback))
        assert not kept, f"{name} holds on to {', '.join(kept)} after a batch; let go of it in end"
    assert torch.equal(*found), f"{name} makes other latents of the same questions the second time; seed what it draws"


def check_questions_stand_alone(
    think: Callable[[Sequence[Example]], Tensor], examples: Sequence[Example], *, name: str
) -> None:
    """Check that each question's latents are the same alone as in the batch."""
    together = think(examples)
    for row, example in enumerate(examples):
        apart = float((think([example])[0] - together[row]).abs().max())
        assert apart <= TOLERANCE, (
            f"{name}: the latents of question {example.id} differ by {apart:.2g} when it is asked alone; let them "
            "depend on no other question of the batch"
        )
