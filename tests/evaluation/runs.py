"""Runs by hand: a line of letters says of each question whether it is right."""

from pathlib import Path
from typing import Any

from lightning_latent.evaluation import Answer, Run


def make_run(
    method: str,
    right: str,
    *,
    path: str | None = None,
    seconds: float = 1.0,
    tokens: int = 3,
    reference: str = "",
    **about: Any,
) -> Run:
    """`x` for a right answer, `.` for a wrong one, `!` for a wrong one that is from unrefined latents.

    `reference` says the same of the reference's judgement, where there is one.
    """
    answers = [
        Answer(
            id=f"q{index}",
            question=f"What | is\n{index}?",
            gold="a",
            answer="a" if letter == "x" else "b",
            correct=letter == "x",
            text="...",
            tokens=tokens,
            latents=6,
            seconds=seconds,
            fallback=letter == "!",
            reference=reference[index] == "x" if reference else None,
        )
        for index, letter in enumerate(right)
    ]
    said = {"method": method, "benchmark": "prosqa", "split": "test", "device": "cpu", "batch_size": 4, **about}
    return Run(Path(path or f"runs/{method}"), said, answers)
