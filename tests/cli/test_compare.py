"""Any number of runs in one table, by a command."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from lightning_latent.cli import main
from lightning_latent.evaluation.run import write_run
from lightning_latent.refinement import LatentRefinement
from tests.evaluation.runs import make_run
from tests.refinement.models import GRAPHS, save_all


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])  # which Lightning reads for a warning


def write(path: str, method: str, right: str) -> None:
    run = make_run(method, right)
    write_run(Path(path), run.about, run.answers)


def test_runs_become_a_table_and_four_files(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")  # no number is cut short all the same
    write("runs/a/coconut/test", "Coconut", "xx........")
    write("runs/a/map/test", "map", "xxxxxxxx.!")
    main(["compare", "runs/a/map", "runs/a/coconut"])
    assert sorted(path.name for path in Path("runs/a").iterdir()) == [
        "coconut",
        "comparison.csv",
        "comparison.json",
        "comparison.md",
        "comparison.png",
        "map",
    ]
    comparison = json.loads(Path("runs/a/comparison.json").read_text())
    assert (comparison["against"], list(comparison["methods"])) == ("Coconut", ["map", "Coconut"])
    out = capsys.readouterr().out
    assert "80.0 [49.0, 94.3]  +60.0" in out and "6/0" in out
    assert "map: 1 questions with non-finite latents" in out
    main(["compare", "runs/a/map", "runs/a/coconut", "--against", "map", "--output", "out"])
    assert json.loads(Path("out/comparison.json").read_text())["methods"]["Coconut"]["gain"] == pytest.approx(-0.6)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "compare: the following arguments are required: RUN"),
        (["nowhere"], "nowhere: no such folder"),
        (["zero.yaml"], "zero.yaml is the config of a method; give that of the questions with --config"),
        (["a", "b"], "different questions: 1 only in a"),
        (["a", "--against", "b"], "--against b: no run of that method; there is Coconut"),
        (["a", "--agai", "b"], "unrecognized arguments"),
        (["a", "--feedback.search_step", "1"], "--feedback.search_step is for methods' configs, and none is named"),
    ],
)
def test_bad_input_is_one_line_and_code_2(args: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("a", "Coconut", "xx")
    write("b", "map", "x")
    with pytest.raises(SystemExit) as exit_:
        main(["compare", *args])
    assert exit_.value.code == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1 and errors[0].startswith("error: ") and message in errors[0]
    assert not list(Path().rglob("comparison.*"))


def test_files_of_an_earlier_comparison_are_no_runs() -> None:
    write("a", "Coconut", "xx")
    write("b", "map", "x.")
    main(["compare", "a", "b", "--output", "."])
    (before,) = Path().glob("comparison.json")
    content = before.read_text()
    main(["compare", *sorted(str(path) for path in Path().iterdir() if path.suffix != ".yaml"), "--output", "."])
    assert before.read_text() == content


def test_of_a_run_with_several_answers_those_of_the_split_are_taken() -> None:
    for split, right in (("test", "x."), ("validate", "xx")):
        write(f"runs/a/coconut/{split}", "Coconut", "..")
        write(f"runs/a/map/{split}", "map", right)
    for split, accuracy in (("test", 0.5), ("validate", 1.0)):
        main(["compare", "runs/a/coconut", "runs/a/map", "--split", split])
        comparison = json.loads(Path("runs/a/comparison.json").read_text())
        assert comparison["methods"]["map"]["accuracy"] == accuracy
        assert comparison["methods"]["map"]["run"] == f"runs/a/map/{split}"


def test_the_last_line_names_the_best_and_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    write("a", "Coconut", "x...")
    write("b", "map", "xx..")
    main(["compare", "a", "b"])
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("most accurate: map (50.0 %, +25.0 points, p 1); the comparison is in .: comparison.json")


def test_methods_that_have_not_run_are_run_on_the_questions(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_all(Path("reasoners"))
    generated = {"class_path": "GeneratedProsQA", "init_args": {"size": 5, "split": "evaluation", **GRAPHS}}
    questions = {
        "model": {
            "class_path": "LatentRefinement",
            "init_args": {"reasoner": "reasoners/base", "max_new_tokens": 4},
        },
        "data": {
            "class_path": "LatentDataModule",
            "init_args": {"benchmark": "tests.refinement.models.RawText", "test": generated},
        },
        "trainer": {
            "accelerator": "cpu",
            "devices": 1,
            "enable_progress_bar": False,
            "logger": {"class_path": "TensorBoardLogger", "init_args": {"save_dir": "runs", "name": "tiny"}},
        },
    }
    Path("questions.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(questions))))
    for name, feedback in (("coconut", {}), ("search", {"strong": "beside:strong", "weak": "beside:weak"})):
        version = {"class_path": "TensorBoardLogger", "init_args": {"version": name}}
        Path(f"{name}.yaml").write_text(yaml.safe_dump({"feedback": feedback, "trainer": {"logger": version}}))
    asked: list[int] = []
    answer = LatentRefinement.answer

    def counted(self, batch):
        asked.append(len(batch))
        return answer(self, batch)

    monkeypatch.setattr(LatentRefinement, "answer", counted)
    for expected in ([2, 5, 2, 5], [2, 5, 2, 5, 0, 0]):  # two to start up, then all, and not again
        main(["compare", "--config", "questions.yaml", "coconut.yaml", "search.yaml"])
        assert asked == expected
        comparison = json.loads(Path("runs/tiny/comparison.json").read_text())
        runs = {name: method["run"] for name, method in comparison["methods"].items()}
        assert runs == {"Coconut": "runs/tiny/coconut/test", "ContrastiveFeedback": "runs/tiny/search/test"}
    assert "the comparison is in runs/tiny: comparison.json" in capsys.readouterr().out
    keys = ["--feedback.search_step", "0.3", "--trainer.logger.name=other"]
    main(["compare", "--config", "questions.yaml", *keys, "coconut.yaml", "search.yaml", "--threads", "1"])
    saved = yaml.safe_load(Path("runs/other/search/test/config.yaml").read_text())
    assert (saved["feedback"]["search_step"], saved["threads"]) == (0.3, 1)
