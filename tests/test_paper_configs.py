"""The configs of the paper's benchmarks, with tiny random models of the same architectures in place of the hub's."""

import json
import re
import shlex
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import torch
import yaml

from lightning_latent.baselines.__main__ import main as compare
from lightning_latent.cli import LatentCLI, main
from lightning_latent.reasoner import load_reasoner
from lightning_latent.training.lora import has_lora
from tests.data.fixtures import FIXTURES, OFFICIAL
from tests.tiny import save_tiny

ROOT = Path(__file__).parents[1]
PAPER = ROOT / "configs" / "paper"
BENCHMARKS = ("gsm8k", "mathqa", "aqua_rat", "strategyqa", "prosqa")
MODELS = {"gpt2": "GPT2LMHeadModel", "qwen2.5-1.5b": "Qwen2ForCausalLM", "llama3.2-3b": "LlamaForCausalLM"}
ARCHITECTURES = {"gpt2": "gpt2", "qwen2.5-1.5b": "qwen2", "llama3.2-3b": "llama"}
HUB = {
    "gpt2": "openai-community/gpt2",
    "qwen2.5-1.5b": "Qwen/Qwen2.5-1.5B",
    "llama3.2-3b": "meta-llama/Llama-3.2-3B",
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
SMALL_FILES = {
    "gsm8k": "tiny.jsonl",
    "mathqa": "tiny.json",
    "aqua_rat": "tiny.json",
    "strategyqa": "tiny.json",
}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])


def config(benchmark: str, model: str) -> str:
    return str(PAPER / f"{benchmark}_{model}.yaml")


def test_there_is_a_config_for_every_pair():
    assert {path.stem for path in PAPER.glob("*.yaml")} == {f"{b}_{m}" for b, m in product(BENCHMARKS, MODELS)}


@pytest.mark.parametrize(("benchmark", "model"), list(product(BENCHMARKS, MODELS)))
def test_a_config_builds_with_a_model_of_its_architecture(benchmark, model, tmp_path):
    text = Path(config(benchmark, model)).read_text()
    assert yaml.safe_load(text)["model"]["init_args"]["base"]["init_args"]["path"] == HUB[model]
    assert "arXiv 2506.08552" in text
    directory = save_tiny(tmp_path / "model", ARCHITECTURES[model])
    cli = LatentCLI(["--config", config(benchmark, model), "--model.base.path", directory, *CPU], run=False)
    cli.model.configure_model()
    assert type(cli.model.reasoner.model).__name__ == MODELS[model]
    assert has_lora(cli.model.reasoner.model) == (model != "gpt2")
    assert cli.model.benchmark.name == cli.datamodule.benchmark.name == benchmark
    assert cli.datamodule.batch_size * cli.trainer.accumulate_grad_batches == 128
    assert cli.model.metadata(stage=cli.model.last_stage).num_latents == 6


def commands(config: Path) -> list[list[str]]:
    """The commands in a config's header, each as the arguments after `python`."""
    lines = config.read_text(encoding="utf-8").splitlines()
    end = next(index for index, line in enumerate(lines) if not line.startswith("#"))
    header = re.sub(r"\\\n\s*", "", "\n".join(line.removeprefix("#") for line in lines[:end]))
    return [shlex.split(found) for found in re.findall(r"^ +python +(.*)$", header, flags=re.MULTILINE)]


@pytest.mark.parametrize("path", sorted(PAPER.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_commands_of_a_header_parse(path, monkeypatch, capsys):
    """Train, a baseline, refine and compare: they parse, and speak of this config, its benchmark and its runs."""
    monkeypatch.chdir(ROOT)
    *fits, table = commands(path)
    assert len(fits) == 3 and all(fit[:2] == ["train.py", "fit"] for fit in fits)
    assert table[:2] == ["-m", "lightning_latent.baselines"]
    for fit in fits:
        assert fit[2:4] == ["--config", str(path.relative_to(ROOT))]
        printed = print_config(main, fit[1:], capsys)
        assert printed["data"]["init_args"]["benchmark"] == printed["model"]["init_args"]["benchmark"]
    assert printed["model"]["class_path"] == "lightning_latent.refinement.LatentRefinement"
    assert printed["model"]["init_args"]["reasoner"] == f"runs/{path.stem}/coconut/reasoners/final"
    compared = print_config(compare, table[2:], capsys)
    assert compared["benchmark"]["class_path"] == printed["data"]["init_args"]["benchmark"]["class_path"]
    assert (compared["runs"], compared["output"]) == (f"runs/{path.stem}", f"runs/{path.stem}/table")
    assert compared["data"].removesuffix("#test") == printed["data"]["init_args"]["test"].removesuffix("#test")


def print_config(command: Callable[[list[str]], None], arguments: list[str], capsys) -> dict:
    """What a command would run with."""
    with pytest.raises(SystemExit) as exit_:
        command([*arguments, "--print_config"])
    assert exit_.value.code == 0, capsys.readouterr().err
    return yaml.safe_load(capsys.readouterr().out)


def files(benchmark: str) -> tuple[list[str], str]:
    """Arguments that put files in the place of the hub, and the file that is tested on."""
    if (OFFICIAL / benchmark).is_dir():
        Path("data").symlink_to(OFFICIAL)
        overlay = ROOT / "configs" / "data" / f"{benchmark}_files.yaml"
        return ["--config", str(overlay)], yaml.safe_load(overlay.read_text())["data"]["init_args"]["test"]
    small = str(FIXTURES / benchmark / SMALL_FILES[benchmark])
    splits = [argument for split in ("train", "validation", "test") for argument in (f"--data.{split}", small)]
    return [*splits, "--data.deduplicate", "false"], small


@pytest.mark.parametrize(
    ("benchmark", "model", "adapter"),
    [
        ("mathqa", "gpt2", "MathQA"),
        ("aqua_rat", "qwen2.5-1.5b", "AquaRat"),
        ("strategyqa", "llama3.2-3b", "StrategyQA"),
    ],
)
def test_train_refine_and_compare(benchmark, model, adapter, tmp_path, capsys):
    """Few real steps of all that the header of a config says, on the official files where they are at hand."""
    Path("short.yaml").write_text(yaml.safe_dump(SHORT))
    data, test_file = files(benchmark)
    base = ["fit", "--config", config(benchmark, model), *data, "--config", "short.yaml", *CPU]
    directory = save_tiny(tmp_path / "model", ARCHITECTURES[model])
    main([*base, "--model.base.path", directory])
    main([*base, "--model.base.path", directory, "--config", str(ROOT / "configs/coconut/mode/cot.yaml")])
    run = Path("runs") / f"{benchmark}_{model}"
    reasoners = run / "coconut" / "reasoners"
    strong, final = (load_reasoner(str(reasoners / name), dtype="auto") for name in ("strong", "final"))
    assert type(final.model).__name__ == MODELS[model]
    assert strong.num_latents == 0 and final.num_latents > 0
    assert (final.dtype == torch.bfloat16) == (model != "gpt2")

    refine = ["--config", str(ROOT / "configs/refine.yaml"), "--data.max_train", "4", "--model.max_new_tokens", "4"]
    main([*base, *refine, "--model.reasoner", str(reasoners / "final")])
    comparison = json.loads((run / "refined" / "comparison.json").read_text())
    assert comparison["n"] == 2 and set(comparison["rows"]) == {"feedback", "map"}

    rows = ["--config", str(ROOT / "configs/baselines/trained.yaml"), "--runs", str(run), "--benchmark", adapter]
    compare([*rows, "--data", test_file, "--limit", "2", "--device", "cpu", "--output", "table"])
    table = json.loads(Path("table/baselines.json").read_text())
    assert list(table["rows"]) == ["CoT", "Coconut", "Coconut, the paper's refinement", "Coconut, learned map"]
    assert table["missing"] == ["No-CoT", "Pause", "Coconut without curriculum"]
    assert [row["latents"] for row in table["rows"].values()] == [0, *[final.num_latents] * 3]
    assert all(row["n"] == 2 for row in table["rows"].values())
    assert "Coconut, learned map" in capsys.readouterr().out
