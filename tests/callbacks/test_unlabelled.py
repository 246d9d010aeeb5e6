"""Questions without gold answers are predicted, and nothing is said of whether the answers are right."""

import json
from pathlib import Path

import pytest

from lightning_latent.callbacks import Predictions, SymmetricViews
from lightning_latent.data import GeneratedProsQA, LatentDataModule, ProsQA
from lightning_latent.errors import UserError
from lightning_latent.evaluation import read_run
from lightning_latent.evaluation.comparison import compare
from tests.callbacks.answering import batches
from tests.refinement.models import EXAMPLES, GRAPHS, make_module, make_trainer


@pytest.mark.parametrize("callbacks", [[], [SymmetricViews(count=3, threshold=2.0)]])
def test_they_are_predicted_but_not_judged(callbacks: list, saved: Path, tmp_path: Path) -> None:
    first, second, third = GeneratedProsQA(size=3, split="evaluation", **GRAPHS)
    gold = {"question": second.question, "answer": second.answer, "steps": second.steps}
    file = tmp_path / "open.jsonl"
    rows = [{"question": first.question}, gold, {"question": third.question, "answer": None}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    predictions = Predictions()
    data = LatentDataModule(benchmark=ProsQA(), predict=file)
    for _ in range(2):  # the second time nothing is left to be answered
        trainer = make_trainer(tmp_path / "run", callbacks=[*callbacks, predictions])
        module = make_module(saved, benchmark=ProsQA(), max_new_tokens=4)
        trainer.predict(module, data, return_predictions=False)
        lines = (tmp_path / "run" / "predictions.jsonl").read_text().splitlines()
        found = [json.loads(line) for line in lines]
        assert [row["gold"] for row in found] == [None, second.answer, None]
        assert [row["correct"] for row in found] == [None, found[1]["answer"] == second.answer, None]
    run = read_run(tmp_path / "run")
    assert (run.about["n"], run.about["correct"], run.about["accuracy"]) == (3, None, None)
    said, _ = predictions.closing_line().split("; ")
    assert said.endswith("3 questions answered, not judged without gold answers (prosqa, predict)")
    with pytest.raises(UserError, match="predictions without gold answers, which cannot be compared"):
        compare([run])


def test_a_source_without_gold_answers_is_refused_where_it_would_be_judged(saved: Path, tmp_path: Path) -> None:
    data = batches([example._replace(answer="") for example in EXAMPLES])
    with pytest.raises(UserError, match="q/0 has no gold answer to be judged by; only predict takes such questions"):
        make_trainer(tmp_path).test(make_module(saved), data, verbose=False)
