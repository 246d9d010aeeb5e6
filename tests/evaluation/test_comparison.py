"""Any number of runs in one comparison."""

import json

import pytest
from scipy.stats import binomtest

from lightning_latent.errors import UserError
from lightning_latent.evaluation import compare
from lightning_latent.evaluation.comparison import nothing_changed
from lightning_latent.evaluation.paired import paired_gain_ci
from tests.evaluation.runs import make_run

PLAIN = make_run("Coconut", "xxxx........", seconds=0.5)
BETTER = make_run("map", "xxx.xxxxx...", seconds=0.75, tokens=4)
WORSE = make_run("random", "..xx!.......", seconds=0.25)


def test_counts_by_hand() -> None:
    result = compare([BETTER, PLAIN, WORSE])
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert (result["benchmark"], result["split"], result["n"], result["against"]) == ("prosqa", "test", 12, "Coconut")
    assert list(result["methods"]) == ["map", "Coconut", "random"]
    better, plain, worse = result["methods"].values()
    assert (plain["run"], plain["correct"], plain["accuracy"], plain["cost"]) == ("runs/Coconut", 4, 4 / 12, 1.0)
    interval = binomtest(4, 12).proportion_ci(method="wilson")
    assert plain["accuracy_ci95"] == pytest.approx([interval.low, interval.high])
    assert "gain" not in plain
    assert better["gain"] == pytest.approx(4 / 12)
    assert better["gain_ci95"] == list(paired_gain_ci(5, 1, 12))
    assert better["mcnemar"] == {"fixed": 5, "broken": 1, "p": pytest.approx(binomtest(5, 6).pvalue)}
    assert (better["cost"], better["tokens_per_question"], better["latents_per_question"]) == (1.5, 4, 6)
    assert (worse["cost"], worse["fallbacks"], worse["answers_changed"]) == (0.5, 1, 2)
    assert better["answers_changed"] == 6
    # Two tests: the smaller p value counts twice, the other is no smaller.
    assert better["p_holm"] == pytest.approx(2 * better["mcnemar"]["p"])
    assert worse["p_holm"] == max(better["p_holm"], worse["mcnemar"]["p"])


def test_what_is_compared_with() -> None:
    runs = [WORSE, PLAIN, BETTER]
    assert compare(runs)["against"] == "Coconut"
    assert compare([BETTER, WORSE])["against"] == "map"
    assert compare(runs, against="random")["against"] == "random"
    assert compare(runs, against="runs/map")["against"] == "map"
    with pytest.raises(UserError, match="--against other: no run of that method; there is random, Coconut, map"):
        compare(runs, against="other")


def test_runs_of_one_method_are_told_apart_by_their_folders() -> None:
    again = make_run("map", "x" * 12, path="runs/seed1")
    result = compare([BETTER, again], against="runs/seed1")
    assert list(result["methods"]) == ["map (runs/map)", "map (runs/seed1)"]
    assert result["against"] == "map (runs/seed1)"
    with pytest.raises(UserError, match="runs/map is named 2 times; name each run once"):
        compare([BETTER, PLAIN, BETTER])


def test_one_run_is_a_table_too() -> None:
    result = compare([PLAIN])
    assert list(result["methods"]) == ["Coconut"] and not nothing_changed(result)


def test_that_nothing_changed_is_noticed() -> None:
    same = PLAIN._replace(path="runs/zero", about={**PLAIN.about, "method": "zero"})
    assert nothing_changed(compare([PLAIN, same]))
    assert not nothing_changed(compare([PLAIN, same, BETTER]))
    answers = [*PLAIN.answers[:-1], PLAIN.answers[-1]._replace(answer="c")]  # wrong otherwise
    assert not nothing_changed(compare([PLAIN, same._replace(answers=answers)]))


def test_other_questions_are_refused_and_named() -> None:
    answers = [answer._replace(question="Else?") if answer.id in ("q2", "q10") else answer for answer in PLAIN.answers]
    answers = [answer._replace(gold="c") if answer.id == "q3" else answer for answer in answers]
    extra = answers[0]._replace(id="q99")
    other = BETTER._replace(answers=[*answers[1:], extra])
    with pytest.raises(UserError) as raised:
        compare([PLAIN, WORSE, other])
    assert str(raised.value) == (
        "runs/Coconut and runs/map answer different questions: 1 only in runs/Coconut (first q0), 1 only in runs/map "
        "(first q99), 2 asked otherwise (first q2), 1 with another gold answer (first q3); compare runs of the same "
        "data and split"
    )


def test_what_cannot_be_timed_has_no_cost() -> None:
    timeless = make_run("Coconut", "xx", seconds=0.0)
    assert compare([timeless, make_run("map", "x.")])["methods"]["map"]["cost"] is None


def test_devices_and_batch_sizes_are_listed() -> None:
    result = compare([PLAIN, BETTER._replace(about={**BETTER.about, "device": "GPU", "batch_size": 2})])
    assert (result["devices"], result["batch_sizes"]) == (["GPU", "cpu"], [2, 4])
