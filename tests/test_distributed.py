"""Two processes with different numbers of tokens against one with all of them."""

import lightning as L
import pytest
import torch
from lightning.pytorch.strategies import DDPStrategy
from torch.utils.data import DataLoader

from lightning_latent.distributed import share_of_tokens

# Each step's tokens of two ranks: uneven, none on one of them, none on any.
STEPS = [([1.0, 5.0, 2.0], [4.0]), ([], [3.0, 7.0]), ([6.0], []), ([], [])]


class Mean(L.LightningModule):
    """Its loss is a mean over tokens, and its gradient the tokens' mean."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.gradients: list[float] = []
        self.shares: list[float] = []

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        ranks = STEPS[int(batch)]
        alone = self.trainer.world_size == 1
        tokens = torch.tensor([token for rank in ranks for token in rank] if alone else ranks[self.global_rank])
        number = torch.tensor(float(len(tokens)))
        share = share_of_tokens(self.trainer, number)
        assert number == len(tokens)  # is left as it was
        self.shares.append(float(share))
        return (tokens * self.weight).sum() / max(len(tokens), 1) * share

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        self.gradients.append(float(self.weight.grad))

    def on_train_end(self) -> None:
        if self.trainer.is_global_zero:  # in its own process
            saved = {"gradients": self.gradients, "shares": self.shares}
            torch.save(saved, f"{self.trainer.default_root_dir}/saved.pt")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


def train(path, devices: int) -> dict:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    strategy = DDPStrategy(start_method="fork") if devices > 1 else "auto"
    trainer = L.Trainer(
        default_root_dir=path,
        devices=devices,
        strategy=strategy,
        max_epochs=1,
        enable_checkpointing=False,
        use_distributed_sampler=False,
        **quiet,
    )
    trainer.fit(Mean(), DataLoader(torch.arange(len(STEPS))))
    return torch.load(path / "saved.pt")


@pytest.mark.skipif(torch.cuda.is_available(), reason="forked processes do not go with CUDA")
def test_ranks_of_any_sizes_give_the_gradient_of_all_tokens(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = train(tmp_path / "one", 1), train(tmp_path / "two", 2)
    assert one["gradients"] == [3.0, 5.0, 6.0, 0.0]
    assert two["gradients"] == pytest.approx(one["gradients"], abs=1e-6)
    assert one["shares"] == [1.0, 1.0, 1.0, 0.0]
    assert two["shares"] == [1.5, 0.0, 2.0, 0.0]
