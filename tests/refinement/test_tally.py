"""How several tellings' answers are put together, against plain Python."""

import math

import pytest
import torch

from lightning_latent.refinement import tally

# Two views of two questions, three candidates; the second question has two.
RAW = [[[0.1, 2.0, -1.0], [3.0, 1.0]], [[1.5, 0.2, 0.0], [0.0, 5.0]]]
SCORES = torch.stack([tally.padded_scores(view) for view in RAW])


def probabilities(raw: list[float]) -> list[float]:
    total = sum(map(math.exp, raw))
    return [math.exp(value) / total for value in raw]


def test_scores_are_log_probabilities_over_the_candidates() -> None:
    for view, row in ((0, 0), (1, 0), (0, 1), (1, 1)):
        expected = probabilities(RAW[view][row])
        assert SCORES[view, row, : len(expected)].exp().tolist() == pytest.approx(expected)
    assert SCORES[:, 1, 2].exp().tolist() == [0, 0]


def test_rules() -> None:
    first, second = ([probabilities(RAW[view][row]) for view in (0, 1)] for row in (0, 1))
    mean_log = [sum(math.log(p) for p in column) / 2 for column in zip(*first, strict=True)]
    assert tally.mean_log_probability(SCORES)[0].tolist() == pytest.approx(mean_log)
    mean = [math.log(sum(column) / 2) for column in zip(*first, strict=True)]
    assert tally.mean_probability(SCORES)[0].tolist() == pytest.approx(mean)
    assert tally.majority(SCORES).tolist() == [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]
    surest = min(second, key=lambda view: -sum(p * math.log(p) for p in view))
    assert tally.least_entropy(SCORES)[1, :2].exp().tolist() == pytest.approx(surest)
    assert not tally.least_entropy(SCORES).isnan().any()


def test_the_most_confident_view_counts_alone() -> None:
    for row, view in ((0, 0), (1, 1)):
        assert max(max(probabilities(raw[row])) for raw in RAW) == max(probabilities(RAW[view][row]))
        expected = probabilities(RAW[view][row])
        assert tally.most_confident(SCORES)[row, : len(expected)].exp().tolist() == pytest.approx(expected)


def test_the_best_candidate_may_stay_while_scores_move() -> None:
    before, after = torch.tensor([[-1.0, -2.0], [-1.0, -2.0]]), torch.tensor([[-0.1, -3.0], [-2.0, -1.0]])
    assert tally.unchanged(after, before).tolist() == [True, False]


def test_the_margin_is_between_the_best_two() -> None:
    totals = torch.tensor([[-1.0, -4.0, -2.5], [-3.0, -0.5, float("-inf")]])
    assert tally.margin(totals).tolist() == [1.5, 2.5]
    assert tally.margin(torch.zeros(2, 1)).tolist() == [float("inf")] * 2


def test_log_odds_are_bayes_rule_for_views_that_err_alone() -> None:
    """Against the posterior, written out: each view is right with its probability, and else errs evenly."""
    candidates = torch.tensor([3, 2, 3, 4])
    confidence = torch.rand(3, 4, dtype=torch.float64)
    chosen = torch.stack([torch.randint(int(n), (3,)) for n in candidates], dim=1)
    probabilities = tally.log_odds(chosen, confidence, candidates).softmax(-1)
    for row, n in enumerate(candidates.tolist()):
        likelihoods = []
        for truth in range(n):
            likelihood = 1.0
            for view in range(3):
                p = float(confidence[view, row])
                likelihood *= p if int(chosen[view, row]) == truth else (1 - p) / (n - 1)
            likelihoods.append(likelihood)
        expected = [value / sum(likelihoods) for value in likelihoods] + [0.0] * (4 - n)
        assert probabilities[row].tolist() == pytest.approx(expected)


def test_log_odds_of_one_who_is_quite_sure_are_finite() -> None:
    totals = tally.log_odds(torch.tensor([[0], [1]]), torch.tensor([[1.0], [1.0]]), torch.tensor([2]))
    assert totals.isfinite().all() and totals.softmax(-1).tolist() == [[0.5, 0.5]]
