"""Settings that were chosen, kept from being tested on what chose them."""

from typing import Any

import lightning as L

from lightning_latent.data import LatentDataModule
from lightning_latent.errors import UserError
from lightning_latent.evaluation.chosen import count_seen, read_chosen


class Chosen(L.Callback):
    """Says by which sweep a run's settings were chosen; `run.json` then holds how.

    `test` is refused where a test question is among the validation questions of the sweep.

    Args:
        by: The sweep's folder, such as `runs/quickstart/paper/sweep`; without, nothing was chosen.
    """

    only_watches = True

    def __init__(self, *, by: str | None = None) -> None:
        self.by = by
        self.record: dict[str, Any] | None = None

    @property
    def note(self) -> dict[str, Any]:
        """What `run.json` says of it: nothing where nothing was chosen."""
        return {} if self.record is None else {"chosen": self.record}

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Find out how the settings were chosen, and refuse a test that would not be one, before a model loads."""
        if self.by is None:
            return
        self.record = read_chosen(self.by)
        if stage != "test":
            return
        data = trainer.datamodule  # type: ignore[attr-defined]
        if not isinstance(data, LatentDataModule):
            raise UserError("chosen.by needs the questions of a LatentDataModule, to compare them with the sweep's")
        if seen := count_seen(self.by, data.source("test")):
            raise UserError(
                f"{seen:,} of the test questions are among those on which {self.by} chose the settings; test on others"
            )
