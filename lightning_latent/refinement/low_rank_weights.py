"""For scale: low-rank adapters of the language model's own weights, as fine-tuning would learn them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from lightning_latent.bounds import PositiveInt
from lightning_latent.errors import UserError
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.refinement.learned import Learned
from lightning_latent.upstream import quiet_peft


class LowRankWeights(Learned):
    """LoRA (arXiv 2106.09685) on every linear layer of attention and MLP: `W x + B A x`, `B = 0` at the start.

    It is no refinement of latents but what ordinary fine-tuning makes of as few numbers: question, latents and answer
    are all read through the adapters. The frozen weights stay as they are, plain passes do without the adapters, and a
    checkpoint holds the adapters alone. Latents are left as the adapted model thinks them.

    Args:
        rank: Rank of each adapter; it counts once (`lora_alpha` is the rank).

    Raises:
        UserError: The rank is below 1.
    """

    def __init__(self, *, rank: PositiveInt = 6) -> None:
        super().__init__()
        if rank < 1:
            raise UserError(f"the rank of LowRankWeights is {rank}; it must be at least 1")
        self.rank = rank

    def build(self, reasoner: LatentReasoner) -> "LowRankWeights":
        """See `Learned.build`: put adapters into the reasoner's model, which keeps its class and its other weights."""
        from peft import LoraConfig, inject_adapter_in_model  # heavy, and only adapters need it
        from peft.tuners.lora import LoraLayer

        model = reasoner.model
        config = LoraConfig(
            task_type="CAUSAL_LM",
            r=self.rank,
            lora_alpha=self.rank,
            target_modules="all-linear",
            fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
        )
        with quiet_peft():
            inject_adapter_in_model(config, model)
        self._layers = [module for module in model.modules() if isinstance(module, LoraLayer)]
        # The same modules as in the model, where a checkpoint leaves them out.
        self.down = nn.ModuleList(layer.lora_A for layer in self._layers)
        self.up = nn.ModuleList(layer.lora_B for layer in self._layers)
        return self.to(torch.promote_types(reasoner.dtype, torch.float32))

    @property
    def is_identity(self) -> bool:
        """See `Learned.is_identity`."""
        return not any(bool(parameter.any()) for parameter in self.up.parameters())

    @contextmanager
    def aside(self) -> Iterator[None]:
        """See `Learned.aside`. No gradient flows across its ends."""
        layers = [layer for layer in self._layers if not layer.disable_adapters]  # none within another
        try:
            for layer in layers:
                layer.enable_adapters(False)
            yield
        finally:
            for layer in layers:
                layer.enable_adapters(True)
