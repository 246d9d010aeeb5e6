"""What a reasoner has thought about a batch of questions, ready to be answered from."""

from typing import NamedTuple

from torch import Tensor

from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.reasoner import LatentReasoner, Refine


class Thoughts(NamedTuple):
    """Latents and what follows from them. B batch, T latents, D hidden size."""

    latents: Tensor  # [B, T, D]
    context: Context  # what has been read, up to the end marker: the answer begins there
    finite: Tensor  # [B], False for a question whose latents became infinite or undefined


def settle(context: Context, latents: Tensor, finite: Tensor | None = None) -> Thoughts:
    """Put together what became of a batch, of which some questions may be known not to have been `finite` so far.

    A question also counts as lost where the model, fed enormous latents, made something non-finite of them.
    """
    still = latents.isfinite().flatten(1).all(-1) & context.hidden.isfinite().all(-1)
    return Thoughts(latents, context, still if finite is None else finite & still)


def think(reasoner: LatentReasoner, context: Context, *, refine: Refine | None = None) -> Thoughts:
    """Think one latent after the other about encoded questions; `refine` is that of `LatentReasoner.rollout`."""
    rollout = reasoner.rollout(context, refine=refine)
    return settle(reasoner.answer_context(rollout), rollout.latents)
