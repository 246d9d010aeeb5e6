"""The two refinement loops: stepwise (the paper's) and on whole trajectories.

The learned part of a method, if it has one, corrects each latent before callbacks blend and move it, and may say how
far they move. Gradients flow through the learned part, the blending and the model; what callbacks move is held
constant.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.reasoner.thoughts import Thoughts, settle
from lightning_latent.refinement.hooks import LatentCallback
from lightning_latent.refinement.learned import Learned


def refine_stepwise(
    reasoner: LatentReasoner,
    context: Context,
    callbacks: Sequence[LatentCallback] = (),
    *,
    iterations: int = 1,
    learned: Learned | None = None,
) -> Thoughts:
    """Refine each latent before rolling on to the next: correct it, blend it, move it, feed it.

    A question whose latent becomes non-finite goes on with the unrefined one and is marked.

    Args:
        reasoner: The frozen base.
        context: B encoded questions.
        callbacks: What blends and moves.
        iterations: Moves of a latent before it is fed.
        learned: What corrects each latent first, and says how far callbacks move it.
    """
    finite = torch.ones(context.batch_size, dtype=torch.bool, device=context.mask.device)

    def refine(step: int, fed: list[Tensor], latent: Tensor) -> Tensor:
        nonlocal finite
        refined = full_precision(latent)
        if learned is not None:
            refined = learned(step, fed, refined)
        for callback in callbacks:
            refined = callback.blend(fed[-1] if fed else None, refined)
        for _ in range(iterations):
            with torch.no_grad():
                moves = [callback.displacement(step, fed, refined) for callback in callbacks]
            refined = _move(refined, moves, callbacks, learned, step)
        sound = refined.isfinite().all(-1)
        finite = finite & sound
        return torch.where(sound.unsqueeze(-1), refined, full_precision(latent))

    rollout = reasoner.rollout(context, refine=refine)
    return settle(reasoner.answer_context(rollout), rollout.latents, finite)


def refine_trajectory(
    reasoner: LatentReasoner,
    context: Context,
    callbacks: Sequence[LatentCallback] = (),
    *,
    iterations: int = 1,
    learned: Learned | None = None,
) -> Thoughts:
    """Roll out once, then refine the whole trajectory: blend along it, then move all latents at once, several times.

    The arguments are those of `refine_stepwise`; an iteration costs one parallel call of every reference.
    """
    original = full_precision(reasoner.rollout(context, refine=learned).latents)
    latents = original
    if original.shape[1]:
        latents = _blend(original, callbacks)
        for _ in range(iterations):
            with torch.no_grad():
                moves = [callback.trajectory_displacement(latents) for callback in callbacks]
            latents = _move(latents, moves, callbacks, learned, slice(None))
    finite = latents.isfinite().flatten(1).all(-1)
    latents = torch.where(finite[:, None, None], latents, original)
    return settle(reasoner.conclude(context, latents), latents, finite)


def _blend(latents: Tensor, callbacks: Sequence[LatentCallback]) -> Tensor:
    blended: list[Tensor] = []
    for latent in latents.unbind(dim=1):
        for callback in callbacks:
            latent = callback.blend(blended[-1] if blended else None, latent)
        blended.append(latent)
    return torch.stack(blended, dim=1)


def _move(
    latents: Tensor,
    moves: Sequence[Tensor | None],
    callbacks: Sequence[LatentCallback],
    learned: Learned | None,
    steps: int | slice,
) -> Tensor:
    update = sum(move for move in moves if move is not None)
    if not isinstance(update, Tensor):
        return latents
    if learned is not None:
        update = learned.pace(steps, update)
    for callback in callbacks:
        update = callback.accumulate(update)
    return latents + update


def full_precision(latents: Tensor) -> Tensor:
    """Latents of a half-precision model in float32; others as they are."""
    return latents.float() if latents.dtype in (torch.float16, torch.bfloat16) else latents
