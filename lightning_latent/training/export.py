"""Save the model under training as Hugging Face directories, each with a model card."""

import copy
import shutil
import uuid
from pathlib import Path
from typing import Any, Literal

import lightning as L
import torch

from lightning_latent.bounds import PositiveInt
from lightning_latent.errors import UserError
from lightning_latent.io import write_text
from lightning_latent.model_card import CARD, reasoner_card
from lightning_latent.reasoner.checks import check_saved
from lightning_latent.reasoner.loading import save_reasoner
from lightning_latent.reasoner.markers import write_metadata
from lightning_latent.reasoner.projection import save_projection
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.training.base import Base
from lightning_latent.training.module import CoconutTraining

Saved = Literal["merged", "adapter"]


class ExportReasoners(L.Callback):
    """Saves `weak`, `strong` and `final`: weights (safetensors), tokenizer, latent metadata, model card.

    As in the refinement paper (arXiv 2506.08552), weak and strong come from the chain-of-thought stage, early and late.
    A run replaces no reasoner but those that it has written itself before it was interrupted.

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
        weak_epoch: PositiveInt | None = None,
        strong_epoch: PositiveInt | None = None,
        lora: Saved = "merged",
    ) -> None:
        self.directory = directory
        self.lora: Saved = lora
        self.epochs = {"weak": weak_epoch, "strong": strong_epoch}
        self.run = uuid.uuid4().hex  # of a resumed run, that of the checkpoint
        self.counts = torch.zeros(2, dtype=torch.int64)  # right answers and all of the validation under way
        self.checked: tuple[int, int, int] | None = None  # the step of the last validation, and its counts

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Refuse epochs that will not come or are not in words, before hours of training."""
        if not isinstance(pl_module, CoconutTraining):
            raise UserError(
                f"ExportReasoners saves what CoconutTraining trains, not {type(pl_module).__name__}; leave it out"
            )
        last, in_words = trainer.max_epochs, pl_module.curriculum.epochs_in_words
        for name, epoch in self.epochs.items():
            if stage != "fit" or epoch is None:
                continue
            if epoch < 1 or (last is not None and 0 <= last < epoch):
                raise UserError(f"{name}_epoch is {epoch}; it must be from 1 to trainer.max_epochs ({last})")
            if epoch > in_words:
                raise UserError(
                    f"{name}_epoch is {epoch}, but {name} comes from the stage in words, which ends after epoch "
                    f"{in_words} (model.first_stage_epochs; 0 where model.initial_stage is a later one); give at most "
                    "that, or null"
                )

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Refuse to replace what another run has written; only here is a checkpoint's state there to tell."""
        root = self.root(trainer)
        there = [name for name in (*self.epochs, "final") if (root / name).exists()]
        owner = root / ".run"
        if there and not (owner.is_file() and owner.read_text(encoding="utf-8") == self.run):
            raise UserError(
                f"{root} holds {', '.join(there)} of another run; move it away, write elsewhere "
                "(trainer.logger.init_args.version), or go on with that run (--ckpt_path)"
            )

    def on_validation_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Begin to count."""
        self.counts.zero_()

    def on_validation_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, *batch: object
    ) -> None:
        """Count the right answers of a batch."""
        self.counts += torch.tensor([sum(answer.correct for answer in outputs), len(outputs)])

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Add up what the processes counted, for the model card."""
        right, n = trainer.strategy.reduce(self.counts.to(pl_module.device), reduce_op="sum").tolist()
        self.checked = None if trainer.sanity_checking else (trainer.global_step, right, n)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save what is due after this epoch."""
        for name, epoch in self.epochs.items():
            if epoch == trainer.current_epoch + 1:
                self._save(trainer, pl_module, name)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save the final model."""
        self._save(trainer, pl_module, "final")

    def state_dict(self) -> dict[str, Any]:
        """Which run this is."""
        return {"run": self.run}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on as that run."""
        self.run = state_dict["run"]

    def root(self, trainer: L.Trainer) -> Path:
        """Where the directories go."""
        return Path(self.directory or Path(trainer.log_dir or trainer.default_root_dir) / "reasoners")

    def _save(self, trainer: L.Trainer, pl_module: L.LightningModule, name: str) -> None:
        assert isinstance(pl_module, CoconutTraining)  # as setup has seen
        root = self.root(trainer)
        run = Path(trainer.log_dir or trainer.default_root_dir)  # asked of all processes
        pl_module.reasoner.metadata = pl_module.metadata()
        if not trainer.is_global_zero:
            return
        check_saved(pl_module.state_dict())
        partial = root / f".{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        save_trained(pl_module.built, pl_module.reasoner, partial, lora=self.lora)
        write_text(partial / CARD, self._card(trainer, pl_module, name, run=run))
        (root / ".run").write_text(self.run, encoding="utf-8")
        # A directory cannot be replaced in one call; the old one goes only when the new one is whole.
        shutil.rmtree(root / name, ignore_errors=True)
        partial.rename(root / name)

    def _card(self, trainer: L.Trainer, module: CoconutTraining, name: str, *, run: Path) -> str:
        step = trainer.global_step
        # Epochs are counted up only after `on_train_epoch_end`.
        epochs = self.epochs.get(name) or trainer.current_epoch
        return reasoner_card(
            module.reasoner,
            name=name,
            benchmark=module.benchmark,
            trained=f"{epochs} of {trainer.max_epochs} epochs, {step:,} steps ({module.method})",
            checked=self.checked[1:] if self.checked is not None and self.checked[0] == step else None,
            run=run,
        )


def save_trained(built: Base, reasoner: LatentReasoner, path: Path, *, lora: Saved) -> None:
    """Save a reasoner under training, whole or as a PEFT adapter with configuration and tokenizer beside it."""
    if built.adapters is None:
        save_reasoner(reasoner, path)
    elif lora == "merged":
        # A copy, since taking merged adapters out again would leave rounding errors in half-precision weights.
        merged = copy.deepcopy(built.adapters).merge_and_unload()
        save_reasoner(LatentReasoner(merged, reasoner.tokenizer, reasoner.metadata, reasoner.projection), path)
    else:
        write_metadata(reasoner.model.config, reasoner.metadata)
        # Without the embedding layers: the rows that were trained are there anyway, and asking whether the base's were
        # changed would ask the network.
        built.adapters.save_pretrained(str(path), save_embedding_layers=False)
        reasoner.model.config.save_pretrained(path)
        reasoner.tokenizer.save_pretrained(path)
        if reasoner.projection is not None:
            save_projection(reasoner.projection, path)
