"""A row of the table: one way of answering questions."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id
from rich import get_console
from rich.progress import track

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.embedded import resolve
from lightning_latent.errors import UserError


class Answered(NamedTuple):
    """One question with a row's answer.

    Attributes:
        id: The example's id.
        gold: The gold answer.
        prediction: The extracted answer; empty when the generated text held none.
        correct: Whether it matches the gold answer by the benchmark's rule.
        tokens: Generated tokens, the end-of-sequence token counted; latents are not tokens.
        latents: Latents that were thought before the answer.
        text: What was generated, to look at: steps and answer, or the steps alone where options were scored after them.
            Empty in refined rows, whose runs hand over what was extracted.
    """

    id: str
    gold: str
    prediction: str
    correct: bool
    tokens: int
    latents: int
    text: str = ""


class RowRun(NamedTuple):
    """All questions with a row's answers, and the wall-clock seconds that answering took, without loading."""

    answers: list[Answered]
    seconds: float


class Row(ABC):
    """One way of answering questions. It holds a description; the model loads when the row runs.

    Attributes:
        path: Directory or hub id of what answers.
    """

    path: str

    @abstractmethod
    def run(self, batches: Sequence[list[Example]], *, benchmark: Benchmark, device: torch.device) -> RowRun:
        """Answer all questions, in order.

        Args:
            batches: The questions.
            benchmark: How answers are read and judged.
            device: Where to compute.
        """

    def locate(self, runs: Path) -> bool:
        """Look for `path` in a folder of runs; otherwise it is a path or hub id as it stands.

        Returns:
            Whether it is a directory, or could be a hub id: of the form `owner/name`, and not in a folder of `runs`.
        """
        if (runs / self.path).is_dir():
            self.path = str(runs / self.path)
        self.path = resolve(self.path)
        return Path(self.path).is_dir() or (_is_hub_id(self.path) and not (runs / self.path).parent.is_dir())

    def files(self) -> list[Path]:
        """The local files that the answers depend on, once the row has been located."""
        return weight_files(self.path)

    def options(self) -> dict[str, Any]:
        """What the row was made with."""
        return options_of(self)


class BatchRow(Row):
    """A row that answers batch by batch, each of them timed."""

    @abstractmethod
    def load(self, *, benchmark: Benchmark, device: torch.device) -> None:
        """Load the model."""

    @abstractmethod
    def answer(self, examples: list[Example]) -> list[Answered]:
        """Answer one batch."""

    def unload(self) -> None:
        """Let the model go."""
        for name in [name for name in vars(self) if name.startswith("_")]:
            delattr(self, name)

    def run(self, batches: Sequence[list[Example]], *, benchmark: Benchmark, device: torch.device) -> RowRun:
        """See `Row.run`. One question is answered beforehand, so that starting up is not timed."""
        self._load(benchmark=benchmark, device=device)
        answers: list[Answered] = []
        seconds = 0.0
        with torch.no_grad():
            self.answer(batches[0][:1])
            quiet = not get_console().is_terminal
            for batch in track(batches, description=self.path, transient=True, disable=quiet):
                started = _now(device)
                answers += self.answer(batch)
                seconds += _now(device) - started
        self.unload()
        return RowRun(answers, seconds)

    def _load(self, *, benchmark: Benchmark, device: torch.device) -> None:
        try:
            self.load(benchmark=benchmark, device=device)
        except UserError as error:
            if Path(self.path).is_dir():
                raise
            # It may be a directory's name mistyped, or one that is still to come.
            raise UserError(f"{error} ({self.path!r} was taken for a hub id: there is no such directory)") from error


def options_of(thing: object) -> dict[str, Any]:
    """The class of a thing and what it was made with: its attributes without a leading underscore."""
    kept = {name: value for name, value in vars(thing).items() if not name.startswith("_")}
    return {"class": type(thing).__qualname__, **kept}


def weight_files(path: str) -> list[Path]:
    """Weights, configuration and tokenizer of a model's directory; none of a hub id."""
    kinds = (".safetensors", ".json", ".jinja", ".model", ".txt")
    return sorted(file for file in Path(resolve(path)).glob("*") if file.suffix in kinds)


def judge(
    benchmark: Benchmark, example: Example, prediction: str, *, tokens: int, latents: int, text: str = ""
) -> Answered:
    """Compare a prediction with the gold answer."""
    return Answered(
        id=example.id,
        gold=example.answer,
        prediction=prediction,
        correct=benchmark.matches(prediction, example.answer),
        tokens=tokens,
        latents=latents,
        text=text,
    )


def require_options(examples: Sequence[Example]) -> None:
    """Refuse questions without options to choose from.

    Raises:
        UserError: A question has none.
    """
    for example in examples:
        if not example.options:
            raise UserError(f"question {example.id} has no options to choose from; set scoring to generate")


def _is_hub_id(path: str) -> bool:
    try:
        validate_repo_id(path)
    except HFValidationError:
        return False
    return path.count("/") == 1


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
