"""The correctness head: how likely an answer is to be right, by the latents and scores that it came from."""

import torch
from torch import Tensor, nn

from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.refinement import tally
from lightning_latent.refinement.learned import Learned


class CorrectnessHead(Learned):
    """`p(right) = sigmoid(weight x + bias)` for a question whose candidates were scored after its latents.

    The features x are the last latent and three numbers that need no label: the margin between the two best candidates,
    the entropy over the candidates, and the best one's log-likelihood, all in nats. It leaves latents as they are;
    `ConfidentViews` fits it and answers by it.

    Legend: B questions, T latents, D hidden size, C candidates; D + 4 numbers.
    """

    def build(self, reasoner: LatentReasoner) -> "CorrectnessHead":
        """See `Learned.build`."""
        dtype = torch.promote_types(reasoner.dtype, torch.float32)
        self.weight = nn.Parameter(torch.zeros(reasoner.hidden_size + 3, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros((), dtype=dtype))
        return self

    @property
    def is_identity(self) -> bool:
        """See `Learned.is_identity`."""
        return not (self.weight.any() or self.bias.any())

    def confidence(self, features: Tensor) -> Tensor:
        """Probabilities of being right: `[B, D + 3]` to `[B]` in float64, on the CPU."""
        return (features.double().cpu() @ self.weight.double().cpu() + self.bias.double().cpu()).sigmoid()


def answer_features(latents: Tensor, scores: list[list[float]]) -> Tensor:
    """What the head looks at: of latents `[B, T, D]` and log-likelihoods of candidates in nats `[B, D + 3]`.

    In float64 on the CPU; each question has at least two candidates.
    """
    padded = tally.padded_scores(scores)
    best = torch.tensor([max(row) for row in scores], dtype=torch.float64)
    return torch.cat(
        [latents[:, -1].double().cpu(), torch.stack([tally.margin(padded), tally.entropy(padded), best], dim=1)], dim=1
    )
