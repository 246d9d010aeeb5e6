"""Cards say what the runs' files say, and stay whole when the doctor adds to them."""

import json
import re
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard

from lightning_latent.data import ProsQA
from lightning_latent.errors import UserError
from lightning_latent.evaluation.paired import accuracy_ci
from lightning_latent.model_card import add_verdict, reasoner_card, refinement_card, write_refinement_card
from tests.models import make_reasoner

CONFIG = {
    "seed_everything": 3,
    "model": {"class_path": "x.Y", "init_args": {"base": {"class_path": "x.B", "init_args": {"path": "some/base"}}}},
    "data": {"class_path": "x.D", "init_args": {"train": "data/a.jsonl", "validation": "data/b.jsonl", "test": "c"}},
    "trainer": {"max_epochs": 2},
    "predictions": {"resume": True},
}
REPORT = {
    "n": 1200,
    "split": "validation",
    "verdict": {"latents": "computation", "refining": "may help", "method": "m.yaml", "reasons": ["One.", "Two."]},
}


def card(folder: Path, **changed) -> str:
    options = {"name": "final", "benchmark": ProsQA(), "trained": "2 epochs", "checked": (90, 100), "run": folder}
    return reasoner_card(make_reasoner(), **{**options, **changed})


def test_a_reasoners_card_holds_data_recipe_accuracy_and_what_was_not_checked(tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    text = card(tmp_path)
    low, high = accuracy_ci(90, 100)
    assert f"Of 100 validation questions it answers 90.0 % [{100 * low:.1f}, {100 * high:.1f}] right" in text
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)]
    assert blocks == [
        {"train": "data/a.jsonl", "validation": "data/b.jsonl"},
        {key: value for key, value in CONFIG.items() if key != "predictions"},
    ]
    assert "| thinks | 3 latents (hidden) |" in text and "2 epochs" in text
    assert "Not examined. Ask the doctor" in text and "whether training and validation share questions" in text
    said = ModelCard(text).data
    assert (said.library_name, said.base_model) == ("lightning_latent", "some/base")


def test_a_run_without_config_or_validation_says_so(tmp_path):
    text = card(tmp_path, checked=None)
    assert text.count("The run left no config") == 2 and "No validation question was answered in this state." in text
    assert ModelCard(text).data.base_model is None
    (tmp_path / "config.yaml").write_text("a: [")
    with pytest.raises(UserError, match=r"config\.yaml: cannot be read \(.+\); restore it, or remove it"):
        card(tmp_path)


def test_the_doctors_verdict_takes_the_place_of_the_one_before(tmp_path):
    text = card(tmp_path)
    (tmp_path / "README.md").write_text(text)
    assert add_verdict(tmp_path, {**REPORT, "n": 7})
    assert add_verdict(str(tmp_path), REPORT)
    new = (tmp_path / "README.md").read_text()
    assert "**The latents carry the computation. Refining them may help. Try first: m.yaml.** The doctor" in new
    assert "asked 1,200 validation questions.\n\n- One.\n- Two.\n" in new and "Not examined" not in new
    heads = [re.findall("^## .+", part, flags=re.MULTILINE) for part in (text, new)]
    assert heads[0] == heads[1] and new.partition("## Not checked")[2] == text.partition("## Not checked")[2]


def test_other_folders_are_left_alone(tmp_path):
    assert not add_verdict("embedded:final", REPORT) and not add_verdict(tmp_path, REPORT)
    (tmp_path / "README.md").write_text("# Mine\n")
    assert not add_verdict(tmp_path, REPORT) and (tmp_path / "README.md").read_text() == "# Mine\n"


def test_a_refinements_card_is_read_from_its_run(tmp_path):
    write_refinement_card(tmp_path)  # a run that has saved nothing has no card
    assert list(tmp_path.iterdir()) == []
    learn = {"class_path": "lightning_latent.refinement.LatentMap", "init_args": {"rank": 2}}
    config = {**CONFIG, "model": {"class_path": "x.R", "init_args": {"learn": learn}}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / "checkpoints").mkdir()
    write_refinement_card(tmp_path)
    text = (tmp_path / "checkpoints" / "README.md").read_text()
    assert "No validation question" in text and "lightning_latent.refinement.LatentMap, with the reasoner's" in text
    models = {"reasoner": {"path": "some/reasoner", "revision": None, "sha256": "0123456789abcdef"}}
    about = {"method": "a map", "benchmark": "prosqa", "n": 50, "correct": 45, "models": models}
    (tmp_path / "validate").mkdir()
    (tmp_path / "validate" / "run.json").write_text(json.dumps(about))
    text = refinement_card(tmp_path)
    assert "# Learned about a frozen latent reasoner: a map" in text and "| benchmark | prosqa |" in text
    assert "| reasoner | some/reasoner, weights 0123456789ab |" in text
    assert "Of 50 validation questions the reasoner with it answers 90.0 % [" in text
