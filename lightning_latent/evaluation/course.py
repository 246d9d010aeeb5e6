"""How answers fare as rounds are added (views, samples, scores): what smaller thresholds than a run's would have given.

A run with a threshold notes, after each round of a question, how far the best option is ahead, in nats, and whether it
is right: the question's course. With a smaller threshold the question would have got the same rounds, only fewer.
"""

from collections.abc import Sequence
from typing import NamedTuple

from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.paired import accuracy_ci
from lightning_latent.evaluation.table import csv_rows

Course = Sequence[tuple[float, bool]]


class Stop(NamedTuple):
    """What a threshold gives, over all questions."""

    threshold: float  # nats
    rounds: float  # a question, mean
    accuracy: float
    accuracy_ci95: tuple[float, float]


def replay(course: Course, *, threshold: float) -> tuple[int, bool]:
    """Rounds that a question would have got with a threshold of at most the run's, and whether its answer were right.

    >>> replay([(0.5, False), (2.5, True)], threshold=0.0)
    (1, False)
    >>> replay([(0.5, False), (2.5, True)], threshold=0.5)
    (2, True)
    """
    for rounds, (ahead, right) in enumerate(course, start=1):
        if ahead > threshold:
            return rounds, right
    return len(course), course[-1][1]  # the run itself went no further


def accuracy_against_rounds(answers: Sequence[Answer], *, most: int = 64) -> list[Stop]:
    """Accuracy and mean rounds at thresholds from 0 up to the run's; nothing where an answer has no course.

    Something changes only at margins with which a question got another round. At the greatest of them all is as it was
    in the run, whose own threshold need not be known.

    Args:
        answers: Those of a run.
        most: Thresholds, at most.
    """
    courses = [answer.course for answer in answers]
    if not all(courses):
        return []
    passed = sorted({0.0, *(ahead for course in courses for ahead, _ in course[:-1])})
    count = min(most, len(passed))
    chosen = [passed[round(place * (len(passed) - 1) / max(count - 1, 1))] for place in range(count)]
    return [_stop(courses, threshold) for threshold in chosen]


def curve_csv(curve: Sequence[Stop]) -> str:
    """The curve as CSV, a threshold a line."""
    return csv_rows(
        [
            {
                "threshold": stop.threshold,
                "rounds": stop.rounds,
                "accuracy": stop.accuracy,
                "accuracy_low": stop.accuracy_ci95[0],
                "accuracy_high": stop.accuracy_ci95[1],
            }
            for stop in curve
        ]
    )


def _stop(courses: Sequence[Course], threshold: float) -> Stop:
    replayed = [replay(course, threshold=threshold) for course in courses]
    n, correct = len(replayed), sum(right for _, right in replayed)
    return Stop(threshold, sum(rounds for rounds, _ in replayed) / n, correct / n, accuracy_ci(correct, n))
