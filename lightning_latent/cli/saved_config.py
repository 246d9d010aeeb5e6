"""The config that a run saves, with the commands that go on with the run or repeat it at its top."""

from pathlib import Path

import lightning.pytorch as L
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import SaveConfigCallback
from typing_extensions import override

from lightning_latent.cli.closing import command
from lightning_latent.io import write_text


class SavedConfig(SaveConfigCallback):
    """Saves the config that a run had, and says at its top what can be done with it."""

    @override
    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        self.folder = trainer.log_dir  # asked of all processes at once; the first alone saves, and would wait for ever
        super().setup(trainer, pl_module, stage)

    @override
    def save_config(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        if self.folder is None or trainer.state.fn is None:
            return
        file = Path(self.folder) / self.config_filename
        kept = any(
            callback.save_last for callback in trainer.checkpoint_callbacks if isinstance(callback, ModelCheckpoint)
        )
        top = heading(file, subcommand=trainer.state.fn.value, kept=kept)
        write_text(file, top + file.read_text(encoding="utf-8"))


def heading(file: Path, *, subcommand: str, kept: bool) -> str:
    """The lines above a config.

    Args:
        file: Where it was saved.
        subcommand: Whose config it is.
        kept: Whether the run keeps its latest state in `last.ckpt`, from which a fit goes on.

    >>> print(heading(Path("runs/a/map/config.yaml"), subcommand="fit", kept=True))
    # go on: python train.py fit --config runs/a/map/config.yaml --ckpt_path runs/a/map/checkpoints/last.ckpt
    # again: python train.py fit --config runs/a/map/config.yaml --trainer.logger.version OTHER_FOLDER --ckpt_path null
    <BLANKLINE>
    """
    begun = (subcommand, "--config", file)
    anew = ("--ckpt_path", "null") if subcommand == "fit" else ()  # a run that was gone on with names its own state
    lines = [f"again: {command(*begun, '--trainer.logger.version', 'OTHER_FOLDER', *anew)}"]
    if subcommand != "fit":
        lines.insert(0, f"go on: {command(*begun)}")
    elif kept:
        lines.insert(0, f"go on: {command(*begun, '--ckpt_path', file.parent / 'checkpoints' / 'last.ckpt')}")
    return "".join(f"# {line}\n" for line in lines)
