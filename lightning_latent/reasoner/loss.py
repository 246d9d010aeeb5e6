"""The loss of words."""

import torch
from torch import Tensor, nn


def token_loss(logits: Tensor, ids: Tensor) -> Tensor:
    """Cross-entropy of each token, in nats: `[N, V]` and `[N]` to `[N]`; half precision is computed in single."""
    wide = torch.promote_types(logits.dtype, torch.float32)
    return nn.functional.cross_entropy(logits.to(wide), ids, reduction="none")
