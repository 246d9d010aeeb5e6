"""What a callback may do to latents while they are refined, and what it may ask of the module."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol, runtime_checkable

import lightning as L
from torch import Tensor

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.scoring import Said
from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.reasoner.thoughts import Thoughts
from lightning_latent.refinement.reference import Reference


@runtime_checkable
class Refining(Protocol):
    """A module that refines latents: all that a callback may ask of it.

    Attributes:
        loop: Whether latents are refined one by one or all at a time.
    """

    loop: Literal["stepwise", "trajectory"]

    @property
    def reasoner(self) -> LatentReasoner:
        """The frozen base, loaded when it is first asked for."""

    @property
    def refines(self) -> bool:
        """Whether anything refines latents; thoughts are plain otherwise."""

    def load_reference(self, path: str, *, role: str) -> Reference:
        """Load another checkpoint of the same model, which the answers then depend on.

        `path` is a directory, hub id or adapter; `beside:NAME` is the directory of that name beside the reasoner's.
        `role` is what it is to the method, in messages and in the run's files. A `UserError` if it is another model.
        """

    @property
    def benchmark(self) -> Benchmark:
        """How answers are read and judged, and how questions may be told otherwise."""

    def answer_once(self, batch: list[Example], *, plain: bool = False) -> list[Answer]:
        """Answer each question as it is told, by the run's method, or with plain latents."""

    def score_options(self, examples: Sequence[Example], *, plain: bool = False) -> list[list[float]]:
        """Log-likelihood in nats of each question's options after the thoughts of the run's method, or plain ones."""

    def read(self, examples: Sequence[Example]) -> Context:
        """Let the reasoner read questions, with room for thoughts and answers after them."""

    def think(
        self,
        examples: Sequence[Example],
        *,
        plain: bool = False,
        context: Context | None = None,
        iterations: int | None = None,
    ) -> Thoughts:
        """Think about questions by the run's method, or plainly.

        `context` is that of the questions, where they have been read; `iterations` in the place of the run's own.
        """

    def say(self, context: Context, examples: Sequence[Example]) -> Said:
        """Answer questions from where their latents end, by the run's scoring."""


class LatentCallback(L.Callback):
    """A Lightning callback that takes part in refinement. Override what you need; the rest leaves latents as they are.

    Legend: B batch, T latents, D hidden size. The loop calls, for each batch: `begin`; then, one latent after the other
    (stepwise) or on the whole trajectory (trajectory), `blend`, `displacement` and `accumulate`, each on all callbacks
    before the next, so that their order in the config does not matter.
    """

    @property
    def active(self) -> bool:
        """Whether it does anything as it is set; an inactive one is not called."""
        return True

    def prepare(self, module: Refining) -> None:
        """Get ready for a run: load what is needed. Called once a run, before any question."""

    def begin(self, questions: Sequence[str]) -> None:
        """Get ready for a batch of B questions: read them, forget what belonged to the last batch."""

    def blend(self, previous: Tensor | None, latent: Tensor) -> Tensor:
        """Mix a new latent `[B, D]` with the one before it, `[B, D]` or None at the first step."""
        return latent

    def displacement(self, step: int, fed: Sequence[Tensor], latent: Tensor) -> Tensor | None:
        """Stepwise: how far to move the latent `[B, D]` of a step, given the refined ones before; None for nothing."""
        return None

    def trajectory_displacement(self, latents: Tensor) -> Tensor | None:
        """Trajectory: how far to move all latents `[B, T, D]` at once; None for nothing."""
        return None

    def accumulate(self, update: Tensor) -> Tensor:
        """Mix an update, `[B, D]` or `[B, T, D]`, with the earlier ones of this batch."""
        return update

    def end(self) -> None:
        """The batch is done: let go of what it held."""


class QuestionCallback(L.Callback):
    """A Lightning callback that says how questions are answered, where that is more than once each."""

    @property
    def active(self) -> bool:
        """Whether it does anything as it is set; an inactive one is not called."""
        return True

    def prepare(self, module: Refining) -> None:
        """Get ready for a run: load what is needed. Called once a run, before any question."""

    def answer(self, batch: list[Example], module: Refining) -> list[Answer]:
        """Answer the questions of a batch, in order, by what the module can do with any question."""
        return module.answer_once(batch)


class TeachingCallback(L.Callback):
    """A Lightning callback that says what `fit` learns towards in the place of the gold answers.

    Attributes:
        takes_all: Whether it learns by itself and leaves nothing; it comes after all others, wherever it is listed.
    """

    takes_all = False

    def teach(self, batch: list[Example], module: Refining) -> list[Example]:
        """The questions to learn from, each with the answer to learn."""
        return batch


def check_trajectory(module: Refining, *, who: str) -> None:
    """Refuse, by a `UserError`, the loop in which a latent is fed before the others are known.

    `who` does something to whole trajectories, as in `BorrowedLatents replaces`.
    """
    if module.loop != "trajectory":
        raise UserError(f"{who} whole trajectories; set model.loop to trajectory")


@contextmanager
def session(callbacks: Sequence[LatentCallback], questions: Sequence[str]) -> Iterator[Sequence[LatentCallback]]:
    """Begin a batch in all callbacks, and end it whatever happens."""
    try:
        for callback in callbacks:
            callback.begin(questions)
        yield callbacks
    finally:
        for callback in callbacks:
            callback.end()
