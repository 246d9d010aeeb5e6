"""Checkpoints that are either wholly there or not at all."""

from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.plugins.io import TorchCheckpointIO
from typing_extensions import override

from lightning_latent.io import replaced


class WholeCheckpoints(TorchCheckpointIO):
    """Writes beside the checkpoint and renames; Lightning's own copies it from another folder, and half where it ends.

    Lightning finishes a file in the folder for temporary files, so that a full disk leaves a part of it in its place.
    """

    @override
    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None) -> None:
        """Save; an `OSError` where the disk is full."""
        if storage_options is not None or "://" in str(path):
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        content = BytesIO()  # torch itself would end a full disk in an error of its own kind
        torch.save(checkpoint, content)
        with replaced(path) as temporary:
            temporary.write_bytes(content.getbuffer())


def write_whole(trainer: Trainer) -> None:
    """Let a trainer that has no other way of its own save whole checkpoints."""
    if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
        trainer.strategy.checkpoint_io = WholeCheckpoints()
