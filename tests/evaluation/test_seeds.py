"""Several reasoners' comparisons put together, against scipy and counts by hand."""

import csv
import io
import json
from typing import Any

import pytest
from rich.console import Console
from scipy.stats import binomtest, ttest_1samp

from lightning_latent.errors import UserError
from lightning_latent.evaluation import compare
from lightning_latent.evaluation.seeds import combine_seeds, mean_ci
from lightning_latent.evaluation.seeds_table import seeds_console, seeds_csv, seeds_markdown, seeds_note
from tests.evaluation.runs import make_run

RIGHT = {
    # Coconut, map, random: which of ten questions each seed's reasoner answers right.
    "a": ("xxxxxx....", "xxxxxxxx..", "xxxxx.x..."),
    "b": ("xxxxx.....", "xxxx.xxxx.", "xxxxx....."),
    "c": ("xxxxxxx...", "xxxxxxx.x.", "xxxxxxx..."),
}


def comparison(seed: str, *, extra: str | None = None, n: int = 10, **about: Any) -> dict[str, Any]:
    names, seconds = ("Coconut", "map", "random"), (1.0, 2.0, 3.0 + ord(seed) - ord("a"))
    runs = [
        make_run(name, right[:n], seconds=taken, **about)
        for name, right, taken in zip(names, RIGHT[seed], seconds, strict=True)
    ]
    return compare([*runs, *([] if extra is None else [make_run(extra, "x" * n)])])


SEEDS = combine_seeds({seed: comparison(seed, extra="once" if seed == "b" else None) for seed in RIGHT})


def test_means_and_sums_are_those_by_hand() -> None:
    assert json.loads(json.dumps(SEEDS, allow_nan=False)) == SEEDS
    assert (SEEDS["n"], SEEDS["against"], SEEDS["comparisons"]) == (10, "Coconut", ["a", "b", "c"])
    plain, learned, random = SEEDS["methods"].values()
    assert plain["accuracy"] == pytest.approx(0.6) and "gain" not in plain
    assert learned["gains"] == pytest.approx([0.2, 0.3, 0.1]) and learned["gain"] == pytest.approx(0.2)
    assert (learned["fixed"], learned["broken"], learned["p"]) == (7, 1, binomtest(7, 8).pvalue)
    assert learned["errors_removed"] == pytest.approx(6 / 12)
    assert learned["p_holm"] == pytest.approx(2 * learned["p"]) and random["p_holm"] == 1.0
    assert (learned["cost"], random["cost"]) == (pytest.approx(2.0), pytest.approx(4.0))


def test_the_interval_is_that_of_scipys_t_test() -> None:
    interval = ttest_1samp([0.2, 0.3, 0.1], 0).confidence_interval(0.95)
    assert SEEDS["methods"]["map"]["gain_ci95"] == pytest.approx([interval.low, interval.high])
    values = [0.31, -0.2, 0.05, 0.4]
    interval = ttest_1samp(values, 0).confidence_interval(0.9)
    assert mean_ci(values, confidence=0.9) == pytest.approx((interval.low, interval.high))


def test_methods_that_are_not_in_all_are_named() -> None:
    assert "once" not in SEEDS["methods"] and SEEDS["left_out"] == {"once": 1}
    assert "once is left out: in 1 of 3 comparisons only." in seeds_note(SEEDS)


def test_what_cannot_go_together_is_refused() -> None:
    with pytest.raises(UserError, match="at least two reasoners"):
        combine_seeds({"a": comparison("a")})
    for other, words in [
        (comparison("b", n=9), r"differ in n \(10 and 9\)"),
        (comparison("b", split="validation"), r"differ in split \(test and validation\)"),
        ({**comparison("b"), "against": "map"}, r"differ in against \(Coconut and map\)"),
    ]:
        with pytest.raises(UserError, match=f"^x and y {words}"):
            combine_seeds({"x": comparison("a"), "y": other})


def test_tables_have_a_line_a_method() -> None:
    console = Console(width=130, force_terminal=False)
    with console.capture() as capture:
        console.print(seeds_console(SEEDS))
    plain, learned, _ = capture.get().splitlines()[-3:]
    assert plain.split() == ["Coconut", "60.0", "1.00"]
    cells = ["map", "80.0", "+20.0", "[-4.8,", "+44.8]", "+10.0", "to", "+30.0", "7/1", "0.14", "50.0", "2.00"]
    assert learned.split() == cells
    assert "| map | 80.0 | +20.0 [-4.8, +44.8] | +10.0 to +30.0 | 7/1 | 0.14 | 50.0 | 2.00 |" in seeds_markdown(SEEDS)
    rows = list(csv.DictReader(io.StringIO(seeds_csv(SEEDS))))
    assert [row["method"] for row in rows] == ["Coconut", "map", "random"]
    assert float(rows[1]["gain_2"]) == pytest.approx(0.3) and rows[0]["gain"] == ""


def test_without_errors_none_can_be_removed() -> None:
    perfect = compare([make_run("Coconut", "xx"), make_run("map", "x.")])
    seeds = combine_seeds({"a": perfect, "b": perfect})
    assert seeds["methods"]["map"]["errors_removed"] is None
    assert seeds["methods"]["map"]["gain_ci95"] == [-0.5, -0.5]
