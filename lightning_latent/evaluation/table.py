"""A comparison rendered for people: as a console table, as Markdown, as CSV; and answers as Markdown."""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.comparison import nothing_changed

HEADERS = ("accuracy %", "gain, points", "fixed/broken", "p", "p, Holm", "tokens", "latents", "cost")
HINT = (
    "No answer changed: these latents may not matter to the reasoner at all. The controls show it: "
    "configs/methods/zero.yaml, configs/methods/other.yaml."
)


def cells(row: Mapping[str, Any]) -> list[str]:
    """A method's cells under `HEADERS`; those of the comparison are blank for the method compared with."""
    accuracy = f"{100 * row['accuracy']:.1f} {_interval(row['accuracy_ci95'], '.1f')}"
    paired = ["", "", "", ""]
    if "gain" in row:
        test = row["mcnemar"]
        gain = f"{100 * row['gain']:+.1f} {_interval(row['gain_ci95'], '+.1f')}"
        paired = [gain, f"{test['fixed']}/{test['broken']}", small(test["p"]), small(row["p_holm"])]
    cost = "" if row["cost"] is None else f"{row['cost']:.2f}"
    return [accuracy, *paired, f"{row['tokens_per_question']:.1f}", f"{row['latents_per_question']:.4g}", cost]


def small(p: float) -> str:
    """A p value to two digits; what is too small for a floating-point number is smaller than the smallest.

    >>> small(0.0123), small(0.0)
    ('0.012', '<1e-300')
    """
    return f"{p:.2g}" if p > 1e-300 else "<1e-300"


def note(comparison: Mapping[str, Any]) -> str:
    """What the table is of, and what to know when reading it."""
    sizes = ", ".join(map(str, comparison["batch_sizes"]))
    lines = [
        f"{comparison['benchmark']}, {comparison['split']}: {comparison['n']:,} questions, 95 % intervals. Gain, exact "
        f"McNemar p and cost (seconds a question) against {comparison['against']}; answered in batches of {sizes} on "
        f"{', '.join(comparison['devices'])}."
    ]
    if len(comparison["devices"]) > 1 or len(comparison["batch_sizes"]) > 1:
        lines.append("The runs differ in device or batch size, on which their costs depend.")
    for name, row in comparison["methods"].items():
        if row["fallbacks"]:
            lines.append(f"{name}: {row['fallbacks']:,} questions with non-finite latents were answered unrefined.")
        if row["no_answer"]:
            lines.append(f"{name}: {row['no_answer']:,} questions got no answer that can be read: wrong.")
    if nothing_changed(dict(comparison)):
        lines.append(HINT)
    return "\n".join(lines)


def console_table(comparison: Mapping[str, Any]) -> Table:
    """A comparison for the console."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for header in HEADERS:
        lines = header.replace(", ", ",\n").replace("/", "/\n")
        table.add_column(lines, justify="right", no_wrap=True)
    for name, row in comparison["methods"].items():
        table.add_row(escape(name), *map(escape, cells(row)))
    return table


def markdown_table(comparison: Mapping[str, Any]) -> str:
    """A comparison as a Markdown table, with what it is of below it."""
    lines = [["", *HEADERS], ["---", *["---:"] * len(HEADERS)]]
    lines += [[name, *cells(row)] for name, row in comparison["methods"].items()]
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"{table}\n\n{note(comparison)}\n"


def csv_table(comparison: Mapping[str, Any]) -> str:
    """A comparison's plain numbers as CSV, one method a line."""
    rows = []
    for name, row in comparison["methods"].items():
        flat = {"method": name, **row, **row.get("mcnemar", {})}
        for key in ("accuracy", "gain"):
            flat[f"{key}_low"], flat[f"{key}_high"] = row.get(f"{key}_ci95", ("", ""))
        rows.append({key: value for key, value in flat.items() if key != "mcnemar" and not key.endswith("_ci95")})
    text, columns = io.StringIO(), dict.fromkeys(key for row in rows for key in row)
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def answers_markdown(answers: Sequence[Answer], *, count: int) -> str:
    """Some answers as a Markdown table: wrong and right ones in turn."""
    wrong, right = ([a for a in answers if a.correct is verdict] for verdict in (False, True))
    shown = [a for a in chain.from_iterable(zip_longest(wrong, right)) if a is not None][:count]
    lines = [_line(["", "id", "question", "gold", "answer"]), _line(["---"] * 5)]
    for a in shown:
        lines.append(_line(["\u2713" if a.correct else "\u2717", a.id, a.question, a.gold, a.answer]))
    return "\n".join(lines)


def _interval(bounds: Sequence[float], form: str) -> str:
    low, high = (format(100 * bound, form) for bound in bounds)
    return f"[{low}, {high}]"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
