"""Does a reasoner use its latents? Its accuracy with latents replaced, mixed up and moved at random.

    python benchmarks/latent_controls.py --reasoner embedded:final --questions embedded:prosqa_valid

Every control is a function of the rolled-out latents `[B, T, D]`; the answer is decoded from their replay. Accuracies
stand beside the paired difference to the untouched latents, with exact McNemar.
"""

from collections.abc import Callable

import torch
from jsonargparse import auto_cli
from rich.console import Console
from rich.table import Table
from torch import Tensor

from lightning_latent.data import Benchmark, Example, ExampleSource, ProsQA
from lightning_latent.data.streaming.row_source import open_rows
from lightning_latent.metrics.paired import contrast
from lightning_latent.reasoner import LatentReasoner, load_reasoner

Control = Callable[[Tensor, Tensor], Tensor]


def controls(generator: torch.Generator) -> dict[str, Control]:
    """Name to function of latents `[B, T, D]` and the mean latents `[T, D]`."""

    def random_move(share: float) -> Control:
        def move(latents: Tensor, mean: Tensor) -> Tensor:
            noise = torch.randn(latents.shape, generator=generator)
            return latents + share * latents.norm(dim=-1, keepdim=True) * noise / noise.norm(dim=-1, keepdim=True)

        return move

    return {
        "untouched": lambda latents, mean: latents,
        "zero": lambda latents, mean: torch.zeros_like(latents),
        "constant: mean of each step": lambda latents, mean: mean.expand_as(latents),
        "constant: one vector": lambda latents, mean: mean.mean(0).expand_as(latents),
        "another question's": lambda latents, mean: latents.roll(1, dims=0),
        "first one repeated": lambda latents, mean: latents[:, :1].expand_as(latents),
        **{
            f"random direction, {round(100 * share)} % of the norm": random_move(share)
            for share in (0.05, 0.1, 0.2, 0.4)
        },
    }


@torch.no_grad()
def answers_right(
    reasoner: LatentReasoner, benchmark: Benchmark, batch: list[Example], change: Control, mean: Tensor
) -> list[bool]:
    """Whether each question of a batch is answered correctly from its changed latents."""
    context = reasoner.encode([example.question for example in batch])
    latents = change(reasoner.rollout(context).latents, mean)
    texts, _ = reasoner.decode_texts(reasoner.conclude(context, latents), max_new_tokens=benchmark.max_new_tokens)
    found = [benchmark.extract(text) for text in texts]
    return [benchmark.matches(text, example.answer) for text, example in zip(found, batch, strict=True)]


@torch.no_grad()
def mean_latents(reasoner: LatentReasoner, batches: list[list[Example]]) -> Tensor:
    """Mean of each step's latents over questions, `[T, D]`."""
    latents = [reasoner.rollout(reasoner.encode([e.question for e in batch])).latents for batch in batches]
    return torch.cat(latents).mean(0)


def main(
    reasoner: str = "embedded:final",
    questions: str | ExampleSource = "embedded:prosqa_valid",
    benchmark: Benchmark | None = None,
    batch_size: int = 100,
    seed: int = 0,
) -> None:
    """Print the table.

    Args:
        reasoner: Directory, hub id or `embedded:` name of a latent reasoner.
        questions: File, hub dataset, `embedded:` name or source of the questions.
        benchmark: Judge of answers; ProsQA by default.
        batch_size: Questions at a time.
        seed: Seed of the random directions.
    """
    judge = benchmark or ProsQA()
    source = (
        open_rows(questions, judge, default_split="validation", streaming=True)
        if isinstance(questions, str)
        else questions
    )
    examples = list(source)
    batches = [examples[start : start + batch_size] for start in range(0, len(examples), batch_size)]
    model = load_reasoner(reasoner).freeze()
    mean = mean_latents(model, batches)
    table = Table("latents", "accuracy %", "difference, points", "p", title=f"{reasoner}, {len(examples)} questions")
    base: list[bool] = []
    for name, change in controls(torch.Generator().manual_seed(seed)).items():
        right = [ok for batch in batches for ok in answers_right(model, judge, batch, change, mean)]
        base = base or right
        paired = contrast(base, right)
        low, high = paired["gain_ci95"]
        difference = f"{100 * paired['gain']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
        p = f"{paired['mcnemar']['p']:.2g}"
        table.add_row(name, f"{100 * sum(right) / len(right):.1f}", *(("", "") if right is base else (difference, p)))
    Console(width=100).print(table)


if __name__ == "__main__":
    auto_cli(main, as_positional=False)
