"""Every example exactly once, whatever the world size, the workers and the shuffle."""

from collections.abc import Iterable, Iterator

import pytest

from lightning_latent.data import Example, ExampleSource
from lightning_latent.data.streaming.share import Share, read_batches
from lightning_latent.data.streaming.source import FirstExamples, at_positions, shuffled


class Numbers(ExampleSource):
    """Numbered examples, counting how many were made."""

    def __init__(self, size: int, *, sized: bool = True) -> None:
        self.size = size
        self.sized = sized
        self.made = 0

    def __len__(self) -> int:
        return self.size if self.sized else super().__len__()

    def iter_examples(self, positions: Iterable[int]) -> Iterator[Example]:
        for number in at_positions(range(self.size), positions):
            self.made += 1
            yield Example(id=str(number), question=f"q{number}", steps=(), answer="a")


def batches(source: ExampleSource, share: Share) -> list[list[str]]:
    return [[item.id for item in batch] for batch in read_batches(source, share)]


def by_workers(source: ExampleSource, share: Share, workers: int) -> list[list[str]]:
    """What a `DataLoader` makes of its workers' streams: it takes a batch from each in turn."""
    streams = [batches(source, share._replace(worker=worker, workers=workers)) for worker in range(workers)]
    turns = range(max(map(len, streams), default=0))
    return [stream[turn] for turn in turns for stream in streams if turn < len(stream)]


@pytest.mark.parametrize("even", [False, True])
@pytest.mark.parametrize("sized", [False, True])
def test_shares_are_disjoint_and_complete(sized, even):
    for size in (1, 4, 8, 13):
        for world in (1, 2, 3, 8):
            for batch_size in (1, 4):
                shares = [Share(batch_size, rank=rank, world=world, even=even) for rank in range(world)]
                ranks = [batches(Numbers(size, sized=sized), share) for share in shares]
                found = [item for made in ranks for batch in made for item in batch]
                assert sorted(found, key=int) == [str(number) for number in range(size)]
                assert [len(made) for made in ranks] == [share.batches(size) for share in shares]
                assert all(len(batch) == batch_size for made in ranks for batch in made[:-2])
                if even:
                    assert len({len(made) for made in ranks}) == 1
                else:
                    assert all(made == [[]] or all(made) for made in ranks)  # no batch would be no evaluation


@pytest.mark.parametrize("even", [False, True])
@pytest.mark.parametrize("workers", [2, 3, 5])
def test_workers_change_nothing(even, workers):
    source = Numbers(23)
    for rank in range(2):
        share = Share(4, rank=rank, world=2, even=even)
        for first in (0, 1, 3):
            assert by_workers(source, share._replace(first=first), workers) == batches(source, share)[first:]


def test_the_ranks_of_an_uneven_end():
    assert batches(Numbers(5), Share(2, rank=1, world=2)) == [["1", "3"]]
    assert batches(Numbers(5), Share(2, rank=1, world=2, even=True)) == [["1", "3"], []]


@pytest.mark.parametrize(("even", "made"), [(False, 10), (True, 12)])
def test_only_the_own_examples_are_made(even, made):
    source = Numbers(100)
    batches(source, Share(5, rank=1, world=4, worker=1, workers=2, even=even))
    assert source.made == made  # of two batches; in training also the first example of each, which is rank 0's


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


def test_first_examples_are_the_first():
    source = FirstExamples(Numbers(100), 7)
    assert [item.id for item in source] == list("0123456")
    assert [item.id for item in source.iter_examples([1, 6, 7, 50])] == ["1", "6"]
    assert len(source) == 7
    assert len(FirstExamples(Numbers(5), 7)) == 5
