"""Answers on disk while a run goes on: one file a process, and what an interrupted or finished run left of them."""

import shutil
from pathlib import Path
from typing import Any, TextIO

from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer, to_row
from lightning_latent.evaluation.run import PREDICTIONS, RUN, read_about, read_answers, whole_lines
from lightning_latent.io import json_line, write_json


class Journal:
    """The unfinished part of a run's folder: a file of answers for each process, and what the answers depend on.

    Args:
        directory: The run's folder.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.shards = directory / "predictions.shards"
        self._file: TextIO | None = None

    def claim(self, depends_on: dict[str, Any]) -> None:
        """Make the folder this run's; called by one process, before any other method.

        A folder in which nothing was answered yet, such as a run's that was refused, is anybody's.

        Raises:
            UserError: The folder holds answers that depend on something else.
        """
        if self.directory.exists() and not self.directory.is_dir():
            raise UserError(f"{self.directory} is a file; name this run's folder otherwise")
        answered = any(whole_lines(path) for path in self.shards.glob("rank*.jsonl"))
        if answered and not (self.shards / RUN).is_file():
            raise UserError(
                f"{self.shards} holds answers without {RUN}, so that it is not known whose they are; remove that folder"
            )
        for file, counts in ((self.directory / RUN, True), (self.shards / RUN, answered)):
            if not file.is_file():
                continue
            found = read_about(file).get("depends_on") or {}
            if not counts:
                continue
            changed = [key for key, value in depends_on.items() if found.get(key) != value]
            if changed:
                raise UserError(
                    f"{self.directory} holds the answers of another run ({', '.join(changed)} differ); name this one "
                    "otherwise (--trainer.logger.version NAME), or remove that folder"
                )
        write_json(self.shards / RUN, {"depends_on": depends_on})

    def read(self) -> dict[str, Answer]:
        """The answers that are there, by question id; a `UserError` where a whole line is none."""
        answers = read_answers(self.directory / PREDICTIONS) if (self.directory / RUN).is_file() else []
        for path in sorted(self.shards.glob("rank*.jsonl")):
            answers += read_answers(path)
        return {answer.id: answer for answer in reversed(answers)}

    def open(self, rank: int) -> None:
        """Open this process's file for appending, without the cut-off line that it may end with."""
        path = self.shards / f"rank{rank}.jsonl"
        whole = sum(len(line) + 1 for line in whole_lines(path)) if path.exists() else 0
        self._file = path.open("a", encoding="utf-8", newline="\n")
        self._file.truncate(whole)

    def append(self, answers: list[Answer]) -> None:
        """Add answers to this process's file and hand them to the system, which keeps them if we are killed."""
        if self._file is not None:
            self._file.write("".join(json_line(to_row(answer)) for answer in answers))
            self._file.flush()

    def close(self) -> None:
        """Close this process's file; the folder stays."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def clear(self) -> None:
        """Delete all answers that are there, the finished ones too."""
        self.remove()
        for name in (RUN, PREDICTIONS):
            (self.directory / name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the unfinished part, if it is there."""
        if self.shards.exists():
            for path in self.shards.glob("rank*.jsonl"):  # before run.json, which says whose they are
                path.unlink()
            shutil.rmtree(self.shards)
