"""What a change did to answers, in paired numbers. Proportions are fractions of one."""

from collections.abc import Mapping, Sequence
from typing import Any

from lightning_latent.evaluation.answer import Answer, verdicts
from lightning_latent.evaluation.paired import accuracy_ci, contrast, holm


def share(hits: Sequence[bool]) -> dict[str, Any]:
    """A share with its 95 % interval (Wilson), and of how many; both null of nothing."""
    if not hits:
        return {"share": None, "ci95": None, "of": 0}
    return {"share": sum(hits) / len(hits), "ci95": list(accuracy_ci(sum(hits), len(hits))), "of": len(hits)}


def accuracy(answers: Sequence[Answer]) -> dict[str, Any]:
    """Accuracy with its interval."""
    return share(verdicts(answers))


def effect(own: Sequence[Answer], changed: Sequence[Answer]) -> dict[str, Any]:
    """How answers to the same questions differ: accuracy, gain with interval and test, how often the answer is another.

    `tokens` are generated, a question: a reasoner whose thinking is cut short may say its steps in words.

    Answers that say the same in other words count as changed.
    """
    return {
        "accuracy": accuracy(changed),
        **contrast(verdicts(own), verdicts(changed)),
        "tokens": sum(a.tokens for a in changed) / len(changed),
        "changed": share([a.answer != b.answer for a, b in zip(own, changed, strict=True)]),
    }


def effects(own: Sequence[Answer], changed: Mapping[str, Sequence[Answer]]) -> dict[str, Any]:
    """The effect of each of several changes; `p_holm` is corrected over them."""
    found = {name: effect(own, answers) for name, answers in changed.items()}
    corrected = holm([entry["mcnemar"]["p"] for entry in found.values()])
    return {name: {**entry, "p_holm": p} for (name, entry), p in zip(found.items(), corrected, strict=True)}
