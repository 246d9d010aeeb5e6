"""Every example exactly once, whatever the world size, the workers and the shuffle."""

from collections.abc import Iterator

import pytest

from lightning_latent.data.example import Example
from lightning_latent.data.source import ExampleSource, FirstExamples, KeyedSource
from lightning_latent.data.stream import BatchStream, Share, batches_of_keys, batches_of_shards, shuffled


def example(number: int) -> Example:
    return Example(id=str(number), question=f"q{number}", steps=(), answer="a")


class Keys(KeyedSource):
    """Numbered examples, counting how many were made."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.made = 0

    def __len__(self) -> int:
        return self.size

    def iter_keys(self) -> Iterator[int]:
        return iter(range(self.size))

    def load(self, key: int) -> Example:
        self.made += 1
        return example(key)


class Numbers(ExampleSource):
    """The same as a source without keys."""

    def __init__(self, size: int, *, sized: bool = True) -> None:
        self.size = size
        self.sized = sized

    def __len__(self) -> int:
        return self.size if self.sized else super().__len__()

    def iter_examples(self, shard: int, num_shards: int, skip: int = 0) -> Iterator[Example]:
        return map(example, range(shard + skip * num_shards, self.size, num_shards))


def batches(source: ExampleSource, share: Share) -> list[list[str]]:
    if isinstance(source, KeyedSource):
        made = batches_of_keys(source, source.iter_keys(), share)
    else:
        made = batches_of_shards(source, share)
    return [[item.id for item in batch] for batch in made]


def by_workers(source: ExampleSource, share: Share, workers: int) -> list[list[str]]:
    """What a `DataLoader` makes of its workers' streams: it takes a batch from each in turn."""
    streams = [batches(source, share._replace(worker=worker, workers=workers)) for worker in range(workers)]
    turns = range(max(map(len, streams), default=0))
    return [stream[turn] for turn in turns for stream in streams if turn < len(stream)]


SOURCES = [Keys, Numbers, lambda size: Numbers(size, sized=False)]


@pytest.mark.parametrize("make", SOURCES)
@pytest.mark.parametrize("even", [False, True])
@pytest.mark.parametrize("world", [1, 2, 3, 8])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_shares_are_disjoint_and_complete(make, even, world, batch_size):
    for size in (1, 4, 8, 13):
        source = make(size)
        if even and not isinstance(source, KeyedSource) and not source.sized:
            continue
        shares = [Share(batch_size, rank=rank, world=world, even=even) for rank in range(world)]
        ranks = [batches(source, share) for share in shares]
        found = [item for made in ranks for batch in made for item in batch]
        assert sorted(found, key=int) == [str(number) for number in range(size)]
        assert [len(made) for made in ranks] == [share.batches(size) for share in shares]
        assert all(len(batch) == batch_size for made in ranks for batch in made[:-2])
        if even:
            assert len({len(made) for made in ranks}) == 1
        else:
            assert all(made == [[]] or all(made) for made in ranks)  # none has no batch: it would not be evaluated


@pytest.mark.parametrize("make", SOURCES)
@pytest.mark.parametrize("workers", [2, 3, 5])
@pytest.mark.parametrize("first", [0, 1, 3])
def test_workers_change_nothing(make, workers, first):
    source = make(23)
    for rank in range(2):
        share = Share(4, rank=rank, world=2, even=isinstance(source, Keys))
        assert by_workers(source, share._replace(first=first), workers) == batches(source, share)[first:]


def test_only_the_own_examples_are_made():
    source = Keys(100)
    batches(source, Share(5, rank=1, world=4, worker=1, workers=2))
    assert source.made == 10


@pytest.mark.parametrize("buffer_size", [0, 1, 7, 50, 1000])
def test_shuffle_keeps_every_item(buffer_size):
    order = list(shuffled(iter(range(50)), buffer_size=buffer_size, seed=1, epoch=2))
    assert sorted(order) == list(range(50))
    assert order == list(shuffled(iter(range(50)), buffer_size=buffer_size, seed=1, epoch=2))
    assert (order == list(range(50))) == (buffer_size < 2)
    if buffer_size > 1:
        others = [(1, 3), (2, 2)]
        assert all(
            order != list(shuffled(iter(range(50)), buffer_size=buffer_size, seed=s, epoch=e)) for s, e in others
        )


def test_shuffle_is_uniform_when_the_buffer_holds_all():
    first = [next(shuffled(iter(range(4)), buffer_size=9, seed=seed, epoch=0)) for seed in range(2000)]
    assert all(420 < first.count(item) < 580 for item in range(4))  # 500 expected, standard deviation 19


def test_first_examples_cuts_every_shard():
    source = FirstExamples(Numbers(100), 7)
    shards = [[item.id for item in source.iter_examples(shard, 3, skip=1)] for shard in range(3)]
    assert shards == [["3", "6"], ["4"], ["5"]]
    assert len(source) == 7
    assert len(FirstExamples(Numbers(5), 7)) == 5


def test_stream_shuffles_keys():
    order = [item.id for batch in BatchStream(Keys(30), Share(4), shuffle_buffer=8, seed=3) for item in batch]
    assert order != sorted(order, key=int)
    assert sorted(order, key=int) == [str(number) for number in range(30)]
