"""What every adapter must do, on small files of its own and on the official ones."""

import pickle

import pytest
from jsonargparse import ArgumentParser

from lightning_latent.data import Benchmark, Example, LatentDataModule
from lightning_latent.data.row_source import open_rows

from .fixtures import FIXTURES, OFFICIAL, SMALL, WHOLE

ADAPTERS = list({type(benchmark): benchmark for benchmark, _, _ in SMALL}.values())


def read(benchmark: Benchmark, path: str) -> list[Example]:
    return list(open_rows(path, benchmark, default_split="test", streaming=True).iter_examples(0, 1))


def name(value) -> str:
    return type(value).__name__ if isinstance(value, Benchmark) else str(value)


@pytest.mark.parametrize(("benchmark", "file", "count"), SMALL, ids=name)
class TestSmallFile:
    """The contract, file by file."""

    def test_examples_are_complete(self, benchmark, file, count):
        examples = read(benchmark, str(FIXTURES / file))
        assert len(examples) == len({example.id for example in examples}) == count
        for example in examples:
            assert example.id.startswith(f"{benchmark.name}/{file.split('/')[1].split('.')[0]}/")
            assert example.question == example.question.strip() != ""
            assert isinstance(example.steps, tuple)
            assert all(step == step.strip() != "" and "\n" not in step for step in example.steps)
            assert example.answer == example.answer.strip() != ""
            assert isinstance(example.options, tuple)
            assert not example.options or example.answer in example.options
            assert pickle.loads(pickle.dumps(example)) == example

    def test_the_gold_answer_is_right_as_the_model_writes_it(self, benchmark, file, count):
        for example in read(benchmark, str(FIXTURES / file)):
            for text in (
                f"### {example.answer}",
                "\n".join((*example.steps, f"### {example.answer}")),
                f"#### {example.answer}\n",
                f"###{example.answer} ",
            ):
                assert benchmark.matches(benchmark.extract(text), example.answer), text

    def test_no_answer_is_wrong(self, benchmark, file, count):
        for example in read(benchmark, str(FIXTURES / file)):
            for text in ("", "###", "### ", "\n".join(example.steps) + "\n###", "Hm."):
                assert not benchmark.matches(benchmark.extract(text), example.answer), text

    def test_only_the_gold_option_is_right(self, benchmark, file, count):
        for example in read(benchmark, str(FIXTURES / file)):
            said = {option: benchmark.extract(f"### {option}") for option in example.options}
            right = [option for option, answer in said.items() if benchmark.matches(answer, example.answer)]
            assert right == [example.answer] * bool(example.options)

    def test_streaming_and_memory_agree(self, benchmark, file, count):
        path = str(FIXTURES / file)
        batches = [
            list(LatentDataModule(benchmark=benchmark, test=path, streaming=streaming).test_dataloader())
            for streaming in (True, False)
        ]
        assert batches[0] == batches[1]


@pytest.mark.parametrize("benchmark", ADAPTERS, ids=name)
class TestAdapter:
    """The contract, apart from any file."""

    def test_a_config_can_name_it(self, benchmark):
        parser = ArgumentParser()
        parser.add_argument("--benchmark", type=Benchmark)
        path = f"{type(benchmark).__module__}.{type(benchmark).__name__}"
        parsed = parser.parse_object({"benchmark": {"class_path": path}})
        assert type(parser.instantiate_classes(parsed).benchmark) is type(benchmark)

    def test_attributes(self, benchmark):
        assert benchmark.name.islower()
        assert benchmark.max_new_tokens >= 64

    @pytest.mark.parametrize("row", [{}, {"text": "?"}, {"question": "q"}, {"question": 3, "answer": []}])
    def test_malformed_rows_are_value_errors(self, benchmark, row):
        with pytest.raises(ValueError, match=r"\w") as caught:
            benchmark.parse(row, index=0)
        assert "\n" not in str(caught.value)

    def test_every_file_is_read_the_same_in_a_worker(self, benchmark):
        copied = pickle.loads(pickle.dumps(benchmark))
        assert type(copied) is type(benchmark)
        assert vars(copied) == vars(benchmark)


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official files are not here; name their folder in LATENT_DATA")
@pytest.mark.parametrize(("benchmark", "file", "count"), WHOLE, ids=name)
def test_official_files_load_whole(benchmark, file, count):
    examples = read(benchmark, str(OFFICIAL / file))
    assert len(examples) == len({example.id for example in examples}) == count
    for example in examples:
        assert benchmark.matches(benchmark.extract(f"### {example.answer}"), example.answer)


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official files are not here; name their folder in LATENT_DATA")
def test_equations_of_the_original_are_those_of_the_augmented_file():
    pairs = [read(WHOLE[number][0], str(OFFICIAL / WHOLE[number][1])) for number in (1, 4)]
    assert pairs[0] == pairs[1]
