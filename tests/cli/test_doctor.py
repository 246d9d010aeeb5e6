"""The doctor by a command: what it reads, writes and refuses."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from lightning_latent.cli import main
from lightning_latent.cli.doctor import build, output_folder, questions
from lightning_latent.doctor.verdict import planned_questions
from lightning_latent.model_card import DEPENDENCE
from tests.refinement.models import GRAPHS, save_all


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])


@pytest.fixture
def config() -> str:
    """Tiny reasoners with random weights, and questions for them."""
    save_all(Path("reasoners"))

    def source(seed: int) -> dict:
        options = {"size": 9, "split": "evaluation", "seed": seed, **GRAPHS}
        return {"class_path": "GeneratedProsQA", "init_args": options}

    content = {
        "model": {"class_path": "LatentRefinement", "init_args": {"reasoner": "reasoners/base", "max_new_tokens": 3}},
        "data": {
            "class_path": "LatentDataModule",
            "init_args": {
                "benchmark": "tests.refinement.models.RawText",
                "validation": source(0),
                "test": source(1),
                "eval_batch_size": 4,
            },
        },
        "trainer": {
            "accelerator": "cpu",
            "devices": 1,
            "logger": {
                "class_path": "TensorBoardLogger",
                "init_args": {"save_dir": "runs", "name": "a", "version": "b"},
            },
        },
    }
    Path("config.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(content))))
    return "config.yaml"


def test_the_verdict_stands_in_the_reasoners_card(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    card = Path("reasoners/base/README.md")
    card.write_text(f"# Mine\n\n{DEPENDENCE}\n\nNot examined.\n\n## Recipe\n")
    main(["doctor", "--config", config, "--questions", "6"])
    text = card.read_text()
    assert "asked 6 validation questions." in text and "Not examined" not in text and text.endswith("## Recipe\n")
    assert "The verdict stands in the reasoner's model card, reasoners/base/README.md" in capsys.readouterr().out


def test_a_page_and_its_numbers_are_written(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--config", config, "--questions", "6", "--checkpoint", "beside:strong"])
    folder = Path("runs/a/b/doctor")
    assert sorted(path.name for path in folder.iterdir()) == ["doctor.html", "doctor.json"]
    assert [path.name for path in Path("runs/a/b").iterdir()] == ["doctor"]
    report = json.loads((folder / "doctor.json").read_text())
    assert (report["n"], report["split"], report["benchmark"]) == (6, "validation", "prosqa")
    assert report["reasoner"]["path"] == "reasoners/base" and len(report["reasoner"]["sha256"]) == 64
    assert {"views", "noise", "beside:strong"} == set(report["prospects"])
    assert report["verdict"]["latents"] == "unsound"  # random weights
    out = capsys.readouterr().out
    assert "Do answers depend on the latents?" in out and "The load is not sound" in out
    assert "the page is runs/a/b/doctor/doctor.html" in out
    first = (folder / "doctor.json").read_text()
    main(["doctor", "--config", config, "--questions", "6", "--checkpoint", "beside:strong"])
    assert (folder / "doctor.json").read_text() == first


def test_questions_are_those_of_validation_by_default_and_as_many_as_planned(config: str) -> None:
    given, cli = build(["--config", config])
    assert given.questions == planned_questions() and given.split == "validate"
    assert len(questions(cli.datamodule, split="validation", count=given.questions)) == 9
    other = questions(cli.datamodule, split="test", count=4)
    assert len(other) == 4 and other[0].id != questions(cli.datamodule, split="validation", count=4)[0].id
    assert str(output_folder(None, cli)) == "runs/a/b/doctor" and str(output_folder("x", cli)) == "x"
    assert cli.model.frozen is None  # nothing was loaded


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--questions", "1"], "--questions: it is '1'; it must be at least 2"),
        (["--questions", "many"], "argument --questions: it is "),
        (["--split", "train"], "argument --split: invalid choice"),
        (["--model.reasoner", "nowhere"], "nowhere"),
        (["--model.numlatents", "3"], "numlatents"),
        (["--checkpoint", "beside:final"], "beside:final: there is no directory"),
        (["--data.validation", "null"], "data.validation is not given"),
        (["--model.num_latents", "0"], "thinks no latents"),
        (["--trainer.devices", "2"], "the doctor works in one process"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    args: list[str], message: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["doctor", "--config", config, *args])
    assert exit_.value.code == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and message in errors[0], errors
    assert not Path("runs").exists()


def test_a_training_is_refused(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["doctor", "--config", config, "--model", "PromptedModel", "--model.path", "reasoners/base"])
    assert exit_.value.code == 2
    assert "the doctor examines the reasoner of a LatentRefinement, not of PromptedModel" in capsys.readouterr().err
