"""AUC and calibration error against their definitions, counted pair by pair and bin by bin."""

import random

import pytest

from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.calibration import calibration, reliability
from lightning_latent.evaluation.run import summarise


def answers(n: int = 60, **fields) -> list[Answer]:
    draw = random.Random(0)
    confidences = [(draw.randrange(20) + 0.5) / 20 for _ in range(n)]  # some are equal, none between two bins
    return [
        Answer(f"q/{i}", "?", "a", "a", draw.random() < p, "a", 1, 3, 0.1, confidence=p, **fields)
        for i, p in enumerate(confidences)
    ]


def test_auc_is_how_often_a_right_answer_is_surer_than_a_wrong_one() -> None:
    given = answers()
    pairs = [(r.confidence, w.confidence) for r in given if r.correct for w in given if not w.correct]
    expected = sum(1.0 if right > wrong else 0.5 if right == wrong else 0.0 for right, wrong in pairs) / len(pairs)
    assert calibration(given)["auc"] == pytest.approx(expected, abs=1e-6)


def test_calibration_error_is_the_mean_distance_of_confidence_and_accuracy() -> None:
    given = answers()
    error = 0.0
    for number in range(10):
        here = [a for a in given if number / 10 <= a.confidence < (number + 1) / 10]
        error += abs(sum(a.confidence - a.correct for a in here)) / len(given)
    assert calibration(given)["calibration_error"] == pytest.approx(error, abs=1e-6)


def test_where_all_are_right_there_is_no_auc() -> None:
    given = [answer._replace(correct=True, confidence=0.75) for answer in answers()]
    assert calibration(given) == {"auc": None, "calibration_error": pytest.approx(0.25)}


def test_a_method_without_confidence_reports_none() -> None:
    assert calibration([answer._replace(confidence=None) for answer in answers()]) == {}
    assert not {"auc", "calibration_error"} & summarise([a._replace(confidence=None) for a in answers()]).keys()
    assert {"auc", "calibration_error"} <= summarise(answers()).keys()


def test_the_diagram_has_a_point_for_each_bin_with_answers() -> None:
    given = answers()
    axes = reliability(given).axes[0]
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(points) == len({int(answer.confidence * 10) for answer in given})
    assert sum(int(text.get_text()) for text in axes.texts) == len(given)
