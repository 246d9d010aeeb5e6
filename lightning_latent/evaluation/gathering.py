"""What the processes of a run have in common: its folder, all their answers, what seconds were measured on."""

from pathlib import Path

import lightning as L
import torch
import torch.distributed as dist

from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer, natural_key


def run_directory(trainer: L.Trainer) -> Path | None:
    """Where a run's answers go: the first logger's folder or `default_root_dir`, for `fit` one below it.

    It communicates, so every process must call it. Under `fast_dev_run` nothing is written, as by Lightning itself.
    """
    if trainer.fast_dev_run:  # type: ignore[attr-defined]
        return None
    directory = Path(trainer.log_dir or trainer.default_root_dir)
    return directory / "validate" if trainer.state.fn == "fit" else directory


def gather_answers(answers: list[Answer], *, world_size: int) -> list[Answer]:
    """Join what the processes answered, each question once, sorted by id; every process gets the same.

    A sampler that pads gives some questions to two processes; the lowest rank's answer counts.

    Raises:
        UserError: There is none, or one id belongs to two questions.
    """
    parts = [answers] * world_size
    if world_size > 1:
        dist.all_gather_object(parts, answers)
    joined: dict[str, Answer] = {}
    for answer in (answer for part in parts for answer in part):
        if joined.setdefault(answer.id, answer).question != answer.question:
            raise UserError(f"question id {answer.id!r} belongs to two different questions: make ids unique")
    if not joined:
        raise UserError("no question was answered: check the data file and trainer.limit_*_batches")
    return sorted(joined.values(), key=lambda answer: natural_key(answer.id))


def device_name(device: torch.device) -> str:
    """What seconds were measured on."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
