"""Peak memory of one training epoch over files of growing length, streamed and mapped into memory.

    python benchmarks/streaming_memory.py [--rows 10000 100000 1000000] [--suffix .jsonl.gz] [--mapped]

Each measurement runs in a process of its own, since a process's peak only grows. `start MB` is the process with
everything imported and nothing read; `peak` is after an epoch in shuffled order with one question a row. Of a mapped
file, it holds as much as the system keeps in memory.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from rich import box
from rich.console import Console
from rich.table import Table


def write_rows(path: Path, count: int) -> None:
    """Write questions in GSM8K's schema, compressed as the suffix says."""
    with pa.output_stream(path, compression="detect") as file:
        for row in rows(count):
            file.write(json.dumps(row).encode() + b"\n")


def rows(count: int) -> Iterator[dict[str, str]]:
    """Questions that differ in their numbers."""
    for n in range(count):
        question = (
            f"A mill grinds {n} sacks a day and sells {n // 3} of them. How many are left after {n % 7 + 2} days?"
        )
        left = n - n // 3
        answer = f"A day leaves {n}-{n // 3} = <<{n}-{n // 3}={left}>>{left} sacks.\n#### {left * (n % 7 + 2)}"
        yield {"question": question, "answer": answer}


def measure(path: str, *, streaming: bool) -> dict[str, float]:
    """Read one epoch and report the CPU seconds, the examples and the peak of resident memory in MB."""
    from lightning_latent.data import GSM8K, LatentDataModule

    baseline = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    data = LatentDataModule(benchmark=GSM8K(), train=path, streaming=streaming)
    examples = sum(len(batch) for batch in data.train_dataloader())
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"examples": examples, "seconds": seconds, "baseline": baseline, "peak": peak}


def measure_apart(path: Path, *, streaming: bool) -> dict[str, float]:
    """Measure in a new process."""
    command = [sys.executable, __file__, "--one", str(path), *([] if streaming else ["--mapped"])]
    surroundings = {**os.environ, "HF_DATASETS_CACHE": str(path.parent / "cache")}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=surroundings)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print one line a file length."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--suffix", default=".jsonl", choices=[".jsonl", ".jsonl.gz", ".jsonl.zst"])
    parser.add_argument("--mapped", action="store_true", help="measure the same with streaming: false as well")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, streaming=not arguments.mapped)))
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for header in ("rows", "file MB", "read", "start MB", "peak MB", "growth", "CPU s", "rows/s"):
        table.add_column(header, justify="right", no_wrap=True)
    with tempfile.TemporaryDirectory() as folder:
        for count in arguments.rows:
            path = Path(folder, f"rows{arguments.suffix}")
            write_rows(path, count)
            for streaming in (True, False) if arguments.mapped else (True,):
                found = measure_apart(path, streaming=streaming)
                assert found["examples"] == count
                numbers = found["baseline"], found["peak"], found["peak"] - found["baseline"], found["seconds"]
                table.add_row(
                    f"{count:,}",
                    f"{path.stat().st_size / 1e6:.0f}",
                    "streamed" if streaming else "mapped",
                    *(f"{number:.0f}" for number in numbers),
                    f"{count / found['seconds']:,.0f}",
                )
    Console().print(table)


if __name__ == "__main__":
    main()
