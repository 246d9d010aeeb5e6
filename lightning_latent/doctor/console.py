"""A report on the console."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table

from lightning_latent.doctor.telling import Section, sections
from lightning_latent.doctor.verdict import headline

_WIDTH = 100  # of text; tables take what they need, so that no number is cut short


def print_report(report: Mapping[str, Any], console: Console | None = None) -> None:
    """Print examinations and verdict, whole even where the output is narrow or a file."""
    console = console or Console()
    tables = [_table(section) for section in sections(report)]
    needed = max(Measurement.get(console, console.options.update(max_width=1000), table).maximum for table in tables)
    if needed > console.width:
        console = Console(file=console.file, width=needed)
    for section, table in zip(sections(report), tables, strict=True):
        console.print(f"\n[bold]{escape(section.title)}[/bold]")
        for line in section.lines:
            console.print(escape(line), width=min(_WIDTH, console.width), highlight=False)
        if section.rows:
            console.print(table)
    console.print()
    reasons = "\n".join(f"- {reason}" for reason in report["verdict"]["reasons"])
    console.print(Panel(escape(f"{headline(report)}\n\n{reasons}"), title="verdict", width=min(_WIDTH, console.width)))


def _table(section: Section) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for number, name in enumerate(section.header):
        table.add_column(escape(_folded(name)), justify="left" if number == 0 else "right", no_wrap=True)
    for row in section.rows:
        table.add_row(*map(escape, row))
    return table


def _folded(name: str) -> str:
    """A long heading on lines of about fifteen characters."""
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) > 15:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
