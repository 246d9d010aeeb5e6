"""A comparison rendered for people: as a console table, as Markdown, as CSV; and answers as Markdown."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.comparison import nothing_changed
from lightning_latent.evaluation.grid import words

HEADERS = ("accuracy %", "gain, points", "fixed/broken", "p", "p, Holm", "tokens", "latents", "cost")
ERRORS = "errors, removed %"
REFERENCE = "by reference, %"
_MARKS = {True: "\u2713", False: "\u2717", None: ""}
HINT = (
    "No answer changed: these latents may not matter to the reasoner at all. The controls show it: "
    "configs/methods/zero.yaml, configs/methods/other.yaml."
)


def headers(comparison: Mapping[str, Any]) -> list[str]:
    """The columns of a comparison: with the accuracy by the reference's judgement where that differs for a method."""
    first, *others = HEADERS
    return [first, REFERENCE, *others] if judged_otherwise(comparison) else [first, *others]


def judged_otherwise(comparison: Mapping[str, Any]) -> bool:
    """Whether the benchmark's reference repository counts other answers of a method as right."""
    rows = comparison["methods"].values()
    return any(row["reference_accuracy"] not in (None, row["accuracy"]) for row in rows)


def cells(row: Mapping[str, Any], *, reference: bool = False) -> list[str]:
    """A method's cells under `headers`; those of the comparison are blank for the method compared with."""
    accuracy = f"{100 * row['accuracy']:.1f} {interval(row['accuracy_ci95'], '.1f')}"
    paired = ["", "", "", ""]
    if "gain" in row:
        test = row["mcnemar"]
        gain = f"{100 * row['gain']:+.1f} {interval(row['gain_ci95'], '+.1f')}"
        paired = [gain, f"{test['fixed']}/{test['broken']}", small(test["p"]), small(row["p_holm"])]
    cost = "" if row["cost"] is None else f"{row['cost']:.2f}"
    other = [percent(row["reference_accuracy"])] if reference else []
    return [accuracy, *other, *paired, f"{row['tokens_per_question']:.1f}", f"{row['latents_per_question']:.4g}", cost]


def percent(fraction: float | None) -> str:
    """A fraction in per cent; nothing for none.

    >>> percent(0.9012), percent(None)
    ('90.1', '')
    """
    return "" if fraction is None else f"{100 * fraction:.1f}"


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
        if chosen := row.get("chosen"):
            lines.append(
                f"{name}: {words(chosen['settings'])} chosen among {chosen['tried']} settings, {chosen['rule']}, on "
                f"{chosen['n']:,} validation questions ({100 * chosen['accuracy']:.1f} %)."
            )
        if row["no_answer"]:
            lines.append(f"{name}: {row['no_answer']:,} questions got no answer that can be read: wrong.")
    if judged_otherwise(comparison):
        lines.append(
            f'"{REFERENCE}" is what the repository of the published figures counts as right: the text after the last '
            "#, commas removed, compared as strings. Gain and p are of our accuracy."
        )
    if nothing_changed(dict(comparison)):
        lines.append(HINT)
    return "\n".join(lines)


def console_table(comparison: Mapping[str, Any], *, errors: bool = False) -> Table:
    """A comparison for the console, with the part of errors removed as the last column where it is asked for."""
    names, reference = headers(comparison), judged_otherwise(comparison)
    rows = {name: cells(row, reference=reference) for name, row in comparison["methods"].items()}
    if errors:
        names = [*names, ERRORS]
        rows = {name: [*rows[name], percent(row.get("errors_removed"))] for name, row in comparison["methods"].items()}
    return console_rows(names, rows)


def console_rows(headers: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Table:
    """Rows of cells, by name, for the console; headers are broken where they have a comma or a slash."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for header in headers:
        lines = header.replace(", ", ",\n").replace("/", "/\n")
        table.add_column(lines, justify="right", no_wrap=True)
    for name, row in rows.items():
        table.add_row(escape(name), *map(escape, row))
    return table


def markdown_table(comparison: Mapping[str, Any]) -> str:
    """A comparison as a Markdown table, with what it is of below it."""
    reference = judged_otherwise(comparison)
    rows = {name: cells(row, reference=reference) for name, row in comparison["methods"].items()}
    return f"{markdown_rows(headers(comparison), rows)}\n\n{note(comparison)}\n"


def markdown_rows(headers: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    """Rows of cells, by name, as a Markdown table."""
    lines = [["", *headers], ["---", *["---:"] * len(headers)], *([name, *row] for name, row in rows.items())]
    return "\n".join(_line(line) for line in lines)


def csv_table(comparison: Mapping[str, Any]) -> str:
    """A comparison's plain numbers as CSV, one method a line."""
    return csv_rows([{"method": name, **flat(row)} for name, row in comparison["methods"].items()])


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A method's plain numbers and strings, intervals as two of them."""
    values = {**row, **row.get("mcnemar", {})}
    for key in ("accuracy", "gain"):
        values[f"{key}_low"], values[f"{key}_high"] = row.get(f"{key}_ci95", ("", ""))
    return {key: value for key, value in values.items() if not isinstance(value, dict | list)}


def csv_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of values, by column, as CSV."""
    text, columns = io.StringIO(), dict.fromkeys(key for row in rows for key in row)
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def answers_markdown(answers: Sequence[Answer], *, count: int) -> str:
    """Some answers as a Markdown list: wrong and right ones in turn, then those that are not judged."""
    wrong, right, open_ = ([a for a in answers if a.correct is verdict] for verdict in (False, True, None))
    shown = [a for a in (*chain.from_iterable(zip_longest(wrong, right)), *open_) if a is not None][:count]
    lines = []
    for a in shown:  # no table: TensorBoard makes its columns narrower than a word
        gold = "" if a.gold is None else f"; gold: {_plain(a.gold)}"
        said = f"{_MARKS[a.correct]} **{_plain(a.answer) or 'no answer'}**{gold}".strip()
        lines.append(f"- {said} ({_plain(a.id)}) {_plain(a.question)}")
    return "\n".join(lines)


def interval(bounds: Sequence[float], form: str) -> str:
    """Bounds, fractions of one, in percent, each in a form such as `+.1f`."""
    low, high = (format(100 * bound, form) for bound in bounds)
    return f"[{low}, {high}]"


def _plain(text: str) -> str:
    """Text on one line that is not read as Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(text.split()))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
