"""Comparisons of several reasoners, put together, rendered for people: console, Markdown, CSV."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from lightning_latent.evaluation.table import (
    console_rows,
    csv_rows,
    interval,
    markdown_rows,
    percent,
    small,
)

HEADERS = ("accuracy %", "gain, points", "least to, greatest", "fixed/broken", "p, Holm", "errors, removed %", "cost")


def seeds_cells(row: Mapping[str, Any]) -> list[str]:
    """A method's cells under `HEADERS`; those of the comparison are blank for the method compared with."""
    paired = [""] * 5
    if "gain" in row:
        paired = [
            f"{100 * row['gain']:+.1f} {interval(row['gain_ci95'], '+.1f')}",
            f"{100 * min(row['gains']):+.1f} to {100 * max(row['gains']):+.1f}",
            f"{row['fixed']}/{row['broken']}",
            small(row["p_holm"]),
            percent(row["errors_removed"]),
        ]
    return [f"{100 * row['accuracy']:.1f}", *paired, "" if row["cost"] is None else f"{row['cost']:.2f}"]


def seeds_note(seeds: Mapping[str, Any]) -> str:
    """What the table is of, and what to know when reading it."""
    count = len(seeds["comparisons"])
    lines = [
        f"{seeds['benchmark']}, {seeds['split']}: {seeds['n']:,} questions to each of {count} reasoners, means over "
        f"them. Gain against {seeds['against']} with Student's 95 % interval over reasoners; fixed and broken summed, "
        "and the exact McNemar p of the sums."
    ]
    lines += [
        f"{name} is left out: in {there} of {count} comparisons only." for name, there in seeds["left_out"].items()
    ]
    return "\n".join(lines)


def seeds_console(seeds: Mapping[str, Any]) -> Table:
    """The table for the console."""
    return console_rows(HEADERS, {name: seeds_cells(row) for name, row in seeds["methods"].items()})


def seeds_markdown(seeds: Mapping[str, Any]) -> str:
    """The table in Markdown, with what it is of below it."""
    rows = {name: seeds_cells(row) for name, row in seeds["methods"].items()}
    return f"{markdown_rows(HEADERS, rows)}\n\n{seeds_note(seeds)}\n"


def seeds_csv(seeds: Mapping[str, Any]) -> str:
    """The plain numbers as CSV, one method a line, what each reasoner gave in columns of its own."""
    rows = []
    for name, row in seeds["methods"].items():
        flat = {key: value for key, value in row.items() if not isinstance(value, list)}
        flat["gain_low"], flat["gain_high"] = row.get("gain_ci95", ("", ""))
        for key, values in (("accuracy", row["accuracies"]), ("gain", row.get("gains", ()))):
            flat |= {f"{key}_{number}": value for number, value in enumerate(values, start=1)}
        rows.append({"method": name, **flat})
    return csv_rows(rows)
