"""A comparison rendered: console, Markdown, CSV, picture."""

import csv
import io
import re
from pathlib import Path

from matplotlib import image, pyplot
from rich.console import Console

from lightning_latent.evaluation import compare
from lightning_latent.evaluation.figure import draw_comparison
from lightning_latent.evaluation.table import HINT, answers_markdown, console_table, csv_table, markdown_table, note
from tests.evaluation.runs import make_run

#                                       both        fixed   broken neither
PLAIN = make_run("Coconut", "x" * 245 + "." * 12 + "xxx" + "." * 40, seconds=0.5)
MAP = make_run("map|8 [a]", "x" * 245 + "x" * 12 + "..." + "." * 40, seconds=0.75)
ZERO = make_run("zero", "x" * 245 + "." * 12 + "xxx" + "." * 40, seconds=0.25)
COMPARISON = compare([PLAIN, MAP, ZERO])


def test_console_shows_percent_points_and_counts() -> None:
    console = Console(width=120, force_terminal=False)
    with console.capture() as capture:
        console.print(console_table(COMPARISON))
    plain, learned, zero = (line.split() for line in capture.get().splitlines()[-3:])
    assert plain == ["Coconut", "82.7", "[78.0,", "86.5]", "3.0", "6", "1.00"]
    # Gain interval: (13 - 4) / 302 +- 1.95996 sqrt((17 / 302 - (9 / 302)^2) / 302).
    gain = ["+3.0", "[+0.3,", "+5.6]", "12/3", "0.035", "0.07"]
    assert learned == ["map|8", "[a]", "85.7", "[81.2,", "89.2]", *gain, "3.0", "6", "1.50"]
    assert zero[4:] == ["+0.0", "[-0.9,", "+0.9]", "0/0", "1", "1", "3.0", "6", "0.50"]


def test_console_may_show_the_part_of_errors_removed() -> None:
    console = Console(width=130, force_terminal=False)
    with console.capture() as capture:
        console.print(console_table(COMPARISON, errors=True))
    plain, learned, zero = (line.split() for line in capture.get().splitlines()[-3:])
    # Of 52 errors, 12 were fixed and 3 made anew.
    assert (plain[-1], learned[-2:], zero[-1]) == ("1.00", ["1.50", "17.3"], "0.0")


def test_markdown_has_a_line_a_method_and_says_what_it_is_of() -> None:
    table, _, said = markdown_table(COMPARISON).partition("\n\n")
    lines = table.splitlines()
    assert len(lines) == 5
    assert lines[2] == "| Coconut | 82.7 [78.0, 86.5] |  |  |  |  | 3.0 | 6 | 1.00 |"
    assert lines[3].startswith("| map\\|8 [a] | 85.7 [81.2, 89.2] | +3.0 [+0.3, +5.6] | 12/3 | 0.035 | 0.07 |")
    assert said == note(COMPARISON) + "\n"
    assert said.startswith("prosqa, test: 300 questions, 95 % intervals.") and "against Coconut" in said


def test_note_says_what_a_reader_must_know() -> None:
    lost = make_run("map", "x!!", batch_size=8)
    text = note(compare([make_run("Coconut", "x.."), lost]))
    assert "map: 2 questions with non-finite latents were answered unrefined." in text
    assert "on which their costs depend" in text
    assert HINT in text
    assert HINT not in note(COMPARISON) and "cannot be compared" not in note(COMPARISON)


def test_published_judgement_has_a_column_where_it_differs() -> None:
    plain, learned = make_run("Coconut", "xx..", reference="x..."), make_run("map", "xxx.", reference="xxx.")
    chosen = make_run("views", "xxxx")
    comparison = compare([plain, learned, chosen])
    lines = markdown_table(comparison).splitlines()
    assert lines[0].startswith("|  | accuracy % | by reference, % | gain, points |")
    assert [line.split(" | ")[2] for line in lines[2:5]] == ["25.0", "75.0", ""]
    assert "the text after the last #" in note(comparison)
    same = compare([make_run("Coconut", "xx..", reference="xx..")])
    assert "by reference" not in markdown_table(same) and "by reference" not in note(same)


def test_csv_has_the_plain_numbers() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_table(COMPARISON))))
    assert [row["method"] for row in rows] == ["Coconut", "map|8 [a]", "zero"]
    learned = COMPARISON["methods"]["map|8 [a]"]
    assert float(rows[1]["gain"]) == learned["gain"] and float(rows[1]["gain_low"]) == learned["gain_ci95"][0]
    assert (rows[1]["fixed"], rows[1]["broken"], float(rows[1]["p_holm"])) == ("12", "3", learned["p_holm"])
    assert (rows[0]["gain"], rows[0]["p"], rows[0]["cost"]) == ("", "", "1.0")


def test_picture_is_drawn_and_not_kept(tmp_path: Path) -> None:
    draw_comparison(COMPARISON, tmp_path / "comparison.png")
    height, width, _ = image.imread(tmp_path / "comparison.png").shape
    assert width > height > 300
    assert [path.name for path in tmp_path.iterdir()] == ["comparison.png"]
    assert pyplot.get_fignums() == []


def test_some_answers_are_shown_wrong_and_right_ones_in_turn() -> None:
    lines = answers_markdown(make_run("map", "xxx..x").answers, count=5).split("\n")
    assert [re.search(r"\((q\d)\)", line)[1] for line in lines] == ["q3", "q0", "q4", "q1", "q2"]
    assert lines[0] == "- \u2717 **b**; gold: a (q3) What \\| is 3?"


def test_an_answer_that_is_not_judged_has_no_mark() -> None:
    answer = make_run("map", "x").answers[0]._replace(gold=None, correct=None, answer="")
    assert answers_markdown([answer], count=5) == "- **no answer** (q0) What \\| is 0?"
