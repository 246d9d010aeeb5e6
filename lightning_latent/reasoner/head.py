"""Whether a model's logits are its output head applied to its last hidden state, and nothing else."""

import torch
from torch import Tensor, nn

from lightning_latent.errors import UserError
from lightning_latent.reasoner.reasoner import LatentReasoner


@torch.no_grad()
def check_head(reasoner: LatentReasoner) -> None:
    """Refuse a model whose logits are not its head applied to its last hidden state (e.g. soft-capped logits).

    The package applies the head only where a logit is read, which is right for such models alone. The head's output is
    replaced by large values on the way, so that a change shows even where the model's own logits are small.

    Raises:
        UserError: Something stands between hidden state and head, or behind the head.
    """
    head = reasoner.model.get_output_embeddings()
    kind = type(reasoner.model).__name__
    if head is None:
        raise UserError(f"{kind} has no output head; use a causal language model")
    seen: dict[str, Tensor] = {}

    def spread(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        seen["hidden"] = inputs[0][:, -1]
        seen["logits"] = torch.linspace(-100, 100, output.shape[-1]).to(output).expand_as(output)
        return seen["logits"]

    ids = torch.tensor([[reasoner.pad_id]], device=reasoner.device)
    handle = head.register_forward_hook(spread)
    try:
        logits = reasoner.model(input_ids=ids).logits
    finally:
        handle.remove()
    hidden = reasoner.read(ids, torch.ones_like(ids)).hidden
    if not bool(hidden.isfinite().all()):
        raise UserError(f"{kind} at {reasoner.model.name_or_path!r} computes no finite numbers; check its config.json")
    if not seen or not torch.equal(logits.to(seen["logits"]), seen["logits"]):
        raise UserError(f"{kind} changes logits after its output head, which is not supported; use another family")
    if not torch.allclose(seen["hidden"], hidden, rtol=0.0, atol=0.02 * float(hidden.abs().max())):
        raise UserError(
            f"{kind} changes hidden states before its output head, which is not supported; use another family"
        )
