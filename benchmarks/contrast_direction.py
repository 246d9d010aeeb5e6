"""Why does contrastive feedback help, or not? What its direction has to do with better answers, latent by latent.

    python benchmarks/contrast_direction.py --questions 2000

For each latent of plain trajectories: the cosine between the contrastive direction, towards strong and away from the
weak reference, and the gradient of the gold answer's log-likelihood, beside that of a random direction; and what moving
along each by the same fraction of the latent's length does to that likelihood and to answers. Moves that nobody could
know without the gold answer, along the gradient, show how much there would be to gain.
"""

import torch
from jsonargparse import auto_cli
from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor

from lightning_latent.data import BalancedProsQA
from lightning_latent.data.example import Example
from lightning_latent.evaluation.scoring import option_scores
from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.loading import load_reasoner
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.reasoner.thoughts import think
from lightning_latent.refinement.contrast import contrast_gradient
from lightning_latent.refinement.controls import other, random_directions
from lightning_latent.refinement.reference import Reference

DIRECTIONS = ("contrast, next slot", "contrast, same slot", "random", "gradient of the gold answer")


def main(
    questions: int = 2000,
    seed: int = 3,
    search_step: float = 0.05,
    batch_size: int = 250,
    reasoner: str = "embedded:final",
    strong: str = "embedded:strong",
    weak: str = "embedded:weak",
) -> None:
    """Print two tables: directions, and latents.

    Args:
        questions: How many, of `BalancedProsQA`'s evaluation split.
        seed: Their seed.
        search_step: How far to move, as a fraction of a latent's length.
        batch_size: Questions at a time.
        reasoner: Directory or hub id of the reasoner, as the two references'.
        strong: The strong reference.
        weak: The weak reference.
    """
    base, references = load_reasoner(reasoner).freeze(), [Reference(load_reasoner(p).freeze()) for p in (strong, weak)]
    examples = list(BalancedProsQA(size=questions, seed=seed, split="evaluation", dead_ends=2, max_hops=4))
    parts = [
        examine(base, references, examples[start : start + batch_size], search_step=search_step)
        for start in range(0, questions, batch_size)
    ]
    found = {key: torch.cat([part[key] for part in parts]) for key in parts[0]}
    console, wrong = Console(width=120), ~found["right"]
    console.print(f"{questions:,} questions, {100 * found['right'].double().mean():.1f} % right, step {search_step}")
    console.print(directions_table(found, wrong))
    console.print(latents_table(found))


def examine(
    base: LatentReasoner, references: list[Reference], batch: list[Example], *, search_step: float
) -> dict[str, Tensor]:
    """What is measured of B questions, each `[B]` or `[B, T]`."""
    texts = [example.question for example in batch]
    context = base.encode(texts, room=64)
    with torch.no_grad():
        latents = think(base, context).latents
        for reference in references:
            reference.begin(texts)
        made = [[reference.next_latents(latents) for reference in references]]
        made += [[reference.same_latents(latents) for reference in references]]
    size = {"steps": latents.shape[1], "size": latents.shape[2]}
    directions = [-contrast_gradient(strong, weak) for strong, weak in made]
    directions += [random_directions(texts, **size, seed=0), gold_gradient(base, context, latents, batch)]
    before = scores(base, context, latents, batch)
    places = torch.tensor([example.options.index(example.answer) for example in batch])
    found = {"right": before.argmax(-1) == places, "margin": before.topk(2).values.diff(dim=-1).abs().squeeze(-1)}
    for name, direction in zip(DIRECTIONS, directions, strict=True):
        found[f"cosine/{name}"] = torch.cosine_similarity(direction, directions[-1], dim=-1)
        step = search_step * latents.norm(dim=-1, keepdim=True) * torch.nn.functional.normalize(direction, dim=-1)
        after = scores(base, context, latents + step, batch)
        gold = torch.stack([before, after]).gather(-1, places[None, :, None].expand(2, -1, 1)).squeeze(-1)
        found[f"gain/{name}"] = gold[1] - gold[0]
        found[f"changed/{name}"] = before.argmax(-1) != after.argmax(-1)
        found[f"fixed/{name}"] = (after.argmax(-1) == places) & ~found["right"]
        found[f"broken/{name}"] = (after.argmax(-1) != places) & found["right"]
    swaps = [scores(base, context, swapped(latents, step), batch) for step in range(latents.shape[1])]
    found["swapped"] = torch.stack([after.argmax(-1) != before.argmax(-1) for after in swaps], dim=1)
    return found


def gold_gradient(base: LatentReasoner, context: Context, latents: Tensor, batch: list[Example]) -> Tensor:
    """The gradient of the gold answers' log-likelihood with respect to the latents, `[B, T, D]`."""
    leaf = latents.detach().requires_grad_()
    likelihood, _ = base.score(base.conclude(context, leaf), [example.answer for example in batch])
    return torch.autograd.grad(likelihood.sum(), leaf)[0]


@torch.no_grad()
def scores(base: LatentReasoner, context: Context, latents: Tensor, batch: list[Example]) -> Tensor:
    """Log-likelihoods of the candidates after given latents, `[B, C]`, in nats."""
    return torch.tensor(option_scores(base, base.conclude(context, latents), [example.options for example in batch]))


def swapped(latents: Tensor, step: int) -> Tensor:
    """The latents with one of them taken from another question."""
    changed = latents.clone()
    changed[:, step] = other(latents[:, step : step + 1])[:, 0]
    return changed


def directions_table(found: dict[str, Tensor], wrong: Tensor) -> Table:
    """One row a direction."""
    headers = ("direction", "cosine with\nthe gradient", "of wrong\nanswers", "gold answer,\nnats", "of wrong\nanswers")
    table = Table(*headers, "answers\nchanged %", "fixed/\nbroken", box=box.SIMPLE_HEAD)
    for name in DIRECTIONS:
        cosine, gain = found[f"cosine/{name}"].mean(-1), found[f"gain/{name}"]
        cells = [f"{cosine.mean():+.3f} \u00b1 {1.96 * cosine.std() / len(cosine) ** 0.5:.3f}"]
        cells += [f"{cosine[wrong].mean():+.3f}", f"{gain.mean():+.4f}", f"{gain[wrong].mean():+.4f}"]
        changed = 100 * found[f"changed/{name}"].double().mean()
        table.add_row(name, *cells, f"{changed:.2f}", f"{found[f'fixed/{name}'].sum()}/{found[f'broken/{name}'].sum()}")
    return table


def latents_table(found: dict[str, Tensor]) -> Table:
    """One row a latent."""
    headers = (f"cosine,\n{name}" for name in DIRECTIONS[:3])
    table = Table("latent", *headers, "answers changed\nby a swap %", box=box.SIMPLE_HEAD)
    for step in range(found["swapped"].shape[1]):
        cosines = [f"{found[f'cosine/{name}'][:, step].mean():+.3f}" for name in DIRECTIONS[:3]]
        table.add_row(str(step + 1), *cosines, f"{100 * found['swapped'][:, step].double().mean():.1f}")
    return table


if __name__ == "__main__":
    auto_cli(main)
