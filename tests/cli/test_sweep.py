"""A grid of settings on the validation questions, chosen there, and refused on the same questions."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lightning_latent.cli import main
from lightning_latent.evaluation import read_run
from lightning_latent.evaluation.grid import choose
from lightning_latent.reasoner import LatentReasoner
from lightning_latent.refinement import LatentRefinement
from tests.commands import ROOT

QUICKSTART = str(ROOT / "configs/quickstart.yaml")
GRID = ["--over", "feedback.search_step=0.01,0.3", "--over", "blending.memory_rate=0,0.02"]


@pytest.fixture(autouse=True)
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 questions of either split, in batches of 25 and 15."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])  # or Lightning warns of pytest's own arguments
    source = {"class_path": "lightning_latent.data.BalancedProsQA", "init_args": {"size": 40}}
    config = {
        "threads": 1,
        "data": {"init_args": {"validation": source, "test": source, "eval_batch_size": 25}},
        "trainer": {"accelerator": "cpu", "devices": 1, "enable_progress_bar": False, "callbacks": []},
    }
    Path("few.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(config))))


def configs(method: str = "paper") -> list[str]:
    return ["--config", QUICKSTART, "--config", str(ROOT / f"configs/methods/{method}.yaml"), "--config", "few.yaml"]


def refused(args: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as exit_:
        main(args)
    assert exit_.value.code == 2
    (line,) = [line for line in capsys.readouterr().err.strip().splitlines() if "error: " in line]
    return line


def counting(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> list[Any]:
    """Note the first argument of each call of a method."""
    calls: list[Any] = []
    method = getattr(owner, name)

    def noted(self: Any, first: Any, *rest: Any, **options: Any) -> Any:
        calls.append(first)
        return method(self, first, *rest, **options)

    monkeypatch.setattr(owner, name, noted)
    return calls


def test_a_sweep_chooses_and_what_it_chose_is_not_tested_on_the_same_questions(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = counting(monkeypatch, LatentRefinement, "answer")
    read = counting(monkeypatch, LatentReasoner, "encode")
    main(["sweep", *configs(), *GRID])
    folder = Path("runs/quickstart/paper/sweep")
    assert {path.name for path in folder.iterdir()} == {
        "points",
        "sweep.json",
        "sweep.csv",
        "sweep.png",
        "questions.txt",
        "chosen.yaml",
    }
    # Five runs, plain Coconut among them, answered two questions to start up and then two batches; the three models
    # have read each of these three once.
    assert [len(batch) for batch in answered] == 5 * [2, 25, 15]
    assert sorted(map(len, read)) == 3 * [2] + 3 * [15] + 3 * [25]

    sweep = json.loads((folder / "sweep.json").read_text())
    grid = {"feedback.search_step": [0.01, 0.3], "blending.memory_rate": [0.0, 0.02]}
    assert (sweep["split"], sweep["n"], sweep["keys"]) == ("validation", 40, grid)
    assert [list(row["settings"].values()) for row in sweep["points"]] == [
        [a, b] for a in [0.01, 0.3] for b in [0, 0.02]
    ]
    best = sweep["points"][choose(sweep["points"])]
    assert sweep["chosen"]["settings"] == best["settings"] and sweep["chosen"]["accuracy"] == best["accuracy"]
    assert all(row["accuracy"] <= best["accuracy"] for row in sweep["points"])
    rows = list(csv.DictReader((folder / "sweep.csv").open()))
    assert [float(row["accuracy"]) for row in rows] == [row["accuracy"] for row in sweep["points"]]
    assert len(set((folder / "questions.txt").read_text().split())) == 40
    assert f"the sweep is in {folder}" in capsys.readouterr().out

    # What is shared changes no answer: one setting by itself, and plain Coconut.
    alone = ["--feedback.search_step", "0.3", "--trainer.logger.version", "alone"]
    main(["validate", *configs(), *alone])
    main(["validate", *configs("coconut"), "--trainer.logger.version", "plain"])
    for run, name in (("alone", "feedback.search_step=0.3,blending.memory_rate=0.02"), ("plain", "plain")):
        expected = read_run(f"runs/quickstart/{run}/validate").answers
        swept = read_run(folder / "points" / name / "validate").answers
        assert [a._replace(seconds=0.0, method=None) for a in swept] == [
            a._replace(seconds=0.0, method=None) for a in expected
        ]

    # What is finished is not computed again.
    answered.clear()
    main(["sweep", *configs(), *GRID, "--most_cost", "1000"])
    assert not any(answered)
    chosen = json.loads((folder / "sweep.json").read_text())["chosen"]
    assert chosen["settings"] == best["settings"] and "no more than 1000 times" in chosen["rule"]

    # The config sets what was chosen, tests it on other questions, and says how it was chosen.
    chosen_config = ["--config", str(folder / "chosen.yaml")]
    main(["test", *configs(), *chosen_config])
    about = read_run("runs/quickstart/paper/test").about
    assert about["chosen"] == {"by": str(folder), **chosen}
    saved = yaml.safe_load(Path("runs/quickstart/paper/test/config.yaml").read_text())
    assert {f"{a}.{b}": saved[a][b] for a, b in (key.split(".") for key in grid)} == best["settings"]
    main(["compare", "runs/quickstart/paper/test"])
    said = Path("runs/quickstart/paper/test/comparison.md").read_text()
    assert f"chosen among 4 settings, {chosen['rule']}, on 40 validation questions" in said

    # On questions of which three were seen it is refused, and leaves nothing.
    tested = read_run("runs/quickstart/paper/test").answers
    lines = [{"question": a.question, "steps": [], "answer": a.gold} for a in (*swept[:3], tested[0])]
    Path("mixed.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    mixed = ["--data.test", "mixed.jsonl", "--trainer.logger.version", "mixed"]
    line = refused(["test", *configs(), *chosen_config, *mixed], capsys)
    assert line.startswith(f"error: 3 of the test questions are among those on which {folder} chose the settings")
    assert not any(path.is_file() for path in Path("runs/quickstart/mixed").rglob("*"))
    # So is a setting other than the one that was chosen.
    line = refused(["test", *configs(), *chosen_config, "--feedback.search_step", "0.7"], capsys)
    assert f"feedback.search_step is 0.7, but {folder} chose" in line


def test_a_class_in_a_list_and_an_option_of_the_model_can_be_swept() -> None:
    over = ["--over", "trainer.callbacks.search_step=0.5", "--over", "model.iterations=1,2"]
    args = ["sweep", *configs("coconut"), "--trainer.callbacks+=RandomDirection", *over]
    main(args)
    folder = Path("runs/quickstart/coconut/sweep")
    chosen = yaml.safe_load((folder / "chosen.yaml").read_text())
    picked = json.loads((folder / "sweep.json").read_text())["chosen"]["settings"]
    assert chosen["model"]["init_args"] == {"iterations": picked["model.iterations"]}
    assert chosen["trainer"]["callbacks"][-1]["init_args"]["search_step"] == 0.5
    main(["test", *configs("coconut"), "--config", str(folder / "chosen.yaml")])
    saved = yaml.safe_load(Path("runs/quickstart/coconut/test/config.yaml").read_text())
    assert saved["trainer"]["callbacks"] == chosen["trainer"]["callbacks"]
    assert saved["model"]["init_args"]["max_new_tokens"] == 16  # the rest stays


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "sweep: the following arguments are required: --over; see sweep --help"),
        (["--over", "feedback.search_step"], "write KEY=VALUE,VALUE"),
        (["--over", "feedback.search_step=0.1,0.1"], "a value occurs twice"),
        (["--over", "views.count=1", "--over", "views.count=2"], "--over views.count is given twice"),
        (
            ["--over", "feedback.serch_step=0.1"],
            "no such flag; did you mean --feedback.search_step?",
        ),
        (["--over", "blending.memory_rate=0.1,1.5"], "blending.memory_rate is '1.5'; it must be less than 1"),
        (["--over", "views.count=1", "--least_accuracy", "99"], "it must be at most 1"),
        (["--over", "views.count=1", "--least_accuracy", "0.9", "--most_cost", "2"], "not allowed with argument"),
        (["--over", "views.count=1", "--trainer.logger", "false"], "give --trainer.logger.version NAME"),
        (["--over", "views.count=1", "--trainer.devices", "2"], "a sweep runs in one process"),
        (["--over", "model.learn.rank=0,2", "--model.learn", "LatentMap"], "sweep fits nothing"),
    ],
)
def test_bad_input_is_one_line_before_anything_runs(
    args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refused(["sweep", *configs(), *args], capsys)
    assert not Path("runs").exists()


def test_a_choice_without_its_sweep_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(["test", *configs(), "--chosen.by", "nowhere"], capsys)
    assert "chosen.by: there is no nowhere/sweep.json; name the folder of a sweep" in line
