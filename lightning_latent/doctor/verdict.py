"""What follows from the examinations, by stated thresholds and in words.

Legend: a cost is the accuracy that a change of the latents takes away, a fraction of one. It is decided by a confidence
interval: cost, where the interval lies above `THRESHOLD`; no cost, where below; undecided, where it lies across.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from scipy.stats import norm

from lightning_latent.evaluation.paired import paired_gain_ci
from lightning_latent.evaluation.table import interval

THRESHOLD = 0.05
"""Accuracy, as a fraction of one, below which a change counts as none."""
DECISIONS = 3
"""Costs that the verdict decides; each interval is so wide that all of them hold together with 95 %."""
CONFIDENCE = 1 - 0.05 / DECISIONS
DISCORDANT = 0.1
"""Share of questions that are expected to change between right and wrong where there is no cost: the plan's."""

Latents = Literal["unsound", "unused", "buffer", "computation", "undecided"]
Refining = Literal["cannot help", "may help", "undecided"]

SAID: dict[Latents, str] = {
    "unsound": "The load is not sound: repair it first.",
    "unused": "The latents are unused.",
    "buffer": "The latents are used as a buffer: the columns are needed, what is in them is not.",
    "computation": "The latents carry the computation.",
    "undecided": "Whether the latents are used is undecided with {n:,} questions.",
}


class Verdict(NamedTuple):
    """What the examinations amount to."""

    latents: Latents
    refining: Refining
    method: str | None  # the config to try first; None where there is none
    reasons: list[str]  # whole sentences


def planned_questions() -> int:
    """Questions by which a change that costs nothing is seen to cost less than the threshold, nearly always.

    The interval's half width is half of the threshold where a share `DISCORDANT` of the questions changes sides.
    """
    z = float(norm.ppf((1 + CONFIDENCE) / 2))
    return math.ceil(DISCORDANT * (2 * z / THRESHOLD) ** 2)


def cost_interval(entry: Mapping[str, Any]) -> tuple[float, float]:
    """The interval of an effect's cost, by `CONFIDENCE`."""
    test = entry["mcnemar"]
    low, high = paired_gain_ci(test["fixed"], test["broken"], entry["accuracy"]["of"], confidence=CONFIDENCE)
    return -high, -low


def costs(entry: Mapping[str, Any]) -> bool | None:
    """Whether a change costs more than the threshold; None where that is undecided."""
    low, high = cost_interval(entry)
    return True if low >= THRESHOLD else False if high < THRESHOLD else None


def judge_latents(report: Mapping[str, Any]) -> tuple[Latents, list[str]]:
    """What the latents are to the answers, and why."""
    if not report["soundness"]["sound"]:
        return "unsound", [_unsound(report["soundness"])]
    changes, guesses = report["dependence"], _guesses(report)
    reasons = [
        _told(changes["other"], "Another question's latents"),
        _told(changes["zero"], "Zeros in their place"),
        _told(changes["none"], "Answers without any latent"),
    ]
    content, columns = costs(changes["other"]), [costs(changes[name]) for name in ("zero", "none")]
    if content:
        return "computation", [_share_of_content(report), *reasons]
    if guesses:
        reasons.insert(0, f"{_percent(report['own']['share'])} are right, no more than by guessing.")
    reasons += _rule(report["shortcuts"]["rule"], report["chance"])
    if content is None or (guesses and changes["other"]["changed"]["ci95"][0] >= THRESHOLD):
        return "undecided", reasons  # where answers are guessed, accuracy cannot show what a change of them costs
    if any(columns):
        return "buffer", reasons
    return ("undecided" if None in columns else "unused"), reasons


def _guesses(report: Mapping[str, Any]) -> bool:
    """Whether the reasoner may be no better than a guess among the options."""
    return report["chance"] is not None and report["own"]["ci95"][0] <= report["chance"]


def _rule(rule: Mapping[str, Any] | None, chance: float | None) -> list[str]:
    """A sentence about the shortcut, where there is one."""
    if rule is None or rule["accuracy"] < (chance or 0.0) + 2 * THRESHOLD:
        return []
    return [f"A rule that does not think is right on {_percent(rule['accuracy'])} of these questions."]


def judge(report: Mapping[str, Any]) -> Verdict:
    """The verdict on a report's numbers; see `docs/doctor.md` for the rules."""
    latents, reasons = judge_latents(report)
    if latents in ("unsound", "undecided"):
        return Verdict(latents, "undecided", None, reasons)
    views = report["prospects"].get("views")
    gained = views is not None and views["vote"]["gain_ci95"][0] > 0
    first = None
    if gained:
        reasons.append(
            f"{views['tries'] + 1} tellings of a question, answered together, gain {_points(views['vote']['gain'])} "
            f"{interval(views['vote']['gain_ci95'], '+.1f')}."
        )
        first = "configs/methods/views_until_sure.yaml" if report["options"] else "configs/methods/views.yaml"
    if latents != "computation":
        reasons.append("What does not depend on what is in the latents does not change when that is refined.")
        return Verdict(latents, "cannot help", first, reasons)
    if 1 - report["own"]["ci95"][0] < THRESHOLD:
        reasons.append(f"There is little left to gain: {_percent(report['own']['share'])} are right already.")
        return Verdict(latents, "cannot help", None, reasons)
    found = [sentence for entry in report["prospects"].values() if (sentence := _rescued(entry)) is not None]
    if not found:
        reasons.append("No other try gets more of the wrong answers right than chance would.")
        return Verdict(latents, "undecided", first, reasons)
    return Verdict(latents, "may help", first or "configs/methods/map.yaml", [*reasons, found[0]])


def _rescued(entry: Mapping[str, Any]) -> str | None:
    """What another try shows of wrong answers, or None if it may only turn answers at random, wrong or right."""
    rescued, lost = entry["once"]["rescued"], entry["once"]["lost"]
    if not rescued["of"] or not lost["of"] or rescued["ci95"][0] <= lost["ci95"][1]:
        return None
    return (
        f"Asked otherwise once, {_percent(rescued['share'])} of {rescued['of']:,} wrong answers are right, and "
        f"{_percent(lost['share'])} of the right ones wrong: what is missing can be computed."
    )


def _unsound(sound: Mapping[str, Any]) -> str:
    loss = "not finite" if sound["gold_loss"] is None else f"{sound['gold_loss']:.2f} nats a token"
    return (
        f"{_percent(sound['well_formed']['share'])} of the answers are well-formed; loss on gold answers: {loss}, "
        f"that of guessing words {sound['guessing_loss']:.2f}: check checkpoint, tokenizer and number of latents."
    )


def _told(entry: Mapping[str, Any], what: str) -> str:
    verdict = {True: "more than", False: "less than", None: "perhaps more, perhaps less than"}[costs(entry)]
    cost = f"{100 * (0.0 - entry['gain']):.1f} {interval(cost_interval(entry), '.1f')}"
    changed = f"{_percent(entry['changed']['share'])} of the answers change"
    return f"{what} cost {verdict} {_points(THRESHOLD)}: {cost}; {changed}."


def _share_of_content(report: Mapping[str, Any]) -> str:
    own, other = report["own"]["share"], report["dependence"]["other"]["accuracy"]["share"]
    chance = report["chance"] or 0.0
    part = min(1.0, (own - other) / (own - chance)) if own > chance else 1.0
    above = "what is above guessing" if chance else "that"
    said = f"{_percent(own)} are right, {_percent(other)} by another question's latents"
    return f"{said}: {100 * part:.0f} % of {above} hangs on what is in them."


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _points(value: float) -> str:
    return f"{100 * value:.1f} points"


def headline(report: Mapping[str, Any]) -> str:
    """The verdict in two sentences or three."""
    verdict = report["verdict"]
    said = SAID[verdict["latents"]].format(n=report["n"])
    said += {
        "cannot help": " Refining them cannot help.",
        "may help": " Refining them may help.",
        "undecided": "" if verdict["latents"] in ("unsound", "undecided") else " Whether refining helps is undecided.",
    }[verdict["refining"]]
    if verdict["method"] is None:
        return said
    first = "What helps without them" if verdict["refining"] == "cannot help" else "Try first"
    return f"{said} {first}: {verdict['method']}."
