"""Which questions do two files, or hub datasets, share?

    python benchmarks/question_overlap.py TRAIN EVAL --benchmark GSM8K

Questions are compared as `deduplicate` of the data module compares them.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from jsonargparse import auto_cli
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lightning_latent.cli.exits import exit_codes
from lightning_latent.data import Benchmark, Example
from lightning_latent.data.overlap import question_key
from lightning_latent.data.streaming.row_source import open_rows


class Overlap(NamedTuple):
    """The questions that two collections of examples share.

    Attributes:
        sizes: How many examples the two have.
        pairs: For each shared question, the ids under which it stands in the first and in the second.
    """

    sizes: tuple[int, int]
    pairs: list[tuple[list[str], list[str]]]

    def examples(self) -> tuple[int, int]:
        """How many examples of each collection hold a shared question; deduplication drops those of the first."""
        return sum(len(first) for first, _ in self.pairs), sum(len(second) for _, second in self.pairs)


def find_overlap(first: Iterable[Example], second: Iterable[Example]) -> Overlap:
    """Compare two collections of examples, question by question."""
    known: defaultdict[str, list[str]] = defaultdict(list)
    for example in second:
        known[question_key(example)].append(example.id)
    shared: defaultdict[str, list[str]] = defaultdict(list)
    total = 0
    for total, example in enumerate(first, start=1):  # noqa: B007 - the last number is the size
        if (key := question_key(example)) in known:
            shared[key].append(example.id)
    sizes = total, sum(map(len, known.values()))
    return Overlap(sizes, [(ids, known[key]) for key, ids in shared.items()])


def overlap_table(overlap: Overlap, names: tuple[str, str], *, show: int) -> Table:
    """Render an overlap: how much of each collection it is, and the first questions of it."""
    table = Table(title=f"{len(overlap.pairs):,} questions in both", box=box.SIMPLE_HEAD, show_edge=False)
    for name in ("", *names):
        table.add_column(escape(name), overflow="fold")
    counts = list(zip(overlap.examples(), overlap.sizes, strict=True))
    table.add_row("examples", *(f"{size:,}" for _, size in counts))
    shares = (f"{shared:,} ({100 * shared / max(size, 1):.1f} %)" for shared, size in counts)
    table.add_row("with a question in both", *shares, end_section=True)
    for number, ids in enumerate(overlap.pairs[:show]):
        table.add_row("ids" if number == 0 else "", *(escape("\n".join(found)) for found in ids))
    if len(overlap.pairs) > show:
        table.add_row("", "...", "...")
    return table


def report(
    train: str, evaluation: str, *, benchmark: Benchmark, evaluation_benchmark: Benchmark | None = None, show: int = 5
) -> None:
    """Print the questions that a training and an evaluation file, or hub dataset, share.

    Args:
        train: Training data, as `data.train` names it.
        evaluation: Evaluation data.
        benchmark: The adapter that reads them.
        evaluation_benchmark: The adapter that reads the evaluation data, if it is another benchmark's.
        show: How many shared questions to list.
    """
    first = open_rows(train, benchmark, default_split="train", streaming=True)
    second = open_rows(evaluation, evaluation_benchmark or benchmark, default_split="test", streaming=True)
    overlap = find_overlap(first, second)
    Console().print(overlap_table(overlap, (train, evaluation), show=show))


def main(args: list[str] | None = None) -> None:
    """Run the command."""
    with exit_codes():
        auto_cli(report, args=args, prog="python benchmarks/question_overlap.py")


if __name__ == "__main__":
    main()
