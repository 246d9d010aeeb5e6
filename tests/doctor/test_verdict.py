"""What follows from which numbers."""

from typing import Any

import pytest

from lightning_latent.doctor.effects import share
from lightning_latent.doctor.verdict import THRESHOLD, cost_interval, costs, headline, judge, planned_questions
from lightning_latent.evaluation.paired import contrast, paired_gain_ci


def cost_of(broken: int, fixed: int, n: int = 1000, *, changed: int = 0) -> dict[str, Any]:
    """An effect that breaks and fixes so many answers of n, 800 of which were right."""
    before = [True] * 800 + [False] * (n - 800)
    after = [False] * broken + [True] * (800 - broken) + [True] * fixed + [False] * (n - 800 - fixed)
    return {
        "accuracy": share(after),
        **contrast(before, after),
        "changed": share([True] * (changed or broken + fixed) + [False] * (n - (changed or broken + fixed))),
    }


def tried(*, rescued: int, lost: int, gained: int = 0) -> dict[str, Any]:
    """Tries of which the first rescues so many of 200 wrong answers and loses so many of 800 right ones."""
    once = {
        "rescued": share([True] * rescued + [False] * (200 - rescued)),
        "lost": share([True] * lost + [False] * (800 - lost)),
    }
    return {"tries": 4, "rescued": once["rescued"], "once": once, "vote": cost_of(0, gained)}


def report(**changes: Any) -> dict[str, Any]:
    """Numbers of a reasoner with 80 % right answers whose latents cost nothing whatever becomes of them."""
    nothing = cost_of(0, 0)
    parts: dict[str, Any] = {
        "n": 1000,
        "options": True,
        "chance": 0.5,
        "own": share([True] * 800 + [False] * 200),
        "soundness": {"sound": True, "gold_loss": 0.1, "guessing_loss": 5.0, "well_formed": share([True] * 1000)},
        "shortcuts": {"rule": None, "counterfactual": None},
        "prospects": {"noise": tried(rescued=60, lost=80)},
    }
    costs_of = {name: changes.pop(name, nothing) for name in ("other", "zero", "none")}
    return {**parts, "dependence": costs_of, **changes}


def test_a_cost_is_decided_by_its_interval() -> None:
    assert costs(cost_of(300, 100)) is True
    assert costs(cost_of(0, 0)) is False
    assert costs(cost_of(60, 60)) is False
    assert costs(cost_of(120, 60)) is None
    low, high = cost_interval(cost_of(120, 60))
    assert low < THRESHOLD < high
    inner = paired_gain_ci(60, 120, 1000)  # at 95 %; the verdict's three together are wider
    assert low < -inner[1] and -inner[0] < high


def test_the_plan_decides_what_costs_nothing() -> None:
    n = planned_questions()
    low, high = cost_interval(cost_of(n // 20, n // 20, n))
    assert high == pytest.approx(THRESHOLD / 2, rel=0.05) and low == pytest.approx(-high)
    assert costs(cost_of(n // 20, n // 20, n)) is False


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("unused", "cannot help")),
        ({"zero": cost_of(300, 0)}, ("buffer", "cannot help")),
        ({"none": cost_of(300, 0)}, ("buffer", "cannot help")),
        ({"zero": cost_of(120, 60)}, ("undecided", "undecided")),
        ({"other": cost_of(300, 0), "zero": cost_of(300, 0)}, ("computation", "may help")),
        ({"other": cost_of(120, 60), "zero": cost_of(300, 0)}, ("undecided", "undecided")),
        # No better than guessing: whether answers change decides.
        ({"chance": 0.8, "other": cost_of(90, 90)}, ("undecided", "undecided")),
        ({"chance": 0.8, "zero": cost_of(300, 0)}, ("buffer", "cannot help")),
        ({"chance": None, "other": cost_of(90, 90)}, ("unused", "cannot help")),
    ],
)
def test_thresholds_give_the_verdict(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    verdict = judge(report(**changes))
    assert (verdict.latents, verdict.refining) == expected, verdict.reasons


CARRIED = {"other": cost_of(300, 0)}


def test_the_method_to_try_first() -> None:
    noise, views = tried(rescued=60, lost=80), tried(rescued=150, lost=80, gained=100)
    assert judge(report(**CARRIED)).method == "configs/methods/map.yaml"
    with_views = {**CARRIED, "prospects": {"noise": noise, "views": views}}
    assert judge(report(**with_views)).method == "configs/methods/views_until_sure.yaml"
    assert judge(report(**with_views, options=False)).method == "configs/methods/views.yaml"
    assert judge(report(prospects={"views": views})).method == "configs/methods/views_until_sure.yaml"
    assert judge(report(zero=cost_of(300, 0))).method is None
    assert judge(report(**CARRIED, own=share([True] * 990 + [False] * 10))).refining == "cannot help"


def test_answers_turned_at_random_are_no_reason_to_refine() -> None:
    at_random = {"noise": tried(rescued=60, lost=240)}
    assert judge(report(**CARRIED, prospects=at_random)).refining == "undecided"
    none_wrong = {"noise": {**tried(rescued=0, lost=0), "once": {"rescued": share([]), "lost": share([False] * 9)}}}
    assert judge(report(**CARRIED, prospects=none_wrong)).refining == "undecided"


def test_an_unsound_load_is_all_that_is_said() -> None:
    unsound = {"sound": False, "gold_loss": None, "guessing_loss": 5.0, "well_formed": share([False] * 10)}
    verdict = judge(report(**CARRIED, soundness=unsound))
    assert (verdict.latents, verdict.refining, verdict.method) == ("unsound", "undecided", None)
    assert len(verdict.reasons) == 1 and "loss on gold answers: not finite" in verdict.reasons[0]


def test_the_headline_says_how_many_questions_left_it_open() -> None:
    numbers = report(other=cost_of(120, 60))
    numbers["verdict"] = judge(numbers)._asdict()
    assert headline(numbers) == "Whether the latents are used is undecided with 1,000 questions."
