"""From a batch of questions to judged answers: the one place where a latent reasoner's questions are answered."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.scoring import Said
from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.reasoner.thoughts import Thoughts, think

Think = Callable[[Context], Thoughts]
"""What a method does between question and answer."""

Say = Callable[[Context, Sequence[Example]], Said]
"""How an answer is said from where the latents end: decoded, or chosen among options."""


@torch.no_grad()
def answer_questions(
    reasoner: LatentReasoner,
    examples: Sequence[Example],
    *,
    say: Say,
    benchmark: Benchmark,
    room: int,
    thinking: Think | None = None,
    unrefined: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> list[Answer]:
    """Read the questions, think about them, answer and judge.

    Questions whose latents were lost (infinite or undefined) are answered from unrefined ones; the others of the batch
    do not notice.

    Args:
        reasoner: The model.
        examples: B questions; none gives no answers.
        say: How answers are said.
        benchmark: How they are judged.
        room: Columns that must still fit into the model's context after a question.
        thinking: What is done in between; plain latents by default.
        unrefined: Makes the reasoner the unrefined one for a while, where a method changes it.
    """
    if not examples:
        return []
    started = clock(reasoner.device)
    context = read_questions(reasoner, examples, room=room)
    thoughts = think(reasoner, context) if thinking is None else thinking(context)
    said = say(thoughts.context, examples)
    lost = [] if thinking is None else (~thoughts.finite).nonzero().flatten().tolist()
    if lost:
        again = [examples[row] for row in lost]
        with unrefined():
            plain = think(reasoner, read_questions(reasoner, again, room=room))
            said = said.replaced(lost, say(plain.context, again))
    seconds = (clock(reasoner.device) - started) / len(examples)
    count = thoughts.latents.shape[1]
    return [
        judge(benchmark, example, said, row=row, latents=count, seconds=seconds, fallback=row in lost)
        for row, example in enumerate(examples)
    ]


def judge(
    benchmark: Benchmark,
    example: Example,
    said: Said,
    *,
    row: int,
    latents: int,
    seconds: float,
    fallback: bool = False,
) -> Answer:
    """Compare what was said in a row of a batch with the gold answer; the rest is taken down as in `Answer`."""
    known = example.answer != ""
    return Answer(
        id=example.id,
        question=example.question,
        gold=example.answer or None,
        answer=said.answers[row],
        correct=benchmark.matches(said.answers[row], example.answer) if known else None,
        reference=benchmark.reference(said.texts[row], example.answer) if said.read and known else None,
        text=said.texts[row],
        tokens=said.tokens[row],
        latents=latents,
        seconds=seconds,
        fallback=fallback,
    )


def read_questions(reasoner: LatentReasoner, examples: Sequence[Example], *, room: int) -> Context:
    """Let the model read B questions, with room for more columns; a `UserError` names the one that is too long."""
    try:
        return reasoner.encode([example.question for example in examples], room=room)
    except UserError:
        for example in examples:  # whose question is it?
            try:
                reasoner.encode([example.question], room=room)
            except UserError as error:
                raise UserError(f"{example.id}: {error}") from None
        raise


_counted_again = 0.0


def clock(device: torch.device) -> float:
    """Seconds, once an accelerator has finished what it was given: its work must not count for what follows."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
    return time.perf_counter() + _counted_again


def count_again(seconds: float) -> None:
    """Set the clock on by the time that a result took when it was computed, where it is used once more.

    So a run that shares work with another is as long as if it did all itself.
    """
    global _counted_again
    _counted_again += seconds
