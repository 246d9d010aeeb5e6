"""The data module alone: splits, limits, deduplication, sharding and clear errors."""

from collections.abc import Iterable, Iterator

import pytest
import yaml
from jsonargparse import ArgumentParser

from lightning_latent.data import GSM8K, Example, ExampleSource, LatentDataModule, ProsQA
from lightning_latent.data.streaming.source import at_positions
from lightning_latent.errors import UserError

from .conftest import prosqa_rows


def ids(loader) -> list[str]:
    return [example.id for batch in loader for example in batch]


def module(**arguments) -> LatentDataModule:
    return LatentDataModule(benchmark=ProsQA(), **arguments)


class Counting(ExampleSource):
    """Examples that name the epoch they were made in."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.epoch = 0

    def __len__(self) -> int:
        return self.size

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def iter_examples(self, positions: Iterable[int]) -> Iterator[Example]:
        for number in at_positions(range(self.size), positions):
            yield Example(id=f"{self.epoch}/{number}", question=f"q{number}", steps=(), answer="a")


class Endless(Counting):
    """The same without a length."""

    def __len__(self) -> int:
        raise TypeError


@pytest.mark.parametrize("workers", [0, 2])
def test_streaming_and_memory_give_the_same(write_rows, workers):
    path = write_rows("small.jsonl", prosqa_rows(11))
    made = [
        list(module(test=path, eval_batch_size=3, streaming=streaming, num_workers=workers).test_dataloader())
        for streaming in (True, False)
    ]
    assert made[0] == made[1]
    assert [len(batch) for batch in made[0]] == [3, 3, 3, 2]
    assert ids(made[0]) == [f"prosqa/small/{n}" for n in range(11)]
    assert all(
        isinstance(example, Example) and isinstance(example.steps, tuple) for batch in made[1] for example in batch
    )


def test_training_order_is_the_same_in_memory_if_the_buffer_holds_all(write_rows):
    path = write_rows("small.jsonl", prosqa_rows(20))
    orders = [ids(module(train=path, streaming=streaming).train_dataloader()) for streaming in (True, False)]
    assert orders[0] == orders[1] != sorted(orders[0])


def test_training_order_changes_with_epoch_and_seed_only(write_rows, as_rank):
    path = write_rows("small.jsonl", prosqa_rows(20))
    data = module(train=path, shuffle_buffer=6, batch_size=4)
    data.trainer = as_rank(0, 1)
    loader = data.train_dataloader()
    first, again = ids(loader), ids(loader)
    data.trainer.current_epoch = 1
    second = ids(loader)
    other = ids(module(train=path, shuffle_buffer=6, batch_size=7, seed=1).train_dataloader())
    assert first == again == ids(module(train=path, shuffle_buffer=6, batch_size=5, num_workers=2).train_dataloader())
    assert len({tuple(order) for order in (first, second, other)}) == 3
    assert sorted(first) == sorted(second) == sorted(other)


@pytest.mark.parametrize(
    ("size", "world", "workers", "streaming"), [(13, 2, 0, True), (5, 4, 0, False), (3, 8, 0, True), (13, 2, 2, False)]
)
def test_ranks_share_the_examples(write_rows, as_rank, size, world, workers, streaming):
    path = write_rows("small.jsonl", prosqa_rows(size))
    train, test = [], []
    for rank in range(world):
        data = module(
            train=path, test=path, batch_size=2 * world, eval_batch_size=2, streaming=streaming, num_workers=workers
        )
        data.trainer = as_rank(rank, world)
        train.append(list(data.train_dataloader()))
        test.append(list(data.test_dataloader()))
        assert len(data.train_dataloader()) == len(train[-1])
        assert len(data.test_dataloader()) == len(test[-1])
    for split in (train, test):
        assert sorted(name for batches in split for name in ids(batches)) == sorted(
            f"prosqa/small/{n}" for n in range(size)
        )
    assert len({len(batches) for batches in train}) == 1
    assert all(batches == [[]] or all(batches) for batches in test)  # every rank takes part in an evaluation


def test_slices_and_limits_keep_ids(write_rows):
    path = write_rows("small.jsonl", prosqa_rows(10))
    data = module(train=path + "[6:]", validation=path + "[:6]", test=path + "[2:5]", max_eval=2)
    assert sorted(ids(data.train_dataloader())) == [f"prosqa/small/{n}" for n in range(6, 10)]
    assert ids(data.val_dataloader()) == ["prosqa/small/0", "prosqa/small/1"]
    assert ids(data.test_dataloader()) == ["prosqa/small/2", "prosqa/small/3"]
    assert ids(data.predict_dataloader()) == ids(data.test_dataloader())


@pytest.mark.parametrize("streaming", [True, False])
def test_deduplication_goes_by_letters_and_digits(write_rows, streaming):
    shouted = [{**row, "question": row["question"].upper() + " ?!"} for row in prosqa_rows(2, start=4)]
    data = module(
        train=write_rows("train.jsonl", prosqa_rows(10)),
        validation=write_rows("valid.jsonl", shouted),
        test=write_rows("test.jsonl", prosqa_rows(1) + prosqa_rows(1, start=70)),
        deduplicate=True,
        max_train=5,
        streaming=streaming,
    )
    assert sorted(ids(data.train_dataloader())) == [f"prosqa/train/{n}" for n in (1, 2, 3, 6, 7)]
    assert len(data.train_dataloader()) == 1


def test_deduplication_knows_questions_beyond_the_limit(write_rows):
    data = module(
        train=write_rows("train.jsonl", prosqa_rows(10)),
        validation=write_rows("valid.jsonl", prosqa_rows(3)),
        test=write_rows("test.jsonl", prosqa_rows(3, start=5)),
        deduplicate=True,
        max_eval=1,
    )
    assert sorted(ids(data.train_dataloader())) == [f"prosqa/train/{n}" for n in (3, 4, 8, 9)]
    assert len(ids(data.val_dataloader())) == len(ids(data.test_dataloader())) == 1


def test_example_sources_see_the_epoch_and_are_limited(as_rank):
    data = module(train=Counting(5), validation=Counting(5), max_train=3, max_eval=2, batch_size=2)
    data.trainer = as_rank(0, 1)
    loader = data.train_dataloader()
    data.trainer.current_epoch = 4
    assert ids(loader) == ["4/0", "4/1", "4/2"]
    assert ids(data.val_dataloader()) == ["0/0", "0/1"]


def test_source_without_length(as_rank):
    data = module(train=Endless(5), test=Endless(5), batch_size=2)
    with pytest.warns(UserWarning, match="unknown"):
        loader = data.train_dataloader()
    assert ids(loader) == [f"0/{n}" for n in range(5)]
    with pytest.raises(TypeError):
        len(loader)
    data.trainer = as_rank(1, 2)
    assert ids(data.test_dataloader()) == ["0/1", "0/3"]
    with pytest.warns(UserWarning, match="unknown"):
        assert [len(batch) for batch in data.train_dataloader()] == [1, 1, 0]  # as many as the other device


@pytest.mark.parametrize("workers", [0, 1])
def test_bad_row_is_one_line_even_from_a_worker(write_rows, workers):
    path = write_rows("bad.jsonl", [*prosqa_rows(3), {"question": "only"}])
    loader = module(test=path, num_workers=workers).test_dataloader()
    mend = r"give it one, or answer it by predict \(data.predict\)"
    message = rf"^[^\n]*bad.jsonl:4: not a row of ProsQA: no gold answer \(no field [^\n]*; {mend}$"
    with pytest.raises(UserError, match=message):
        ids(loader)
    with pytest.raises(UserError, match=message):  # before a model is loaded
        module(test=path, streaming=False).setup("test")


def test_a_complaint_quotes_no_whole_field(write_rows):
    path = write_rows("bad.jsonl", [{"question": "q", "steps": [], "answer": "word " * 1000}])
    with pytest.raises(UserError, match=r"the answer .word .*\.\.\.. is not a number; correct or remove") as caught:
        ids(LatentDataModule(benchmark=GSM8K(), test=path).test_dataloader())
    assert len(str(caught.value)) < 600


def test_a_config_names_every_kind_of_source(write_rows, tmp_path):
    config = {
        "benchmark": {"class_path": "lightning_latent.data.GSM8K", "init_args": {"steps": "sentences"}},
        "train": {"class_path": "lightning_latent.data.GeneratedProsQA", "init_args": {"size": 7}},
        "test": write_rows("a.jsonl", prosqa_rows(3)),
    }
    parser = ArgumentParser()
    parser.add_class_arguments(LatentDataModule, "data")
    parsed = parser.parse_object({"data": config})
    assert parsed.data.train.class_path == "lightning_latent.data.GeneratedProsQA"
    assert parsed.data.benchmark.init_args.steps == "sentences"
    assert str(parsed.data.test) == config["test"]
    printed = yaml.safe_load(parser.dump(parsed))["data"]
    assert printed["train"]["init_args"]["size"] == 7 and printed["test"] == config["test"]  # it is a config again
    help_text = parser.format_help()
    assert "Seed of the training order." in help_text


@pytest.mark.parametrize(
    ("arguments", "stage", "message"),
    [
        ({}, "fit", "data.train is not given"),
        ({}, "predict", "data.predict is not given"),
        ({"test": "none.jsonl"}, "test", "none.jsonl: no such file"),
        ({"test": "hub:"}, "test", "not a dataset reference"),
        ({"train": Counting(3), "deduplicate": True}, "fit", "data.deduplicate"),
    ],
)
def test_setup_reports_what_is_missing(arguments, stage, message):
    with pytest.raises(UserError, match=message):
        module(**arguments).setup(stage)


def test_empty_files_and_slices_are_reported(write_rows):
    with pytest.raises(UserError, match=r"empty.jsonl:1: no rows"):
        module(test=write_rows("empty.jsonl", [])).setup("test")
    with pytest.raises(UserError, match=r"the slice is empty; there are 3 rows"):
        module(test=write_rows("a.jsonl", prosqa_rows(3)) + "[3:]").setup("test")


def test_sizes_are_checked():
    with pytest.raises(UserError, match=r"data\.batch_size is 0"):
        module(batch_size=0)
    with pytest.raises(UserError, match=r"data\.max_eval is 0"):
        module(max_eval=0)


def test_state_of_another_order_is_refused(write_rows):
    path = write_rows("small.jsonl", prosqa_rows(10))
    loader = module(train=path, batch_size=2).train_dataloader()
    next(iter(loader))
    state = loader.state_dict()
    with pytest.raises(UserError, match="batch_size was 2, is 3"):
        module(train=path, batch_size=3).train_dataloader().load_state_dict(state)
    with pytest.raises(UserError, match="seed was 0, is 1"):
        module(train=path, batch_size=2, seed=1).train_dataloader().load_state_dict(state)
    rest = module(train=path, batch_size=2, num_workers=2).train_dataloader()
    rest.load_state_dict(state)
    assert len(ids(rest)) == 8
    assert len(ids(rest)) == 10


def test_devices_share_a_training_batch(write_rows, as_rank):
    path = write_rows("small.jsonl", prosqa_rows(24))
    alone = [{example.id for example in batch} for batch in module(train=path, batch_size=6).train_dataloader()]
    parts = []
    for rank in range(2):
        data = module(train=path, batch_size=6)
        data.trainer = as_rank(rank, 2)
        parts.append([{example.id for example in batch} for batch in data.train_dataloader()])
    assert alone == [first | second for first, second in zip(*parts, strict=True)]


def test_batch_that_devices_cannot_share(write_rows, as_rank):
    data = module(train=write_rows("small.jsonl", prosqa_rows(4)), batch_size=3)
    data.trainer = as_rank(0, 2)
    with pytest.raises(UserError, match="multiple of the 2 devices"):
        data.train_dataloader()


def test_the_number_of_devices_may_change_within_an_epoch(write_rows, as_rank):
    path = write_rows("small.jsonl", prosqa_rows(21))
    whole = ids(module(train=path, batch_size=4).train_dataloader())
    loader = module(train=path, batch_size=4).train_dataloader()
    for _ in zip(range(2), loader, strict=False):
        pass
    rest = []
    for rank in range(2):
        data = module(train=path, batch_size=4)
        data.trainer = as_rank(rank, 2)
        loader_of_rank = data.train_dataloader()
        loader_of_rank.load_state_dict(loader.state_dict())
        rest += ids(loader_of_rank)
    assert sorted(rest) == sorted(whole[8:])
