"""Adapters with random weights on one base, as training leaves them."""

from pathlib import Path

import torch

from lightning_latent.reasoner import LatentMetadata, LatentReasoner
from lightning_latent.training import PretrainedBase
from lightning_latent.training.export import save_trained
from tests.models import save_plain


def save_adapters(path: Path, family: str, names: tuple[str, ...], *, tied: bool = True) -> dict[str, str]:
    """Write a base and an adapter for each name beside it; their directories by name."""
    base = save_plain(path / "base", family, tied=tied)
    places = {}
    for seed, name in enumerate(names):
        torch.manual_seed(seed)
        built = PretrainedBase(path=base, lora_rank=2 + seed, lora_alpha=4.0).build()
        with torch.no_grad():
            for parameter in built.model.parameters():
                if parameter.requires_grad:
                    parameter += 0.2 * torch.randn_like(parameter)
        reasoner = LatentReasoner(built.model, built.tokenizer, LatentMetadata(num_latents=2))
        save_trained(built, reasoner, path / name, lora="adapter")
        places[name] = str(path / name)
    return places
