"""Two processes train and judge as one does, though one has no question of the last batch, and none to judge."""

import warnings

import lightning as L
import pytest
import torch
from lightning.pytorch.strategies import DDPStrategy

from .small import data, module, trainer, weights


def train(path, devices: int) -> None:
    method = "spawn" if torch.cuda.is_available() else "fork"  # forked is faster, but not beside CUDA
    strategy = DDPStrategy(start_method=method) if devices > 1 else "auto"
    L.seed_everything(0)
    run = trainer(path, devices=devices, strategy=strategy, use_distributed_sampler=False, num_sanity_val_steps=0)
    trained = module()
    trained.configure_model()  # once, before the processes part
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run.fit(trained, data(num_train=9, num_validation=1))
    if run.is_global_zero:
        metrics = {name: float(value) for name, value in run.callback_metrics.items() if name.startswith("val/")}
        torch.save({"weights": weights(trained), "metrics": metrics}, path / "trained.pt")


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> list[dict]:
    runs = []
    for devices in (1, 2):
        path = tmp_path_factory.mktemp(f"devices{devices}")
        train(path, devices)
        runs.append(torch.load(path / "trained.pt", weights_only=True))
    return runs


def test_validation_is_the_same(both):
    one, two = both
    assert sorted(one["metrics"]) == ["val/accuracy", "val/tokens"]
    assert one["metrics"] == two["metrics"]


def test_weights_are_the_same(both):
    one, two = both
    for name, value in one["weights"].items():
        torch.testing.assert_close(two["weights"][name], value, rtol=0, atol=2e-4)
