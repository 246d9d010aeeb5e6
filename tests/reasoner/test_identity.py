import hashlib

import torch
from torch import nn

from lightning_latent.reasoner.identity import identify, weights_hash
from tests.models import make_reasoner


def filled(dtype=torch.float32) -> nn.Module:
    model = nn.Linear(3, 2).to(dtype)
    with torch.no_grad():
        model.weight.copy_(torch.arange(6).view(2, 3))
        model.bias.copy_(torch.tensor([-1, 1]))
    return model


def test_the_hash_is_that_of_names_shapes_types_and_bytes():
    content = b"bias (2,) torch.float32\n" + b"\0\0\x80\xbf\0\0\x80\x3f"
    content += b"weight (2, 3) torch.float32\n" + torch.arange(6.0).numpy().tobytes()
    assert weights_hash(filled()) == hashlib.sha256(content).hexdigest()


def test_the_hash_is_the_same_in_every_process():
    assert weights_hash(filled()) == "cfd050a984f05f0dda847dcfcc9e28bf67560771ef2155143122a1d13b5b7bfe"


def test_any_weight_and_its_type_matter():
    known = {weights_hash(filled()), weights_hash(filled(torch.bfloat16)), weights_hash(filled(torch.float64))}
    model = filled()
    model.weight.data[1, 2] += 1e-6
    known.add(weights_hash(model))
    scalar = nn.ParameterDict({"scale": torch.tensor(1.0)})
    known.add(weights_hash(scalar))
    scalar["scale"].data += 1
    known.add(weights_hash(scalar))
    assert len(known) == 6


def test_layout_in_memory_does_not_matter():
    model = filled()
    model.weight.data = model.weight.data.t().contiguous().t()
    assert not model.weight.is_contiguous()
    assert weights_hash(model) == weights_hash(filled())


def test_an_identity_says_where_the_weights_came_from():
    model = make_reasoner("gpt2").model
    assert identify(model, path="some/model", revision="v1") == {
        "path": "some/model",
        "revision": "v1",
        "sha256": weights_hash(model),
    }
