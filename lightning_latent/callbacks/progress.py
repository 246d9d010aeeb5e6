"""How far a run is: a bar in a terminal, a line now and then in a file."""

import math
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import lightning.pytorch as L
from lightning.pytorch.callbacks import ProgressBar, RichProgressBar
from typing_extensions import override

from lightning_latent.bounds import PositiveFloat


class ProgressLines(ProgressBar):
    """Says in lines how far a run is, where a bar would be drawn into a file: one an epoch, and some in long ones.

    A line has the mean of what an epoch's training steps show in a progress bar, what its validation shows, and the
    time that is left at the pace of this command.

    Args:
        every_seconds: Time between two lines within an epoch or an evaluation.
    """

    only_watches = True

    def __init__(self, *, every_seconds: PositiveFloat = 30.0) -> None:
        super().__init__()
        self.every_seconds = every_seconds
        self._enabled = True
        self._sums: dict[str, tuple[float, int]] = {}  # of an epoch's training steps, by metric
        self._evaluated: dict[str, float] = {}  # by an epoch's validation
        self._evaluations: set[str] = set()  # names of such metrics, which are shown until the next validation
        self._pace: Pace | None = None
        self._said = 0.0  # when the last line was

    @override
    def enable(self) -> None:
        self._enabled = True

    @override
    def disable(self) -> None:
        self._enabled = False

    @override
    def print(self, *args: Any, **kwargs: Any) -> None:
        """Print where lines are printed: in one process."""
        if self._enabled:
            print(*args, **{"flush": True, **kwargs})

    # Learning.

    @override
    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._pace, self._sums, self._evaluated = None, {}, {}
        self.print(learned_line(pl_module))

    @override
    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if self._pace is None:  # a run that goes on begins within an epoch
            self._pace = Pace(fit_progress(trainer, batches=batch_idx))
            self._said = time.monotonic()

    @override
    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        for name, value in trainer.progress_bar_metrics.items():
            if name not in self._evaluations and isinstance(value, int | float):
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = (total + value, count + 1)
        if self._due() and batch_idx + 1 < self.total_train_batches:
            self._say_epoch(trainer, batches=batch_idx + 1)

    @override
    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._say_epoch(trainer, batches=self.total_train_batches, whole=True)
        self._sums, self._evaluated = {}, {}

    def _say_epoch(self, trainer: L.Trainer, *, batches: float, whole: bool = False) -> None:
        means = {name: total / count for name, (total, count) in self._sums.items()}
        shown = {**means, **(self._evaluated if whole else {})}
        where = place("epoch", trainer.current_epoch + 1, trainer.max_epochs or -1)
        if not whole:
            where += f", {place('batch', int(batches), self.total_train_batches)}"
        left = None if self._pace is None else self._pace.left(fit_progress(trainer, batches=batches, whole=whole))
        self._say(where, shown, left)

    # Answering.

    def _begin(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._answering, self._done = Pace(0.0), 0
        if self._pace is None:
            self._said = time.monotonic()

    def _answered(self, trainer: L.Trainer, *_: Any) -> None:
        self._done += 1
        total = evaluation_batches(trainer)
        if self._due() and self._done < total:
            name = "validation" if trainer.validating or trainer.state.fn == "fit" else trainer.state.fn.value  # type: ignore[union-attr]
            self._say(place(f"{name}, batch", self._done, total), {}, self._answering.left(self._done / total))

    on_validation_start = on_test_start = on_predict_start = _begin
    on_validation_batch_end = on_test_batch_end = on_predict_batch_end = _answered  # type: ignore[assignment]

    @override
    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        metrics = trainer.progress_bar_metrics.items()
        self._evaluated = {
            name: value for name, value in metrics if name not in self._sums and isinstance(value, int | float)
        }
        self._evaluations |= self._evaluated.keys()

    def _due(self) -> bool:
        return time.monotonic() - self._said >= self.every_seconds

    def _say(self, where: str, metrics: Mapping[str, float], left: float | None) -> None:
        self._said = time.monotonic()
        self.print(progress_line(where, metrics, seconds_left=left))


class ProgressBarWithoutVersion(RichProgressBar):
    """Lightning's bar without the run's version, of which it would show the last four letters."""

    only_watches = True

    @override
    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if self.is_enabled:
            print(learned_line(pl_module), flush=True)
        super().on_train_start(trainer, pl_module)

    @override
    def get_metrics(self, trainer: L.Trainer, pl_module: L.LightningModule) -> dict[str, Any]:
        return {name: value for name, value in super().get_metrics(trainer, pl_module).items() if name != "v_num"}


class Pace:
    """How long a piece of work still takes, going by how long it has taken since now.

    Args:
        done: What part of it is done already.
    """

    def __init__(self, done: float | None) -> None:
        self.start, self.done = time.monotonic(), done

    def left(self, done: float | None) -> float | None:
        """Seconds that are left when a part is done; None where that cannot be told."""
        return seconds_left(time.monotonic() - self.start, before=self.done, now=done)


def seconds_left(seconds: float, *, before: float | None, now: float | None) -> float | None:
    """How long work still takes of which a part was done `before`, and another is `now`, so many seconds later.

    >>> seconds_left(10, before=0.0, now=0.25)
    30.0
    """
    if before is None or now is None or now <= before:
        return None
    return seconds * max(0.0, 1 - now) / (now - before)


def fit_progress(trainer: L.Trainer, *, batches: float, whole: bool = False) -> float | None:
    """What part of a fit is done within its epoch; None where it has no end or an epoch no length."""
    total = trainer.num_training_batches
    within = 1.0 if whole else batches / total if total and total != math.inf else None
    if trainer.max_epochs is not None and trainer.max_epochs > 0:
        return None if within is None else (trainer.current_epoch + within) / trainer.max_epochs
    return trainer.global_step / trainer.max_steps if trainer.max_steps > 0 else None


def evaluation_batches(trainer: L.Trainer) -> float:
    """How many batches the evaluation at hand has in all."""
    if trainer.predicting:
        return sum(trainer.num_predict_batches)
    counts: Sequence[float] | float = trainer.num_test_batches if trainer.testing else trainer.num_val_batches
    return sum(counts) if isinstance(counts, Sequence) else counts


def place(what: str, number: int, total: float) -> str:
    """Which of how many.

    >>> place("epoch", 2, 3), place("batch", 7, float("inf"))
    ('epoch 2 of 3', 'batch 7')
    """
    return f"{what} {number:,} of {total:,}" if 0 < total < math.inf else f"{what} {number:,}"


def learned_line(module: L.LightningModule) -> str:
    """How many of a module's numbers are learned."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in module.parameters()]
    return (
        f"{sum(size for size, learned in sizes if learned):,} of {sum(size for size, _ in sizes):,} numbers are learned"
    )


def progress_line(where: str, metrics: Mapping[str, float], *, seconds_left: float | None) -> str:
    """One line of progress; accuracies in per cent.

    >>> progress_line("epoch 1 of 3", {"train/loss": 0.41234, "val/accuracy": 0.904}, seconds_left=21.4)
    'epoch 1 of 3: train/loss 0.4123, val/accuracy 90.4 %, 0:00:21 left'
    """
    told = [
        f"{name} {100 * value:.1f} %" if "accuracy" in name else f"{name} {value:.4g}"
        for name, value in metrics.items()
    ]
    if seconds_left:
        told.append(f"{timedelta(seconds=round(seconds_left))} left")
    return f"{where}: {', '.join(told)}" if told else where
