"""Tables on the console, and where what is made of several runs goes."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table


def width(table: Table) -> int:
    """Columns of the console that a table needs."""
    console = Console()
    return Measurement.get(console, console.options.update(max_width=1000), table).maximum


def show(table: Table, note: str) -> None:
    """Print a table, whole even where the output is narrow or a file: no number is cut short; and a note below it."""
    console = Console()
    if (needed := width(table)) > console.width:
        console = Console(width=needed)
    console.print(table)
    console.print(note, markup=False, highlight=False)


def common_folder(paths: Sequence[Path]) -> Path:
    """The deepest folder that all are in; of a single one itself."""
    return Path(os.path.commonpath([os.path.normpath(path) for path in paths]))
