"""A report in words and tables, the same for the console and for the page."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from lightning_latent.doctor.changes import NONE
from lightning_latent.doctor.prospects import NOISE
from lightning_latent.doctor.soundness import WELL_FORMED
from lightning_latent.evaluation.table import interval, small

CHANGES = {
    "other": "another question's",
    "mean": "the batch's mean",
    "zero": "zeros",
    "first": "the first, repeated",
    "random": "random, of the same length",
    NONE: "none at all",
}
TRIES = {"views": "other tellings", "noise": f"noise of {100 * NOISE:.0f} % of the norm"}


class Section(NamedTuple):
    """One examination: its question, what came out in sentences, and a table, which may be empty."""

    title: str
    lines: list[str]
    header: list[str]
    rows: list[list[str]]


def sections(report: Mapping[str, Any]) -> list[Section]:
    """The six examinations, in their order."""
    return [
        _soundness(report),
        _dependence(report),
        _place(report),
        _steps(report["steps"]),
        _shortcuts(report["shortcuts"]),
        _prospects(report),
    ]


def _soundness(report: Mapping[str, Any]) -> Section:
    sound = report["soundness"]
    loss = "not finite" if sound["gold_loss"] is None else f"{sound['gold_loss']:.3f} nats"
    lines = [
        f"{percent(report['own'])} % of the answers are right, {percent(sound['well_formed'])} % are well-formed "
        f"({100 * WELL_FORMED:.0f} are asked for); latents are finite in {percent(sound['finite'])} %.",
        f"Loss on gold answers: {loss} a token; less than half of guessing's is asked for, which is "
        f"{sound['guessing_loss']:.2f}.",
    ]
    return Section("Is the load sound?", lines, [], [])


def _dependence(report: Mapping[str, Any]) -> Section:
    rows = [["as they are thought", percent(report["own"]), "", "", ""]]
    for name, entry in report["dependence"].items():
        rows.append(
            [CHANGES[name], percent(entry["accuracy"]), gain(entry), percent(entry["changed"]), small(entry["p_holm"])]
        )
    header = ["latents", "accuracy %", "gain, points", "answers changed %", "p, Holm"]
    return Section("Do answers depend on the latents?", [], header, rows)


def _place(report: Mapping[str, Any]) -> Section:
    place, steps = report["place"], report["steps"]
    rows = []
    for count, stop in enumerate(place["stop"]):
        swap = place["swap"][count - 1] if count else None
        said = "" if steps is None or not count else _best_step(steps["matrix_own"][count - 1])
        rows.append(
            [
                str(count) if count else "none",
                percent(stop["accuracy"]),
                f"{stop['tokens']:.1f}",
                "" if swap is None else percent(swap["accuracy"]),
                "" if swap is None else percent(swap["changed"]),
                said,
            ]
        )
    header = [
        "latent",
        "accuracy % if it is the last",
        "tokens said",
        "accuracy % if swapped",
        "answers changed %",
        "says step",
    ]
    lines = ["Thinking is stopped after a latent, or that latent alone is another question's."]
    return Section("At which latent?", lines, header, rows)


def _best_step(shares: list[float]) -> str:
    best = max(range(len(shares)), key=shares.__getitem__)
    return f"{best + 1} ({100 * shares[best]:.0f} %)" if shares[best] else ""


def _steps(steps: Mapping[str, Any] | None) -> Section:
    title = "Do they say the steps?"
    if steps is None:
        return Section(title, ["The questions come without steps."], [], [])
    lines = ["A step is said where the nearest of the question's own words to some latent is one of the step's."]
    rows = [
        [name, str(entry["own"]["of"]), percent(entry["own"]), percent(entry["other"]), gain(entry)]
        for name, entry in [*((str(i + 1), entry) for i, entry in enumerate(steps["by_step"])), ("all", steps)]
    ]
    return Section(title, lines, ["step", "of", "said %", "by another question's %", "difference, points"], rows)


def _shortcuts(shortcuts: Mapping[str, Any]) -> Section:
    rule, turned = shortcuts["rule"], shortcuts["counterfactual"]
    lines = []
    if rule is None:
        lines.append("No rule is known that answers this benchmark's questions without thinking.")
    else:
        lines.append(
            f"A rule that does not think, {rule['rule']}, is right on {100 * rule['accuracy']:.1f} % of the questions: "
            f"it decides {percent(rule['decided'])} % of them, and ties count half."
        )
        if rule["followed"]["of"]:
            lines.append(
                f"Where the rule is wrong, the reasoner gives its answer in {percent(rule['followed'])} % of "
                f"{rule['followed']['of']:,} questions."
            )
    if turned is None:
        lines.append("This benchmark cannot change a question so that its answer changes.")
    else:
        lines.append(
            f"In {turned['after']['of']:,} questions one fact is changed so that the answer is another: "
            f"{percent(turned['after'])} % of these are answered right, {percent(turned['before'])} % before it, "
            f"{percent(turned['both'])} % both times. The old answer is kept in {percent(turned['kept'])} %."
        )
    return Section("Can the questions be answered without thinking?", lines, [], [])


def _prospects(report: Mapping[str, Any]) -> Section:
    rows = [
        [
            TRIES.get(name, name),
            str(entry["tries"]),
            f"{100 * entry['single']:.1f}",
            percent(entry["once"]["rescued"]),
            percent(entry["once"]["lost"]),
            percent(entry["rescued"]),
            percent(entry["vote"]["accuracy"]),
            gain(entry["vote"]),
        ]
        for name, entry in report["prospects"].items()
    ]
    header = [
        "asked otherwise",
        "tries",
        "accuracy % of one",
        "wrong ones rescued by one %",
        "right ones lost by one %",
        "rescued by any %",
        "vote %",
        "gain, points",
    ]
    lines = [
        "Where there are two options any change rescues some answers, and one that turns them at random loses as many "
        "of the right ones. The vote is that of all tries and the own answer."
    ]
    return Section("Is there anything to gain?", lines, header, rows)


def percent(entry: Mapping[str, Any]) -> str:
    """A share with its interval, in per cent."""
    if entry["share"] is None:
        return "none"
    return f"{100 * entry['share']:.1f} {interval(entry['ci95'], '.1f')}"


def gain(entry: Mapping[str, Any]) -> str:
    """A gain with its interval, in points."""
    return f"{100 * entry['gain']:+.1f} {interval(entry['gain_ci95'], '+.1f')}"
