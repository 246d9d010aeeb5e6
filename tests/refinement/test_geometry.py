import math

import torch

from lightning_latent.reasoner.open_thoughts import nearest_tokens
from lightning_latent.refinement.geometry import movement


def test_movement_by_hand() -> None:
    base = torch.tensor([[[3.0, 4.0], [1.0, 0.0]]])
    latents = torch.tensor([[[3.0, 4.0], [0.0, 2.0]]])
    moved = movement(base, latents)
    torch.testing.assert_close(moved.norm, torch.tensor([[5.0, 2.0]]))
    torch.testing.assert_close(moved.displacement, torch.tensor([[0.0, math.sqrt(5)]]))
    torch.testing.assert_close(moved.cosine, torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(moved.stride, torch.tensor([[math.sqrt(13)]]))


def test_one_latent_has_no_stride() -> None:
    assert movement(torch.ones(2, 1, 4), torch.ones(2, 1, 4)).stride.shape == (2, 0)


def test_nearest_tokens() -> None:
    logits = torch.tensor([[0.0, math.log(6), math.log(3)]])
    probabilities, ids = nearest_tokens(logits, count=2)
    torch.testing.assert_close(probabilities, torch.tensor([[0.6, 0.3]]))
    assert ids.tolist() == [[1, 2]]
    assert nearest_tokens(logits, count=9)[1].shape == (1, 3)
