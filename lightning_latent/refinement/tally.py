"""Putting together what several tellings of a question answered, as pure functions.

Legend: V views, B questions, C candidates. Scores are log-probabilities over a question's candidates; a question with
fewer than C has minus infinity in the places that are left.
"""

import torch
from torch import Tensor


def padded_scores(scores: list[list[float]]) -> Tensor:
    """Log-likelihoods of candidates as log-probabilities among them.

    Args:
        scores: For each of B questions the log-likelihood of each of its candidates, in nats.

    Returns:
        `[B, C]` in float64.

    >>> padded_scores([[0.0, 0.0], [1.0]]).exp()
    tensor([[0.5000, 0.5000],
            [1.0000, 0.0000]], dtype=torch.float64)
    """
    width = max(map(len, scores))
    rows = [row + [float("-inf")] * (width - len(row)) for row in scores]
    return torch.tensor(rows, dtype=torch.float64).log_softmax(-1)


def mean_log_probability(scores: Tensor) -> Tensor:
    """`mean_v log p_v(c)`: `[V, B, C]` to `[B, C]`; views that are sure count for more than views that are not."""
    return scores.mean(0)


def mean_probability(scores: Tensor) -> Tensor:
    """`log mean_v p_v(c)`: `[V, B, C]` to `[B, C]`."""
    return scores.logsumexp(0) - torch.tensor(float(len(scores))).log()


def majority(scores: Tensor) -> Tensor:
    """The share of views that find a candidate the likeliest: `[V, B, C]` to `[B, C]`."""
    return torch.nn.functional.one_hot(scores.argmax(-1), scores.shape[-1]).double().mean(0)


def least_entropy(scores: Tensor) -> Tensor:
    """What the view with the least entropy says: `[V, B, C]` to `[B, C]`."""
    return scores.gather(0, entropy(scores).argmin(0)[None, :, None].expand(1, *scores.shape[1:])).squeeze(0)


def entropy(scores: Tensor) -> Tensor:
    """Entropy in nats over the candidates: log-probabilities `[..., C]` to `[...]`."""
    return -(scores.exp() * scores.masked_fill(scores.isinf(), 0)).sum(-1)


def most_confident(scores: Tensor) -> Tensor:
    """What the view says that finds its own answer the likeliest: `[V, B, C]` to `[B, C]`."""
    surest = scores.amax(-1).argmax(0)
    return scores.gather(0, surest[None, :, None].expand(1, *scores.shape[1:])).squeeze(0)


def unchanged(scores: Tensor, before: Tensor) -> Tensor:
    """Whether the best candidate is still the same: two of `[B, C]` to `[B]`."""
    return scores.argmax(-1) == before.argmax(-1)


def margin(totals: Tensor) -> Tensor:
    """How far the best candidate is ahead of the second: `[B, C]` to `[B]`; infinite where there is only one.

    >>> margin(torch.tensor([[1.0, 4.0, 2.0]]))
    tensor([2.])
    """
    if totals.shape[-1] < 2:
        return totals.new_full(totals.shape[:-1], float("inf"))
    best = totals.topk(2, dim=-1).values
    return best[..., 0] - best[..., 1]


def log_odds(chosen: Tensor, confidence: Tensor, candidates: Tensor) -> Tensor:
    """Votes weighed by how likely each is to be right: `[B, C]`, to be read by a softmax as probabilities.

    A view that is right with probability p, and else as likely wrong by one candidate as by another, speaks for its
    candidate by `log(p (n - 1) / (1 - p))` of n candidates; below chance it speaks against it. Alone its candidate gets
    probability p.

    Args:
        chosen: `[V, B]`, the candidate that each view found the likeliest.
        confidence: `[V, B]`, the probability that it is right.
        candidates: `[B]`, how many each question has, at least two.

    >>> log_odds(torch.tensor([[1]]), torch.tensor([[0.9]]), torch.tensor([3])).softmax(-1)
    tensor([[0.0500, 0.9000, 0.0500]])
    """
    sure = torch.finfo(confidence.dtype).eps
    weight = (candidates - 1).to(confidence).log() + confidence.clamp(sure, 1 - sure).logit()
    width = int(candidates.max())
    totals = confidence.new_zeros(len(candidates), width).scatter_add(1, chosen.T, weight.T)
    return totals.masked_fill(torch.arange(width) >= candidates.unsqueeze(1), float("-inf"))
