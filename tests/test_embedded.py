import sys

import pytest
import torch

from lightning_latent.cli import main
from lightning_latent.data import BalancedProsQA, ProsQA
from lightning_latent.data.streaming.row_source import open_rows
from lightning_latent.embedded import CONFIGS, resolve, resolve_config
from lightning_latent.errors import UserError
from lightning_latent.reasoner import load_reasoner


def test_other_paths_stay():
    assert resolve("some/dir") == "some/dir"


def test_unknown_name_lists_what_there_is():
    with pytest.raises(UserError, match="prosqa_valid"):
        resolve("embedded:nothing")


@pytest.mark.parametrize(("name", "count"), [("prosqa_valid", 300), ("prosqa_test", 500)])
def test_official_questions_are_whole(name, count):
    source = open_rows(f"embedded:{name}", ProsQA(), default_split="validation", streaming=True)
    examples = list(source)
    assert len({example.id for example in examples}) == count == len(source)
    assert all(example.steps[-1].endswith(example.answer.split(" is a ")[1]) for example in examples)


@torch.no_grad()
def test_the_reasoner_answers_from_what_is_in_its_latents():
    source = BalancedProsQA(size=300, seed=5, split="evaluation", dead_ends=2, min_hops=3, max_hops=4)
    examples = list(source)
    reasoner = load_reasoner("embedded:final").freeze()
    context = reasoner.encode([example.question for example in examples])
    latents = reasoner.rollout(context).latents

    def accuracy(thoughts: torch.Tensor) -> float:
        texts, _ = reasoner.decode_texts(reasoner.conclude(context, thoughts), max_new_tokens=16)
        judge = ProsQA()
        return sum(judge.matches(judge.extract(t), e.answer) for t, e in zip(texts, examples, strict=True)) / 300

    own = accuracy(latents)
    assert 0.7 < own < 0.95
    assert accuracy(latents.mean(0).expand_as(latents)) < own - 0.1  # a constant vector for each step
    assert accuracy(latents.roll(1, dims=0)) < own - 0.1  # another question's


def test_every_config_has_its_name():
    names = [file.relative_to(CONFIGS).with_suffix("").as_posix() for file in CONFIGS.rglob("*.yaml")]
    assert {"quickstart", "methods/map", "data/prosqa_8000"} <= set(names) and len(names) > 60
    assert all(resolve_config(f"embedded:{name}") == str(CONFIGS / f"{name}.yaml") for name in names)
    assert resolve_config("configs/refine.yaml") == "configs/refine.yaml"


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("methods/mapp", r"did you mean embedded:methods/map\?"),
        ("quickstart.yaml", r"did you mean embedded:quickstart\?"),
        ("../configs/refine", r"there is coconut/.+"),
        (
            "0",
            r"there is coconut/\.\.\., data/\.\.\., methods/\.\.\., paper/\.\.\., quickstart, refine, trainer/\.\.\.",
        ),
    ],
)
def test_a_misspelt_config_is_one_line_with_what_was_meant(name, mend):
    with pytest.raises(UserError, match=f"^embedded:{name}: no config of that name comes with the package; {mend}$"):
        resolve_config(f"embedded:{name}")


@pytest.mark.parametrize(
    ("command", "known"),
    [
        ("fit --config embedded:quickstart --config={}", "methods/map"),
        ("test --config {}", "quickstart"),
        ("compare --config embedded:quickstart {}", "methods/coconut"),
        ("compare embedded:methods/coconut --config {}", "quickstart"),
        ("sweep --over model.iterations=1,2 --config {}", "quickstart"),
        ("doctor --config {}", "quickstart"),
    ],
)
def test_every_command_takes_names_of_configs(command, known, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["lightning-latent"])

    def complaint(name):
        with pytest.raises(SystemExit) as exit_:
            main([*command.format(f"embedded:{name}").split(), *stopped])
        assert exit_.value.code == 2
        return capsys.readouterr().err

    stopped = []
    assert complaint(f"{known}x").endswith(f"did you mean embedded:{known}?\n")
    if not command.startswith("compare"):  # which takes no flags of the config
        stopped = ["--trainer.max_epoch=0"]
        assert complaint(known).endswith("trainer.max_epochs?\n")
