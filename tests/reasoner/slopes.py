"""Gradients through a chain of thoughts against finite differences."""

from collections.abc import Sequence

import torch

from lightning_latent.reasoner.reasoner import LatentReasoner


def check_slopes(reasoner: LatentReasoner, questions: Sequence[str], answers: Sequence[str], *, steps: int) -> None:
    """Offsets added to the latents of each step change the answers' score as their gradient says, every one of them."""
    context = reasoner.encode(questions)
    start = torch.zeros(steps, reasoner.hidden_size, dtype=torch.float64)

    def loss(offsets: torch.Tensor) -> torch.Tensor:
        rollout = reasoner.rollout(context, refine=lambda step, fed, latent: latent + offsets[step])
        return reasoner.score(reasoner.answer_context(rollout), answers)[0].sum()

    offsets = start.clone().requires_grad_()
    loss(offsets).backward()
    assert (offsets.grad.norm(dim=-1) > 0).all()
    direction = torch.randn_like(start)
    with torch.no_grad():
        rise = (loss(1e-6 * direction) - loss(-1e-6 * direction)) / 2e-6
    torch.testing.assert_close((offsets.grad * direction).sum(), rise, rtol=1e-5, atol=1e-6)
