"""Every adapter keeps to what `check_benchmark` asks for, on small files of its own, and reads the official ones."""

import pytest

from lightning_latent.data import Benchmark, Example
from lightning_latent.data.streaming.row_source import open_rows
from lightning_latent.testing import check_benchmark

from ..fixtures import FIXTURES, OFFICIAL, SMALL, WHOLE

ADAPTERS = {type(benchmark) for benchmark, _, _ in SMALL}
needs_official = pytest.mark.skipif(
    not OFFICIAL.is_dir(), reason="the official files are not here; name their folder in LATENT_DATA"
)


def read(benchmark: Benchmark, path: str) -> list[Example]:
    return list(open_rows(path, benchmark, default_split="test", streaming=True))


def name(value) -> str:
    return getattr(value, "__name__", type(value).__name__) if not isinstance(value, str | int) else str(value)


@pytest.mark.parametrize(("benchmark", "file", "count"), SMALL, ids=name)
def test_small_file(benchmark, file, count):
    assert len(check_benchmark(benchmark, FIXTURES / file)) == count


@needs_official
@pytest.mark.parametrize("kind", sorted(ADAPTERS, key=name), ids=name)
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
