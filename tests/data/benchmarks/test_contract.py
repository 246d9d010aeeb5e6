"""What every adapter must do, on small files of its own and on the official ones."""

import pickle
from pathlib import Path

import pytest
from jsonargparse import ArgumentParser

from lightning_latent.data import Benchmark, Example, LatentDataModule
from lightning_latent.data.streaming.row_source import open_rows

from ..fixtures import FIXTURES, OFFICIAL, SMALL, WHOLE

ADAPTERS = {type(benchmark): benchmark for benchmark, _, _ in SMALL}
needs_official = pytest.mark.skipif(
    not OFFICIAL.is_dir(), reason="the official files are not here; name their folder in LATENT_DATA"
)


def read(benchmark: Benchmark, path: str) -> list[Example]:
    return list(open_rows(path, benchmark, default_split="test", streaming=True))


def name(value) -> str:
    return getattr(value, "__name__", type(value).__name__) if not isinstance(value, str | int) else str(value)


def check_file(benchmark: Benchmark, path: str, count: int) -> None:
    """What a file's examples must be, and which answers to them are right."""
    examples = read(benchmark, path)
    assert len(examples) == len({example.id for example in examples}) == count
    for example in examples:
        assert example.id.startswith(f"{benchmark.name}/{Path(path).name.split('.')[0]}/")
        assert example.question == example.question.strip() != ""
        assert isinstance(example.steps, tuple)
        assert all(step == step.strip() != "" and "\n" not in step for step in example.steps)
        assert example.answer == example.answer.strip() != ""
        assert isinstance(example.options, tuple)
        assert not example.options or example.answer in example.options
        assert pickle.loads(pickle.dumps(example)) == example
        check_answers(benchmark, example)
    batches = [
        list(LatentDataModule(benchmark=benchmark, test=path, streaming=streaming).test_dataloader())
        for streaming in (True, False)
    ]
    assert batches[0] == batches[1]


def check_answers(benchmark: Benchmark, example: Example) -> None:
    def right(text: str) -> bool:
        return benchmark.matches(benchmark.extract(text), example.answer)

    steps = "\n".join(example.steps)
    for text in (f"### {example.answer}", f"{steps}\n### {example.answer}", f"#### {example.answer}\n"):
        assert right(text), text
    for text in ("", "###", "### ", f"{steps}\n###", "Hm."):
        assert not right(text), text
    assert [option for option in example.options if right(f"### {option}")] == [example.answer] * bool(example.options)


def check_adapter(benchmark: Benchmark, *malformed: dict) -> None:
    """The contract, apart from any file."""
    parser = ArgumentParser()
    parser.add_argument("--benchmark", type=Benchmark)
    path = f"{type(benchmark).__module__}.{type(benchmark).__name__}"
    parsed = parser.parse_object({"benchmark": {"class_path": path}})
    assert type(parser.instantiate_classes(parsed).benchmark) is type(benchmark)
    assert benchmark.name.islower()
    assert benchmark.max_new_tokens >= 64
    copied = pickle.loads(pickle.dumps(benchmark))  # as it reaches a worker
    assert type(copied) is type(benchmark) and vars(copied) == vars(benchmark)
    for row in ({}, {"text": "?"}, {"question": "q"}, {"question": 3, "answer": []}, *malformed):
        with pytest.raises(ValueError, match=r"\w") as caught:
            benchmark.parse(row, index=0)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("benchmark", "file", "count"), SMALL, ids=name)
def test_small_file(benchmark, file, count):
    check_file(benchmark, str(FIXTURES / file), count)


@pytest.mark.parametrize("benchmark", ADAPTERS.values(), ids=name)
def test_adapter(benchmark):
    check_adapter(benchmark)


@needs_official
@pytest.mark.parametrize("kind", ADAPTERS, ids=name)
def test_official_files_load_whole(kind):
    for benchmark, file, count in WHOLE:
        if type(benchmark) is kind:
            examples = read(benchmark, str(OFFICIAL / file))
            assert len(examples) == len({example.id for example in examples}) == count, file
            for example in examples:
                assert benchmark.matches(benchmark.extract(f"### {example.answer}"), example.answer), example.id


@needs_official
def test_equations_of_the_original_are_those_of_the_augmented_file():
    pairs = [read(WHOLE[number][0], str(OFFICIAL / WHOLE[number][1])) for number in (1, 4)]
    assert pairs[0] == pairs[1]
