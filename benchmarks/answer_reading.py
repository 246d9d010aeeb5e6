"""How many of the gold rationales of the public files are read right?

    python benchmarks/answer_reading.py --data FOLDER

Every rationale (of GSM8K the solution) is read as if a model had written it, and judged against its own gold answer,
which is right, and against the other options of its question and another row's gold answer, which are wrong; an option
that says the same as the gold one is neither. Not every rationale says what the answer is. Which do is told by a rule
that knows nothing of the reader and looks at the last line alone: `answer_reading_names.py`.
"""

import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from answer_reading_names import NAMES, how_named, same_text
from jsonargparse import auto_cli
from rich import box
from rich.console import Console
from rich.table import Table

from lightning_latent.cli.exits import exit_codes
from lightning_latent.data import GSM8K, AquaRat, Benchmark, MathQA
from lightning_latent.data.benchmark import Fields
from lightning_latent.data.example import Example
from lightning_latent.data.streaming.row_source import open_rows

FILES: list[tuple[Benchmark, str]] = [
    (GSM8K(), "gsm8k/train.jsonl.gz"),
    (GSM8K(), "gsm8k/test.jsonl"),
    (AquaRat(), "aqua_rat/dev.json"),
    (AquaRat(), "aqua_rat/test.json"),
    (AquaRat(), "aqua_rat/train_flan_subset.tsv"),
    (MathQA(), "mathqa/dev.json.gz"),
    (MathQA(), "mathqa/test.json.gz"),
    (MathQA(), "mathqa/train_gain.jsonl.gz"),
]
_NUMBER = re.compile(r"\d+(?:[.,/]\d+)*")


class Rationale(NamedTuple):
    """A rationale as it stands in the file, and the example of its row."""

    text: str
    example: Example


class Count(NamedTuple):
    """What came of a file's rationales: of `wrong` ones another answer was read, of `none` none.

    `options` are wrong options of the same question, `others` gold answers of other rows: accepted, of how many.
    """

    named: str
    right: int
    wrong: int
    none: int
    options: tuple[int, int]
    others: tuple[int, int]


def keeping_rows(benchmark: Benchmark, rows: list[Fields]) -> Benchmark:
    """A benchmark that keeps the rows that it parses, for the rationale as it stands there."""
    parse = benchmark.parse

    def kept(row: Fields, *, index: int) -> Example:
        rows.append(row)
        return parse(row, index=index)

    benchmark.parse = kept  # type: ignore[method-assign]
    return benchmark


def rationales(benchmark: Benchmark, path: Path) -> list[Rationale]:
    """The rationales of a file."""
    rows: list[Fields] = []
    examples = list(open_rows(str(path), keeping_rows(type(benchmark)(), rows), default_split="test", streaming=True))
    return [Rationale(written(row), example) for row, example in zip(rows, examples, strict=True)]


def written(row: Fields) -> str:
    """The rationale of a row, whatever its field is called."""
    if "text" in row:
        return str(row["text"]).split("\t")[2].replace("\\n", "\n")
    return str(next(row[key] for key in ("Rationale", "rationale", "Explanation", "answer") if key in row))


def differs(gold: str, example: Example) -> bool:
    """Whether another row's gold answer is another answer: its numbers differ, and its letter too, if it has one."""
    if not example.options:
        return _NUMBER.findall(gold) != _NUMBER.findall(example.answer)
    return gold[0] != example.answer[0] and _NUMBER.findall(gold[2:]) != _NUMBER.findall(example.answer[2:])


def counts(benchmark: Benchmark, found: list[Rationale], *, seed: int) -> Iterator[Count]:
    """Read and judge the rationales of a file, by the way in which they name the answer."""
    rng = random.Random(seed)
    golds = [rationale.example.answer for rationale in found]
    tally: Counter[tuple[str, str]] = Counter()
    for text, example in found:
        named, prediction = how_named(text, example), benchmark.extract(text)
        right = benchmark.matches(prediction, example.answer)
        tally[named, "right" if right else "wrong" if prediction else "none"] += 1
        for option in example.options:
            if not same_text(option, example.answer):
                tally[named, "options"] += 1
                tally[named, "option"] += benchmark.matches(prediction, option)
        if differs(other := rng.choice(golds), example):
            tally[named, "others"] += 1
            tally[named, "other"] += benchmark.matches(prediction, other)
    for named in NAMES:
        of = {key: tally[named, key] for key in ("right", "wrong", "none", "option", "options", "other", "others")}
        if of["right"] + of["wrong"] + of["none"]:
            yield Count(
                named, of["right"], of["wrong"], of["none"], (of["option"], of["options"]), (of["other"], of["others"])
            )


def report(*, data: str | None = None, seed: int = 0) -> None:
    """Print how the gold rationales are read.

    Args:
        data: The folder of the benchmarks' official files; the environment variable LATENT_DATA by default.
        seed: Which other row's gold answer each rationale is judged against.
    """
    folder = Path(data or os.environ.get("LATENT_DATA", "data"))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("file")
    for name in ("names it", "rationales", "right", "%", "wrong", "none", "other options", "other rows"):
        table.add_column(name, justify="left" if name == "names it" else "right")
    for benchmark, file in FILES:
        for count in counts(benchmark, rationales(benchmark, folder / file), seed=seed):
            total = count.right + count.wrong + count.none
            cells = [count.named, f"{total:,}", f"{count.right:,}", f"{100 * count.right / total:.2f}"]
            cells += [str(count.wrong), str(count.none)]
            cells += [f"{accepted}/{of:,}" for accepted, of in (count.options, count.others)]
            table.add_row(file, *cells)
    Console(width=130).print(table)


def main(args: list[str] | None = None) -> None:
    """Run the command."""
    with exit_codes():
        auto_cli(report, args=args, prog="python benchmarks/answer_reading.py")


if __name__ == "__main__":
    main()
