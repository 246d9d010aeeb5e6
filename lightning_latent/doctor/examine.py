"""All examinations of one reasoner, one after the other, and what follows from them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lightning_latent.data.example import Example
from lightning_latent.doctor.asking import OWN, Subject, ask
from lightning_latent.doctor.changes import NONE, controls_of_all, stops, swaps
from lightning_latent.doctor.effects import accuracy, effect, effects
from lightning_latent.doctor.prospects import by_views, columns, noises, prospect
from lightning_latent.doctor.shortcuts import counterfactuals, rule
from lightning_latent.doctor.showing import shown_questions
from lightning_latent.doctor.soundness import soundness
from lightning_latent.doctor.steps import steps_said
from lightning_latent.doctor.verdict import judge
from lightning_latent.errors import UserError

Announce = Callable[[str], None]


def examine(
    subject: Subject,
    examples: Sequence[Example],
    *,
    checkpoints: Mapping[str, Subject] | None = None,
    announce: Announce = lambda line: None,
) -> dict[str, Any]:
    """Examine a reasoner on N questions.

    Args:
        subject: The reasoner and how it is asked.
        examples: The questions.
        checkpoints: Other reasoners that are asked the same, by name.
        announce: Told what is being done, in a few words.

    Returns:
        Plain numbers, strings, lists and dictionaries: the content of `doctor.json` but for what was examined.

    Raises:
        UserError: The reasoner thinks no latents, or there are too few questions to swap latents between.
    """
    total = subject.reasoner.num_latents
    if not total:
        raise UserError(
            "this reasoner thinks no latents, so there is nothing to examine; name another with model.reasoner"
        )
    if len(examples) < 2:
        raise UserError("one question alone has no other's latents to swap with; give the doctor at least two")
    announce("answering, with latents as they are thought, replaced, swapped, cut short and moved")
    controls, cut, swapped, moved = controls_of_all(), stops(total), swaps(total), noises()
    asked = ask(subject, examples, {**controls, **cut, **swapped, **moved})
    own = asked.answers[OWN]
    announce("reading the latents' words against the gold steps")
    said = steps_said(subject.reasoner, examples, asked.latents)
    announce("looking for shortcuts")
    without = {"rule": rule(subject, examples, own), "counterfactual": counterfactuals(subject, examples, own)}
    announce("asking in other words, and other checkpoints")
    tries = {"views": by_views(subject, examples), "noise": columns([asked.answers[name] for name in moved])}
    for name, other in (checkpoints or {}).items():
        tries[name] = columns([ask(other, examples).answers[OWN]])
    report: dict[str, Any] = {
        "n": len(examples),
        "latents": total,
        "options": all(example.options for example in examples),
        "chance": chance(examples),
        "own": accuracy(own),
        "soundness": soundness(subject, examples, own),
        "dependence": effects(own, {name: asked.answers[name] for name in (*controls, NONE)}),
        "place": {
            "swap": [effect(own, asked.answers[name]) for name in swapped],
            "stop": [effect(own, answers) for answers in (*(asked.answers[name] for name in cut), own)],
        },
        "steps": said,
        "shortcuts": without,
        "prospects": {name: prospect(subject, own, found) for name, found in tries.items() if found is not None},
    }
    return {**report, "verdict": judge(report)._asdict(), "shown": shown_questions(subject, examples, asked)}


def chance(examples: Sequence[Example]) -> float | None:
    """The accuracy of guessing among the options; None where not all questions have any."""
    if not all(example.options for example in examples):
        return None
    return sum(1 / len(example.options) for example in examples) / len(examples)
