"""What smaller thresholds would have given: replayed from one run, against actual runs."""

import csv
import io
import json

import pytest

from lightning_latent.callbacks import SymmetricViews
from lightning_latent.data import BalancedProsQA, ProsQA
from lightning_latent.evaluation.answer import Answer, to_row
from lightning_latent.evaluation.course import accuracy_against_rounds, curve_csv, replay
from lightning_latent.evaluation.paired import accuracy_ci
from lightning_latent.evaluation.run import read_answers
from lightning_latent.refinement import LatentRefinement
from tests.evaluation.runs import make_run

QUESTIONS = list(BalancedProsQA(size=40, seed=3, split="evaluation", dead_ends=2, max_hops=4))
COUNT, THRESHOLD = 5, 4.0


@pytest.fixture(scope="module")
def module() -> LatentRefinement:
    return LatentRefinement(reasoner="embedded:final", benchmark=ProsQA(), dtype="float64")


@pytest.fixture(scope="module")
def answers(module: LatentRefinement):
    return SymmetricViews(count=COUNT, threshold=THRESHOLD).answer(QUESTIONS, module)


@pytest.mark.parametrize("threshold", [0.0, 0.7, 2.0, 3.3, THRESHOLD])
def test_a_replay_is_what_a_run_with_a_smaller_threshold_gives(threshold, module, answers) -> None:
    actual = SymmetricViews(count=COUNT, threshold=threshold).answer(QUESTIONS, module)
    replayed = [replay(answer.course, threshold=threshold) for answer in answers]
    assert replayed == [(answer.latents // 12, answer.correct) for answer in actual]
    for ran, answer in zip(actual, answers, strict=True):
        seen = answer.course[: len(ran.course)]
        assert [right for _, right in ran.course] == [right for _, right in seen]
        assert [ahead for ahead, _ in ran.course] == pytest.approx([ahead for ahead, _ in seen])


def test_the_curve_goes_from_one_view_to_the_run(answers) -> None:
    curve = accuracy_against_rounds(answers)
    n, correct = len(answers), sum(answer.correct for answer in answers)
    assert (curve[0].threshold, curve[0].rounds) == (0.0, 1.0)
    assert curve[0].accuracy == sum(answer.course[0][1] for answer in answers) / n
    assert curve[-1].rounds == sum(len(answer.course) for answer in answers) / n
    assert (curve[-1].accuracy, curve[-1].accuracy_ci95) == (correct / n, accuracy_ci(correct, n))
    rounds = [stop.rounds for stop in curve]
    assert rounds == sorted(rounds) and len(set(rounds)) > 3
    few = accuracy_against_rounds(answers, most=3)
    assert len(few) == 3 and {few[0], few[-1]} == {curve[0], curve[-1]} and set(few) < set(curve)


def test_the_curve_can_be_read_as_numbers(answers) -> None:
    curve = accuracy_against_rounds(answers)
    rows = list(csv.DictReader(io.StringIO(curve_csv(curve))))
    assert [float(row["rounds"]) for row in rows] == [stop.rounds for stop in curve]
    assert float(rows[-1]["accuracy_low"]) == curve[-1].accuracy_ci95[0]


def test_answers_without_a_course_have_no_curve(answers) -> None:
    assert accuracy_against_rounds(make_run("plain", "x.").answers) == []
    assert accuracy_against_rounds([*answers, make_run("plain", "x").answers[0]]) == []


def test_a_course_goes_through_a_line_of_json(answers, tmp_path) -> None:
    def written(answer: Answer) -> Answer:
        (tmp_path / "answers.jsonl").write_text(json.dumps(to_row(answer)) + "\n")
        return read_answers(tmp_path / "answers.jsonl")[0]

    assert all(written(answer) == answer for answer in answers)
    plain = make_run("plain", "x").answers[0]
    assert "course" not in to_row(plain) and written(plain) == plain


def test_a_question_with_one_option_is_sure_and_can_be_written(module) -> None:
    single = [QUESTIONS[0]._replace(options=QUESTIONS[0].options[:1]), QUESTIONS[1]]
    (first, _) = SymmetricViews(count=2, threshold=3.0).answer(single, module)
    assert len(first.course) == 1 and json.loads(json.dumps(to_row(first), allow_nan=False))
