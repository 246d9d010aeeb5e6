"""What batching, caching and the sparing output head are worth: latent reasoning timed side by side.

    python benchmarks/reasoner_speed.py [--reasoner DIR] [--questions 64] [--batch 32] [--vocabulary 50257]

Four ways to answer the same questions, timed in turns in one process, each round in another order; the table has the
median over rounds of each way's time and of its ratio to the first way's, with the ratios' range. All must say the same
tokens, or the run stops.

- `batched, cached`: the package's way.
- `one by one, cached`: the same, a question at a time.
- `one by one, uncached`: as the public reference implementation of Coconut generates: latents cached, but each new
  token reads the whole prefix again, with logits at every column.
- `batched, head everywhere`: the package's way, but logits computed at every column that is read.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median

import torch
from rich.console import Console
from rich.table import Table

from lightning_latent.data import GeneratedProsQA
from lightning_latent.reasoner import LatentMetadata, LatentReasoner, add_markers, load_reasoner
from lightning_latent.training import ScratchProsQA

Way = Callable[[Sequence[str]], list[list[int]]]


def random_reasoner(*, hidden_size: int, layers: int, latents: int, vocabulary: int) -> LatentReasoner:
    """A reasoner with random weights and as many rows in its tables as asked for; words take the first of them."""
    base = ScratchProsQA(hidden_size=hidden_size, num_layers=layers, num_heads=4)
    model, tokenizer, _ = base.build()
    add_markers(model, tokenizer)
    model.resize_token_embeddings(max(vocabulary, len(tokenizer)), mean_resizing=False)
    torch.nn.init.normal_(model.get_input_embeddings().weight, std=0.3)
    return LatentReasoner(model, tokenizer, LatentMetadata(num_latents=latents))


def answer(reasoner: LatentReasoner, questions: Sequence[str], *, batch: int, new_tokens: int) -> list[list[int]]:
    """The package's way: cached, in batches."""
    rows: list[list[int]] = []
    for start in range(0, len(questions), batch):
        rollout = reasoner.rollout(reasoner.encode(questions[start : start + batch]))
        rows += reasoner.decode(reasoner.answer_context(rollout), max_new_tokens=new_tokens)
    return rows


def answer_uncached(reasoner: LatentReasoner, questions: Sequence[str], *, new_tokens: int) -> list[list[int]]:
    """The reference's way: one question at a time, the whole prefix read again for each token."""
    model, tokenizer = reasoner.model, reasoner.tokenizer
    rows: list[list[int]] = []
    for question in questions:
        ids = [*tokenizer(question + "\n")["input_ids"], reasoner.start_id]
        latents = reasoner.rollout(reasoner.encode([question])).latents
        ends = (torch.tensor([ids], device=reasoner.device), torch.tensor([[reasoner.end_id]], device=reasoner.device))
        prefix = torch.cat([reasoner.embed(ends[0]), latents, reasoner.embed(ends[1])], dim=1)
        row: list[int] = []
        while len(row) < new_tokens and row[-1:] != [tokenizer.eos_token_id]:
            token = model(inputs_embeds=prefix, use_cache=False).logits[:, -1:].argmax(-1)
            row.append(int(token))
            prefix = torch.cat([prefix, reasoner.embed(token)], dim=1)
        rows.append(row)
    return rows


@contextmanager
def head_everywhere(reasoner: LatentReasoner) -> Iterator[None]:
    """Compute logits at every column that is read, and throw them away."""

    def compute(module: torch.nn.Module, inputs: object, output: object) -> None:
        reasoner.logits(output.last_hidden_state)

    handle = reasoner.model.base_model.register_forward_hook(compute)
    try:
        yield
    finally:
        handle.remove()


def make_ways(reasoner: LatentReasoner, *, batch: int, new_tokens: int) -> dict[str, Way]:
    """The ways by name; the first is the one that the others are compared with."""

    def everywhere(questions: Sequence[str]) -> list[list[int]]:
        with head_everywhere(reasoner):
            return answer(reasoner, questions, batch=batch, new_tokens=new_tokens)

    return {
        "batched, cached": lambda q: answer(reasoner, q, batch=batch, new_tokens=new_tokens),
        "one by one, cached": lambda q: answer(reasoner, q, batch=1, new_tokens=new_tokens),
        "one by one, uncached": lambda q: answer_uncached(reasoner, q, new_tokens=new_tokens),
        "batched, head everywhere": everywhere,
    }


def measure(
    ways: dict[str, Way], questions: Sequence[str], *, rounds: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Seconds of each way in each round, after one round that warms up and compares what they say."""
    expected = None
    for name, way in ways.items():
        said = way(questions)
        expected = said if expected is None else expected
        if said != expected:
            raise SystemExit(f"{name} says something else")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            started = clock()
            ways[name](questions)
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            seconds[name].append(clock() - started)
    return seconds


def as_table(seconds: dict[str, list[float]], *, title: str) -> Table:
    """Medians, and ratios to the first way within each round."""
    table = Table("way", "seconds", "times the first", "range", title=title)
    first = next(iter(seconds.values()))
    for name, times in seconds.items():
        ratios = [mine / base for mine, base in zip(times, first, strict=True)]
        table.add_row(name, f"{median(times):.3f}", f"{median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}")
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reasoner", help="directory or hub id; random weights of the sizes below if not given")
    parser.add_argument("--questions", type=int, default=64, help="generated ProsQA questions")
    parser.add_argument("--batch", type=int, default=32, help="questions a batch")
    parser.add_argument("--new-tokens", type=int, default=16, help="most tokens of an answer")
    parser.add_argument("--rounds", type=int, default=5, help="how often each way is timed")
    parser.add_argument("--hidden-size", type=int, default=128)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--latents", type=int, default=6)
    parser.add_argument("--vocabulary", type=int, default=50257, help="rows of the output head; GPT-2's by default")
    parser.add_argument("--cpu-time", action="store_true", help="count CPU seconds, which other processes disturb less")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    torch.manual_seed(0)
    if given.reasoner:
        reasoner = load_reasoner(given.reasoner)
    else:
        reasoner = random_reasoner(
            hidden_size=given.hidden_size, layers=given.layers, latents=given.latents, vocabulary=given.vocabulary
        )
    reasoner = reasoner.to(given.device).freeze()
    source = GeneratedProsQA(size=given.questions, split="evaluation")
    questions = [example.question for example in source]
    ways = make_ways(reasoner, batch=given.batch, new_tokens=given.new_tokens)
    with torch.no_grad():
        clock = time.process_time if given.cpu_time else time.perf_counter
        seconds = measure(ways, questions, rounds=given.rounds, clock=clock)
    width, rows = reasoner.hidden_size, reasoner.model.get_output_embeddings().weight.shape[0]
    title = (
        f"{given.questions} questions, batches of {given.batch}, {reasoner.num_latents} latents, at most "
        f"{given.new_tokens} tokens, width {width}, head of {rows} rows, {given.device}, "
        f"{torch.get_num_threads()} threads"
    )
    Console().print(as_table(seconds, title=title))


if __name__ == "__main__":
    main()
