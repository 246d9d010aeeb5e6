"""The paper's refinement over its hyper-parameters and controls, paired against plain Coconut on the same questions.

    python benchmarks/feedback_sweep.py --questions.class_path BalancedProsQA --questions.size 2000 \
        --questions.split evaluation --questions.seed 4 --questions.dead_ends 2 --questions.max_hops 4

Choose on questions like these, never on a test set. Among many settings some look good by chance: the p here is of one
comparison, not corrected for their number.
"""

from collections.abc import Iterator, Sequence

import torch
from jsonargparse import auto_cli
from rich.console import Console
from rich.table import Table
from torch import Tensor

from lightning_latent.callbacks import ContrastiveFeedback, ResidualBlending
from lightning_latent.data import Benchmark, Example, ExampleSource, ProsQA
from lightning_latent.data.streaming.row_source import open_rows
from lightning_latent.metrics.paired import contrast
from lightning_latent.reasoner import LatentReasoner, load_reasoner
from lightning_latent.reasoner.context import Context
from lightning_latent.refinement.hooks import LatentCallback, session
from lightning_latent.refinement.loop import refine_stepwise, refine_trajectory
from lightning_latent.refinement.reference import Reference


class RandomDirection(LatentCallback):
    """Control: moves each latent in a random direction, by a fraction of its norm."""

    def __init__(self, search_step: float) -> None:
        self.search_step = search_step
        self.generator = torch.Generator().manual_seed(0)

    def displacement(self, step: int, fed: Sequence[Tensor], latent: Tensor) -> Tensor:
        """A step of the same length as a relative contrastive one."""
        noise = torch.randn(latent.shape, generator=self.generator)
        return self.search_step * latent.norm(dim=-1, keepdim=True) * noise / noise.norm(dim=-1, keepdim=True)


def settings(references: dict[str, Reference]) -> Iterator[tuple[str, str, list[LatentCallback]]]:
    """Name, loop and callbacks of each setting."""

    def contrast(step: float, **options: str) -> ContrastiveFeedback:
        callback = ContrastiveFeedback(search_step=step, **options)
        callback.references = references
        return callback

    for step in (0.02, 0.05, 0.1, 0.2):
        for slot in ("next", "same"):
            yield f"contrastive, {slot} slot, {step:g}", "stepwise", [contrast(step, slot=slot)]
        yield f"contrastive, printed sign, {step:g}", "stepwise", [contrast(step, sign="ascent")]
        yield f"contrastive, trajectory, {step:g}", "trajectory", [contrast(step)]
        yield f"random direction, {step:g}", "stepwise", [RandomDirection(step)]
    yield "contrastive, through the references, 0.05", "stepwise", [contrast(0.05, gradient="through")]
    for rate in (0.02, 0.05, 0.1, 0.2, 0.3):
        yield f"residual, {rate:g}", "stepwise", [ResidualBlending(memory_rate=rate)]
    for step, rate in ((0.05, 0.05), (0.1, 0.05), (0.05, 0.1)):
        both = [contrast(step), ResidualBlending(memory_rate=rate, gradient_history=0.5)]
        yield f"both, {step:g} and {rate:g}, history 0.5", "stepwise", both


def right_answers(
    reasoner: LatentReasoner,
    benchmark: Benchmark,
    batches: list[tuple[list[Example], Context]],
    loop: str,
    callbacks: list,
) -> list[bool]:
    """Whether each question is answered correctly under a setting."""
    refine = refine_stepwise if loop == "stepwise" else refine_trajectory
    right = []
    with torch.no_grad():
        for batch, context in batches:
            with session(callbacks, [example.question for example in batch]):
                end = refine(reasoner, context, callbacks).context
            texts, _ = reasoner.decode_texts(end, max_new_tokens=benchmark.max_new_tokens)
            found = [benchmark.extract(text) for text in texts]
            right += [benchmark.matches(text, example.answer) for text, example in zip(found, batch, strict=True)]
    return right


def main(
    reasoner: str = "embedded:final",
    strong: str = "embedded:strong",
    weak: str = "embedded:weak",
    questions: str | ExampleSource = "embedded:prosqa_valid",
    benchmark: Benchmark | None = None,
    batch_size: int = 100,
) -> None:
    """Print the table.

    Args:
        reasoner: Directory, hub id or `embedded:` name of the latent reasoner.
        strong: The strong reference.
        weak: The weak reference.
        questions: File, hub dataset, `embedded:` name or source of the questions.
        benchmark: Judge of answers; ProsQA by default.
        batch_size: Questions at a time.
    """
    judge = benchmark or ProsQA()
    named = isinstance(questions, str)
    source = open_rows(questions, judge, default_split="validation", streaming=True) if named else questions
    examples = list(source)
    model = load_reasoner(reasoner).freeze()
    batches = []
    for start in range(0, len(examples), batch_size):
        batch = examples[start : start + batch_size]
        batches.append((batch, model.encode([example.question for example in batch])))
    references = {
        role: Reference(load_reasoner(path, num_latents=model.num_latents).freeze())
        for role, path in (("strong", strong), ("weak", weak))
    }
    base = right_answers(model, judge, batches, "stepwise", [])
    table = Table(
        "setting", "accuracy %", "gain, points", "fixed/broken", "p", title=f"{reasoner}, {len(base)} questions"
    )
    table.add_row("plain Coconut", f"{100 * sum(base) / len(base):.1f}")
    for name, loop, callbacks in settings(references):
        right = right_answers(model, judge, batches, loop, callbacks)
        paired = contrast(base, right)
        low, high = paired["gain_ci95"]
        gain = f"{100 * paired['gain']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
        accuracy = f"{100 * sum(right) / len(right):.1f}"
        test = paired["mcnemar"]
        table.add_row(name, accuracy, gain, f"{test['fixed']}/{test['broken']}", f"{test['p']:.2g}")
    Console(width=110).print(table)


if __name__ == "__main__":
    auto_cli(main, as_positional=False)
