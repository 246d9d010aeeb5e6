"""Whether the questions can be answered without thinking: by a known rule, or by their looks."""

import random
from collections.abc import Sequence
from typing import Any

from lightning_latent.data.example import Example
from lightning_latent.doctor.asking import OWN, Subject, ask
from lightning_latent.doctor.effects import accuracy, share
from lightning_latent.evaluation.answer import Answer, verdicts
from lightning_latent.evaluation.paired import contrast


def rule(subject: Subject, examples: Sequence[Example], own: Sequence[Answer]) -> dict[str, Any] | None:
    """What the benchmark's known shortcut answers; None where none is known.

    `decided` is the share of questions on which it gives an answer, `right` that of right ones among these, `accuracy`
    that over all questions, the undecided ones guessed between two. `followed` is how often the reasoner gives the
    rule's answer where that is wrong.
    """
    benchmark = subject.benchmark
    if benchmark.shortcut_rule is None:
        return None
    given = [benchmark.shortcut(example) for example in examples]
    right = [
        answer is not None and benchmark.matches(answer, e.answer) for answer, e in zip(given, examples, strict=True)
    ]
    decided = [hit for hit, answer in zip(right, given, strict=True) if answer is not None]
    followed = [
        benchmark.matches(mine.answer, answer)
        for mine, answer, hit in zip(own, given, right, strict=True)
        if answer is not None and not hit
    ]
    return {
        "rule": benchmark.shortcut_rule,
        "decided": share([answer is not None for answer in given]),
        "right": share(decided),
        "accuracy": (sum(decided) + (len(given) - len(decided)) / 2) / len(given),
        "followed": share(followed),
    }


def counterfactuals(subject: Subject, examples: Sequence[Example], own: Sequence[Answer]) -> dict[str, Any] | None:
    """Answers to questions of which one fact is changed so that the answer is another; None where there are none.

    `before` and `after` are the accuracies on the same questions, `both` is how often both are right, `kept` how often
    the answer to the changed question is the one that was right before.
    """
    benchmark = subject.benchmark
    changed = [benchmark.counterfactual(e, random.Random(f"doctor/{e.id}")) for e in examples]
    pairs = [(old, new, mine) for old, new, mine in zip(examples, changed, own, strict=True) if new is not None]
    if len(pairs) < 2:
        return None
    after = ask(subject, [new for _, new, _ in pairs]).answers[OWN]
    before = [mine for _, _, mine in pairs]
    return {
        "before": accuracy(before),
        "after": accuracy(after),
        "both": share([b and a for b, a in zip(verdicts(before), verdicts(after), strict=True)]),
        "kept": share([benchmark.matches(a.answer, old.answer) for a, (old, _, _) in zip(after, pairs, strict=True)]),
        **contrast(verdicts(before), verdicts(after)),
    }
