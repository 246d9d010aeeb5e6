"""How sure a reasoner is of what it answers, as functions of its latents, and the way up their gradient.

No label is used. Legend: B batch, T latents, D hidden size, K tokens of an answer, V vocabulary.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.reasoner.text import pad_right
from lightning_latent.refinement.contrast import search_displacement


def confidence(logits: Tensor, *, top: int) -> Tensor:
    """LTPO's confidence (arXiv 2510.04182), `-(1/k) sum_{i <= k} log p_(i)` over the k likeliest tokens.

    `[..., V]` to `[...]`. It is high where one token has all the probability, for then the k - 1 others are unlikely;
    `top` is k, at least 2 (with the likeliest alone it would be high where the model is not sure).

    >>> flat, peaked = torch.tensor([0.0, 0.0, 0.0]), torch.tensor([4.0, 0.0, 0.0])
    >>> confidence(torch.stack([flat, peaked]), top=2)
    tensor([1.0986, 2.0360])
    """
    return -logits.log_softmax(-1).topk(min(top, logits.shape[-1]), dim=-1).values.mean(-1)


def entropy(logits: Tensor) -> Tensor:
    """Entropy in nats of the next token: `[..., V]` to `[...]`."""
    logarithms = logits.log_softmax(-1)
    return -(logarithms.exp() * logarithms).sum(-1)


def answer_logits(
    reasoner: LatentReasoner, question: Context, latents: Tensor, *, tokens: int
) -> tuple[Tensor, Tensor]:
    """What the output head says where the answer that follows from a trajectory is read.

    Args:
        reasoner: The frozen base.
        question: B questions that have been read.
        latents: `[B, T, D]`; gradients flow from the logits to them.
        tokens: Tokens K of the answer that are looked at, from the end marker on; it is decoded greedily.

    Returns:
        Logits `[B, K, V]`, and whether they belong to the answer, `[B, K]`; K is less where all answers are shorter.
    """
    context = reasoner.conclude(question, latents)
    ids, mask = pad_right(reasoner.decode(context, max_new_tokens=tokens), pad=reasoner.pad_id, device=latents.device)
    hidden = context.hidden.unsqueeze(1)
    if ids.shape[1] > 1:
        rest, _ = reasoner.extend(context, reasoner.embed(ids[:, :-1]), mask[:, :-1])
        hidden = torch.cat([hidden, rest], dim=1)
    logits = reasoner.logits(hidden)
    return logits.to(torch.promote_types(logits.dtype, torch.float32)), mask.bool()


def mean_over_answer(values: Tensor, real: Tensor) -> Tensor:
    """Mean over the positions that belong to each answer: two of `[B, K]` to `[B]`."""
    return torch.where(real, values, 0).sum(-1) / real.sum(-1)


def climb(latents: Tensor, score: Callable[[Tensor], Tensor], *, steps: int, search_step: float, guard: bool) -> Tensor:
    """Go up the gradient of a score of each trajectory: `h_t <- h_t + eta ||h_t|| g_t / ||g_t||`, n times.

    Args:
        latents: `[B, T, D]`.
        score: `[B, T, D]` to `[B]`, each question's by its own latents alone.
        steps: n.
        search_step: eta, a fraction of each latent's norm.
        guard: Keep of all trajectories on the way the one that scores best, as LTPO does; that is the one given where
            no step is better. Otherwise the last counts.

    Returns:
        `[B, T, D]`, without gradients.
    """
    current = best = latents.detach()
    highest = None
    for _ in range(steps):
        with torch.enable_grad():
            leaf = current.requires_grad_()
            values = score(leaf)
            (gradient,) = torch.autograd.grad(values.sum(), leaf)
        current = current.detach()
        best, highest = _better(current, values.detach(), best, highest)
        current = current + search_displacement(
            current, gradient, search_step=search_step, scale="relative", sign="ascent"
        )
    if not guard:
        return current
    with torch.no_grad():
        return _better(current, score(current), best, highest)[0]


def _better(current: Tensor, values: Tensor, best: Tensor, highest: Tensor | None) -> tuple[Tensor, Tensor]:
    """The better-scored of two trajectories of each question; one whose score is not a number never takes over."""
    if highest is None:
        return current, values
    better = values > highest
    return torch.where(better[:, None, None], current, best), torch.where(better, values, highest)
