"""An objective of one's own: move latents to where the answer has less entropy."""

from torch import Tensor

from lightning_latent.callbacks.climbing import AnswerClimbing
from lightning_latent.refinement.confidence import entropy


class AnswerEntropy(AnswerClimbing):
    """Goes down the gradient of the answer's entropy; its arguments are those of `AnswerClimbing`."""

    def score(self, logits: Tensor) -> Tensor:
        """Minus the entropy, in nats, of each token of the answer: `[B, K, V]` to `[B, K]`."""
        return -entropy(logits)
