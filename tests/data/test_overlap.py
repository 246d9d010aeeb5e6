"""The overlap of two files, as function and as command."""

import json

import pytest

from benchmarks.question_overlap import find_overlap, main
from lightning_latent.data import GSM8K, AquaRat, Benchmark, Example, LatentDataModule, MathQA
from lightning_latent.data.benchmarks.choices import with_options
from lightning_latent.data.overlap import question_key
from lightning_latent.data.streaming.row_source import open_rows

from .conftest import prosqa_rows
from .fixtures import OFFICIAL


def example(name: str, question: str, options: tuple[str, ...] = ()) -> Example:
    return Example(name, question, (), "a", options)


def test_key_ignores_case_punctuation_and_options():
    keys = {
        question_key(example("1", "How many  eggs, 3 or 4?")),
        question_key(example("2", "how many EGGS - 3 or 4")),
        question_key(example("3", with_options("How many eggs: 3 or 4?", ("A) 3", "B) 4")), ("A) 3", "B) 4"))),
    }
    assert keys == {"howmanyeggs3or4"}


def test_repeats_are_counted_on_both_sides():
    first = [example("a1", "One?"), example("a2", "Two?"), example("a3", "one")]
    second = [example("b1", "ONE."), example("b2", "Three?"), example("b3", "one!")]
    overlap = find_overlap(first, second)
    assert overlap.sizes == (3, 3)
    assert overlap.pairs == [(["a1", "a3"], ["b1", "b3"])]
    assert overlap.examples() == (2, 2)
    assert find_overlap([], second).sizes == (0, 3)


def test_command_reports_counts_and_ids(write_rows, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    train = write_rows("train.jsonl", prosqa_rows(5))
    evaluation = write_rows("eval.jsonl", prosqa_rows(3, start=3))
    main([train, evaluation, "--benchmark", "ProsQA", "--show", "1"])
    printed = capsys.readouterr().out
    assert "2 questions in both" in printed
    assert "2 (40.0 %)" in printed
    assert "2 (66.7 %)" in printed
    assert "prosqa/train/3" in printed
    assert "prosqa/train/4" not in printed


def test_command_reads_two_benchmarks(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    options = [f"{letter}){value}" for value, letter in enumerate("ABCDE")]
    row = {"question": "What is 1 + 1?", "options": options, "correct": "C", "rationale": "2"}
    (tmp_path / "aqua.json").write_text(json.dumps(row))
    (tmp_path / "gsm.txt").write_text("what is 1+1||<<1+1=2>> #### 2\n")
    arguments = [str(tmp_path / "aqua.json"), str(tmp_path / "gsm.txt"), "--benchmark", "AquaRat"]
    main([*arguments, "--evaluation_benchmark", "GSM8K"])
    assert "1 questions in both" in capsys.readouterr().out


def test_command_ends_with_one_line_and_code_2(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main([str(tmp_path / "none.jsonl"), "x.jsonl", "--benchmark", "ProsQA"])
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def official(benchmark: Benchmark, *files: str) -> list[Example]:
    missing = [file for file in files if not (OFFICIAL / file).is_file()]
    if missing:
        pytest.skip(f"{missing[0]} is not here; name the folder of the official files in LATENT_DATA")
    paths = [str(OFFICIAL / file) for file in files]
    sources = [open_rows(path, benchmark, default_split="test", streaming=True) for path in paths]
    return [example for source in sources for example in source]


def test_overlaps_of_the_official_files():
    validation = official(GSM8K(), "gsm8k_aug/valid.txt")
    assert find_overlap(official(GSM8K(), "gsm8k/train.jsonl.gz"), validation).examples() == (500, 500)
    assert find_overlap(official(GSM8K(), "gsm8k_aug/train_no_aug.txt.gz"), validation).pairs == []
    dev, test = official(MathQA(), "mathqa/dev.json.gz"), official(MathQA(), "mathqa/test.json.gz")
    assert find_overlap(dev, test).examples() == (16, 16)
    aqua = official(AquaRat(), "aqua_rat/train_flan_subset.tsv")
    assert len(find_overlap(aqua, test).pairs) == 94
    assert len(find_overlap(aqua, dev + test).pairs) == 224


def test_deduplication_of_the_official_files():
    official(GSM8K(), "gsm8k/train.jsonl.gz", "gsm8k_aug/valid.txt")
    data = LatentDataModule(
        benchmark=GSM8K(),
        train=str(OFFICIAL / "gsm8k/train.jsonl.gz"),
        validation=str(OFFICIAL / "gsm8k_aug/valid.txt"),
        max_eval=10,
        deduplicate=True,
    )
    assert len(data.source("train")) == 7273 - 500
