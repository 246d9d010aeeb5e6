"""The paper's models and benchmarks, put together, with tiny random models of the same architectures for the hub's."""

import json
import sys
from itertools import product
from pathlib import Path

import pytest
import torch
import yaml

from lightning_latent.cli import LatentCLI, main
from lightning_latent.reasoner import load_reasoner
from lightning_latent.training import ExportReasoners
from tests.data.fixtures import FIXTURES, OFFICIAL
from tests.models import save_plain

ROOT = Path(__file__).parents[1]
PAPER = ROOT / "configs" / "paper"
MODES = ROOT / "configs" / "coconut" / "mode"
BENCHMARKS = ("gsm8k", "mathqa", "aqua_rat", "strategyqa", "prosqa")
# The classes of the hub's models, and what stands in for them.
MODELS = {
    "gpt2": ("GPT2LMHeadModel", "gpt2"),
    "qwen2.5-1.5b": ("Qwen2ForCausalLM", "qwen2"),
    "llama3.2-3b": ("LlamaForCausalLM", "llama"),
}
CPU = ["--trainer.accelerator", "cpu", "--trainer.devices", "1"]

# A whole curriculum in two epochs of two steps.
SHORT = {
    "model": {
        "init_args": {"max_latent_stage": 1, "first_stage_epochs": 1, "epochs_per_stage": 1, "max_new_tokens": 4}
    },
    "data": {"init_args": {"max_train": 4, "max_eval": 2, "batch_size": 2, "num_workers": 0, "shuffle_buffer": 0}},
    "trainer": {
        "max_epochs": 2,
        "accumulate_grad_batches": 1,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "callbacks": [
            {
                "class_path": "lightning_latent.training.ExportReasoners",
                "init_args": {"weak_epoch": 1, "strong_epoch": 1},
            }
        ],
    },
}
# In each benchmark's schema, where the official files are not at hand.
SMALL_FILES = {"mathqa": "tiny.json", "strategyqa": "tiny.json"}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])


def configs(*paths: Path) -> list[str]:
    return [argument for path in paths for argument in ("--config", str(path))]


def pair(benchmark: str, model: str) -> list[str]:
    return configs(PAPER / "models" / f"{model}.yaml", PAPER / "benchmarks" / f"{benchmark}.yaml")


def test_every_model_and_benchmark_is_there():
    assert {path.stem for path in (PAPER / "models").iterdir()} == set(MODELS)
    assert {path.stem for path in (PAPER / "benchmarks").iterdir()} == set(BENCHMARKS)


@pytest.mark.parametrize(("benchmark", "model"), list(product(BENCHMARKS, MODELS)))
def test_a_pair_builds_with_a_model_of_its_architecture(benchmark, model, tmp_path):
    architecture, tiny = MODELS[model]
    directory = save_plain(tmp_path / "model", tiny)
    cli = LatentCLI([*pair(benchmark, model), "--model.base.path", directory, *CPU], run=False)
    cli.model.configure_model()
    assert type(cli.model.reasoner.model).__name__ == architecture
    assert (cli.model.built.adapters is None) == (model == "gpt2")
    assert cli.datamodule.benchmark.name == benchmark
    assert cli.datamodule.batch_size * cli.trainer.accumulate_grad_batches == 128
    assert cli.model.curriculum.metadata(stage=cli.model.curriculum.last_stage).num_latents == 6
    assert Path(cli.trainer.log_dir) == Path("runs") / model / benchmark / "coconut"
    check_export(cli)


@pytest.mark.parametrize("mode", sorted(MODES.iterdir()), ids=lambda path: path.stem)
def test_every_mode_builds(mode):
    cli = LatentCLI([*pair("mathqa", "gpt2"), *configs(mode), *CPU], run=False)
    assert Path(cli.trainer.log_dir) == Path("runs/gpt2/mathqa") / mode.stem
    plan = cli.model.curriculum
    assert (plan.mode, plan.initial_stage) == (("coconut", "last") if mode.stem == "no_curriculum" else (mode.stem, 0))
    check_export(cli)


def check_export(cli: LatentCLI) -> None:
    """The epochs at which reasoners are saved are accepted."""
    (export,) = (callback for callback in cli.trainer.callbacks if isinstance(callback, ExportReasoners))
    export.setup(cli.trainer, cli.model, "fit")


def files(benchmark: str) -> list[str]:
    """Arguments that put files in the place of the hub."""
    if (OFFICIAL / benchmark).is_dir():
        Path("data").symlink_to(OFFICIAL)
        return configs(ROOT / "configs" / "data" / f"{benchmark}_files.yaml")
    small = str(FIXTURES / benchmark / SMALL_FILES[benchmark])
    splits = [argument for split in ("train", "validation", "test") for argument in (f"--data.{split}", small)]
    return [*splits, "--data.deduplicate", "false"]


@pytest.mark.parametrize(("benchmark", "model"), [("mathqa", "gpt2"), ("strategyqa", "qwen2.5-1.5b")])
def test_train_refine_and_compare(benchmark, model, tmp_path, capsys):
    """Few real steps of everything, on the official files where they are at hand."""
    Path("short.yaml").write_text(yaml.safe_dump(SHORT))
    data = files(benchmark)
    architecture, tiny = MODELS[model]
    base = ["fit", *pair(benchmark, model), *data, *configs(Path("short.yaml")), *CPU]
    directory = save_plain(tmp_path / "model", tiny)
    main([*base, "--model.base.path", directory])
    main([*base, "--model.base.path", directory, *configs(MODES / "cot.yaml")])
    run = Path("runs") / model / benchmark
    reasoners = run / "coconut" / "reasoners"
    strong, final = (load_reasoner(str(reasoners / name), dtype="auto") for name in ("strong", "final"))
    assert type(final.model).__name__ == architecture
    assert strong.num_latents == 0 and final.num_latents > 0
    assert (final.dtype == torch.bfloat16) == (model != "gpt2")

    methods = ROOT / "configs" / "methods"
    few = ["--data.max_train", "4", "--model.max_new_tokens", "4"]

    def method(name: str, reasoner: str, command: str = "test") -> None:
        over = [*base[1:], *configs(ROOT / "configs/refine.yaml", methods / f"{name}.yaml"), *few]
        main([command, *over, "--model.reasoner", str(run / reasoner / "reasoners" / "final")])

    method("map", "coconut", "fit")
    for name, reasoner in (("coconut", "coconut"), ("paper", "coconut"), ("map", "coconut"), ("cot", "cot")):
        method(name, reasoner)
    main(["compare", *(str(run / name / "test") for name in ("cot", "coconut", "paper", "map"))])
    comparison = json.loads((run / "comparison.json").read_text())
    assert list(comparison["methods"]) == ["CoT", "Coconut", "paper's refinement", "learned map"]
    assert comparison["against"] == "Coconut" and comparison["n"] == 2
    latents = [row["latents_per_question"] for row in comparison["methods"].values()]
    assert latents == [0, *[final.num_latents] * 3]
    assert "learned map" in capsys.readouterr().out
