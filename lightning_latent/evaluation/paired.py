"""Two ways of answering the same questions, compared question by question.

Of ``n`` questions, ``fixed`` were wrong before and are right now, ``broken`` the reverse. The others say nothing about
the difference. Proportions are fractions of one throughout.
"""

import math
from collections.abc import Sequence
from typing import Any

from scipy.stats import binomtest, norm


def mcnemar_exact(fixed: int, broken: int) -> float:
    r"""Two-sided p value of the exact McNemar test.

    Were both ways equally good, each discordant question would fall either way with probability one half:
    :math:`\text{fixed} \sim \text{Binomial}(\text{fixed} + \text{broken}, 1/2)` (McNemar 1947, Psychometrika 12(2)).

    >>> mcnemar_exact(5, 0), mcnemar_exact(0, 0)
    (0.0625, 1.0)
    """
    if fixed + broken == 0:
        return 1.0
    return float(binomtest(fixed, fixed + broken, 0.5).pvalue)


def paired_gain_ci(fixed: int, broken: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    r"""Confidence interval of the gain in accuracy, :math:`(\text{fixed} - \text{broken}) / n`.

    The adjusted Wald interval for paired proportions of Bonett and Price (2012, Journal of Educational and Behavioral
    Statistics 37(4), 479-488), with one added to either discordant count:

    .. math::
        \tilde p_f = \frac{\text{fixed} + 1}{n + 2}, \quad \tilde p_b = \frac{\text{broken} + 1}{n + 2}, \quad
        (\tilde p_f - \tilde p_b) \pm z \sqrt{\frac{\tilde p_f + \tilde p_b - (\tilde p_f - \tilde p_b)^2}{n + 2}}

    Args:
        fixed: Questions that only the new way answers right.
        broken: Questions that only the old way answers right.
        n: All questions; at least one.
        confidence: The probability with which such intervals cover the true gain.
    """
    p_fixed, p_broken = (fixed + 1) / (n + 2), (broken + 1) / (n + 2)
    centre = p_fixed - p_broken
    half = float(norm.ppf((1 + confidence) / 2)) * math.sqrt((p_fixed + p_broken - centre**2) / (n + 2))
    return max(centre - half, -1.0), min(centre + half, 1.0)


def contrast(before: Sequence[bool], after: Sequence[bool]) -> dict[str, Any]:
    """Compare two ways of answering the same questions, in the same order, by whether each is right.

    Returns:
        `gain` (a fraction of one) with its 95 % interval, the exact McNemar test, and `errors_removed`, the gain as a
        part of the errors that there were; None where there were none.
    """
    pairs = list(zip(before, after, strict=True))
    fixed = sum(new and not old for old, new in pairs)
    broken = sum(old and not new for old, new in pairs)
    errors = sum(not old for old, _ in pairs)
    return {
        "gain": (fixed - broken) / len(pairs),
        "gain_ci95": list(paired_gain_ci(fixed, broken, len(pairs))),
        "mcnemar": {"fixed": fixed, "broken": broken, "p": mcnemar_exact(fixed, broken)},
        "errors_removed": (fixed - broken) / errors if errors else None,
    }


def accuracy_ci(correct: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of one accuracy, of `correct` in `n` questions (Wilson 1927, JASA 22(158), 209-212)."""
    interval = binomtest(correct, n).proportion_ci(confidence_level=confidence, method="wilson")
    return float(interval.low), float(interval.high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction of several tests (Holm 1979, Scandinavian Journal of Statistics 6(2), 65-70).

    The smallest of m p values is multiplied by m, the next by m - 1, and so on; none falls below the one before it.
    With these, the probability that any true null hypothesis is rejected at level a is at most a.

    >>> [round(p, 6) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]

    """
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected
