"""SIGTERM and Ctrl-C: every command ends within seconds, between two batches where it is answering or learning."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import lightning.pytorch as L
from lightning.pytorch.callbacks import ModelCheckpoint

STOPPED = "stopped.ckpt"
PATIENCE_SECONDS = 5.0  # for the batch at hand


class Stopped(BaseException):
    """The command was asked to stop. No `Exception`, so that nothing takes it for an error and goes on.

    Args:
        signum: By which signal.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum
        self.advice = "run the command again"

    @property
    def exit_code(self) -> int:
        """That of a program which the signal ended: 143 after SIGTERM, 130 after Ctrl-C."""
        return 128 + self.signum

    def __str__(self) -> str:
        name = "Ctrl-C" if self.signum == signal.SIGINT else signal.Signals(self.signum).name
        return f"stopped by {name}; {self.advice}"


class _Request:
    """What has been asked of this process, and whether it is within batches, which are not torn."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.signum: int | None = None
        self.within_batches = False

    def receive(self, signum: int, frame: FrameType | None) -> None:
        """Handle a signal: stop at once, or, the first time within batches, after the one at hand."""
        if os.getpid() != self.process:
            return  # a data loader's worker; the process that started it ends it
        if self.within_batches and self.signum is None:
            self.signum = signum
            signal.signal(signal.SIGALRM, lambda *_: self.stop(signum))
            signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS)
        else:
            self.stop(signum)

    def stop(self, signum: int) -> None:
        """Stop now; what comes after is ending."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.signum, self.within_batches = None, False
        raise Stopped(signum)


_request: _Request | None = (
    None  # within `stoppable` alone: whoever runs a trainer from Python has signals of their own
)


def listen(started: bool = False) -> None:
    """Let this process hear SIGTERM and Ctrl-C; one that another has `started` leaves that to the other."""
    if _request is None:
        return
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, signal.SIG_IGN if started else _request.receive)


@contextmanager
def stoppable() -> Iterator[None]:
    """End what runs here by a `Stopped` when the process is asked to stop; it must be the main thread."""
    global _request
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    _request = _Request()
    listen()
    try:
        yield
    finally:
        _request = None
        signal.setitimer(signal.ITIMER_REAL, 0)
        for signum, handler in before.items():
            signal.signal(signum, handler)


class StopBetweenBatches(L.Callback):
    """Stops a run between two batches; a fit in a single process leaves a checkpoint to go on from.

    Args:
        started: Whether another process has started this one, and ends it.
    """

    only_watches = True

    def __init__(self, *, started: bool) -> None:
        self.started = started

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Leave signals to the process that has started this one, before any is at work."""
        if self.started:
            listen(started=True)

    def _begin(self, *_: Any) -> None:
        listen(self.started)  # in the place of Lightning, which has set its own handlers by now
        self._within(True)

    def _end(self, *_: Any) -> None:
        self._within(False)

    def _within(self, batches: bool) -> None:
        self._look()
        if _request is not None:
            _request.within_batches = batches

    def _look(self, *_: Any) -> None:
        if _request is not None and _request.signum is not None:
            _request.stop(_request.signum)

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        """Stop, once what has been learned so far is saved."""
        folder = checkpoint_folder(trainer)
        asked = _request is not None and _request.signum is not None
        if asked and folder is not None and trainer.world_size == 1:
            signal.setitimer(signal.ITIMER_REAL, 0)  # saving is not torn either
            trainer.save_checkpoint(folder / STOPPED)
        self._look()

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Remove what an earlier stop has left: the run is whole now."""
        folder = checkpoint_folder(trainer)
        if folder is not None and trainer.is_global_zero:
            (folder / STOPPED).unlink(missing_ok=True)
        self._end()

    on_train_start = on_validation_start = on_test_start = on_predict_start = _begin  # type: ignore[assignment]
    on_validation_batch_end = on_test_batch_end = on_predict_batch_end = _look  # type: ignore[assignment]
    on_test_end = on_predict_end = _end  # type: ignore[assignment]

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Within a fit there are more batches to come."""
        self._within(trainer.state.fn == "fit")


def checkpoint_folder(trainer: L.Trainer) -> Path | None:
    """Where a fit's checkpoints go; None where none are written."""
    callback = trainer.checkpoint_callback
    if not isinstance(callback, ModelCheckpoint) or not callback.dirpath:
        return None
    return Path(callback.dirpath)


def go_on(directory: Path | None, *, subcommand: str | None) -> str:
    """How to go on with a run that was stopped or lost, as the end of a sentence."""
    if subcommand != "fit":
        return "run the command again to go on where it stopped"
    saved = [] if directory is None else list((directory / "checkpoints").glob("*.ckpt"))
    if saved:
        return f"go on with --ckpt_path {max(saved, key=lambda file: file.stat().st_mtime)}"
    if directory is not None and directory.exists():
        return f"nothing was saved yet; remove {directory} and run the command again"
    return "run the command again"
