"""Save the model under training as Hugging Face directories."""

import shutil
from pathlib import Path
from typing import Literal

import lightning as L

from lightning_latent.errors import UserError
from lightning_latent.reasoner.loading import save_reasoner
from lightning_latent.reasoner.markers import write_metadata
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.training.module import CoconutTraining


class ExportReasoners(L.Callback):
    """Saves `weak`, `strong` and `final`: weights (safetensors), tokenizer, latent metadata.

    As in the refinement paper (arXiv 2506.08552), weak and strong come from the chain-of-thought stage, early and late.

    Args:
        directory: Where the three directories go; `reasoners` in the run directory by default.
        weak_epoch: Epochs after which `weak` is saved; none if not given.
        strong_epoch: Epochs after which `strong` is saved; none if not given.
        lora: What is saved of a model trained through adapters: `merged`, a whole model that needs nothing else, or
            `adapter`, the adapter alone, which is small and needs its base wherever it is loaded.
    """

    def __init__(
        self,
        *,
        directory: str | None = None,
        weak_epoch: int | None = None,
        strong_epoch: int | None = None,
        lora: Literal["merged", "adapter"] = "merged",
    ) -> None:
        self.directory = directory
        self.lora = lora
        self.epochs = {"weak": weak_epoch, "strong": strong_epoch}

    def setup(self, trainer: L.Trainer, pl_module: CoconutTraining, stage: str) -> None:
        """Refuse epochs that will never come, before hours of training."""
        for name, epoch in self.epochs.items():
            last = trainer.max_epochs
            if stage == "fit" and epoch is not None and (epoch < 1 or (last is not None and 0 <= last < epoch)):
                raise UserError(f"{name}_epoch is {epoch}; it must be from 1 to trainer.max_epochs ({last})")

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: CoconutTraining) -> None:
        """Save what is due after this epoch."""
        for name, epoch in self.epochs.items():
            if epoch == trainer.current_epoch + 1:
                self._save(trainer, pl_module, name)

    def on_train_end(self, trainer: L.Trainer, pl_module: CoconutTraining) -> None:
        """Save the final model."""
        self._save(trainer, pl_module, "final")

    def _save(self, trainer: L.Trainer, pl_module: CoconutTraining, name: str) -> None:
        root = Path(self.directory or Path(trainer.log_dir or trainer.default_root_dir) / "reasoners")
        pl_module.reasoner.metadata = pl_module.metadata(stage=pl_module.trained_stage)
        if not trainer.is_global_zero:
            return
        partial = root / f".{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        self._write(pl_module.reasoner, partial)
        # A directory cannot be replaced in one call; the old one goes only when the new one is whole.
        shutil.rmtree(root / name, ignore_errors=True)
        partial.rename(root / name)

    def _write(self, reasoner: LatentReasoner, path: Path) -> None:
        if not hasattr(reasoner.model, "peft_config"):
            save_reasoner(reasoner, path)
            return
        from lightning_latent.training.lora import merged, save_adapter  # PEFT is heavy

        if self.lora == "merged":
            save_reasoner(LatentReasoner(merged(reasoner.model), reasoner.tokenizer, reasoner.metadata), path)
        else:
            write_metadata(reasoner.model.config, reasoner.metadata)
            save_adapter(reasoner.model, path)
            reasoner.tokenizer.save_pretrained(path)
