"""Statistics of paired answers against enumeration, published examples and independent formulas."""

import math
import random
from itertools import combinations

import pytest
from scipy.stats import binomtest

from lightning_latent.evaluation.paired import accuracy_ci, contrast, holm, mcnemar_exact, paired_gain_ci


@pytest.mark.parametrize(("fixed", "broken"), [(0, 0), (1, 0), (3, 3), (7, 2), (2, 7), (12, 0), (30, 14)])
def test_mcnemar_equals_enumeration(fixed, broken):
    """Sum the probability of every outcome that is no likelier than the observed one."""
    n = fixed + broken
    weights = [math.comb(n, k) for k in range(n + 1)]
    expected = sum(w for w in weights if w <= weights[fixed]) / 2**n
    assert mcnemar_exact(fixed, broken) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("fixed", "broken", "n", "low", "high"),
    [
        # The worked examples of the R functions `statpsych::ci.prop.ps` and Bonett's `CIpropWS`.
        (26, 4, 48, 0.2548067, 0.6251933),
        (26, 4, 40, 0.3126438, 0.7349752),
    ],
)
def test_gain_interval_equals_published_examples(fixed, broken, n, low, high):
    assert paired_gain_ci(fixed, broken, n) == pytest.approx((low, high), abs=1e-7)


def test_gain_interval_is_antisymmetric_and_bounded():
    low, high = paired_gain_ci(9, 4, 50)
    assert paired_gain_ci(4, 9, 50) == pytest.approx((-high, -low))
    for fixed, broken, n in [(1, 0, 1), (0, 1, 1), (3, 0, 3), (0, 0, 1)]:
        low, high = paired_gain_ci(fixed, broken, n)
        assert -1 <= low <= (fixed - broken) / n <= high <= 1


@pytest.mark.parametrize(("p_fixed", "p_broken"), [(0.08, 0.05), (0.15, 0.15), (0.3, 0.1)])
def test_gain_interval_covers_the_true_gain(p_fixed, p_broken):
    """Exact coverage at n = 40: the probability of every outcome whose interval holds the true gain."""
    n, covered = 40, 0.0
    for fixed in range(n + 1):
        for broken in range(n + 1 - fixed):
            low, high = paired_gain_ci(fixed, broken, n)
            if low <= p_fixed - p_broken <= high:
                ways = math.comb(n, fixed) * math.comb(n - fixed, broken)
                covered += ways * p_fixed**fixed * p_broken**broken * (1 - p_fixed - p_broken) ** (n - fixed - broken)
    assert 0.94 < covered < 0.985


@pytest.mark.parametrize(("correct", "n"), [(0, 1), (1, 1), (0, 20), (7, 20), (257, 300)])
def test_wilson_ends_solve_the_score_equation(correct, n):
    """Either end is where the score test just rejects: (p - q)^2 = z^2 q (1 - q) / n, or the bound of the range."""
    p, z = correct / n, 1.959963984540054
    for end in accuracy_ci(correct, n):
        assert (p - end) ** 2 == pytest.approx(z**2 * end * (1 - end) / n, abs=1e-12)
    low, high = accuracy_ci(correct, n)
    assert 0 <= low <= p <= high <= 1


def test_contrast_counts_what_changed() -> None:
    before = [True] * 5 + [False] * 5
    after = [True] * 4 + [False] + [True] * 3 + [False] * 2
    found = contrast(before, after)
    assert found["gain"] == pytest.approx(0.2)
    assert found["gain_ci95"] == list(paired_gain_ci(3, 1, 10))
    assert found["mcnemar"] == {"fixed": 3, "broken": 1, "p": binomtest(3, 4).pvalue}
    assert found["errors_removed"] == pytest.approx((5 - 3) / 5)
    assert contrast([True], [False])["errors_removed"] is None  # there were none


def test_holm_by_hand() -> None:
    # The smallest of four is multiplied by 4, the next by 3; 0.03 * 2 = 0.06, and 0.04 * 1 may not fall below it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2] and holm([]) == []


def test_holm_is_the_closure_of_bonferronis_test() -> None:
    """A hypothesis is rejected if every set of hypotheses with it is: the largest of the sets' p values counts."""
    rng = random.Random(0)
    for count in range(1, 7):
        p_values = [rng.choice([rng.random() ** 3, 0.01, 0.04]) for _ in range(count)]
        sets = [chosen for size in range(1, count + 1) for chosen in combinations(range(count), size)]
        expected = [
            max(min(1.0, len(chosen) * min(p_values[i] for i in chosen)) for chosen in sets if index in chosen)
            for index in range(count)
        ]
        assert holm(p_values) == pytest.approx(expected)
