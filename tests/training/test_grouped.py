"""Batches of like length: the same questions, less padding."""

from collections.abc import Iterable

from lightning_latent.data import BalancedProsQA
from lightning_latent.data.example import Example
from lightning_latent.training import LengthGrouped


def source(size: int = 70) -> BalancedProsQA:
    return BalancedProsQA(size=size, dead_ends=2, min_hops=1, max_hops=4)


def padding(examples: Iterable[Example]) -> float:
    """Share of padding where questions and steps are padded apart, in batches of four."""
    examples, empty, real = list(examples), 0, 0
    for part in (lambda e: len(e.question), lambda e: len("".join(e.steps))):
        for start in range(0, len(examples), 4):
            lengths = [part(example) for example in examples[start : start + 4]]
            real += sum(lengths)
            empty += len(lengths) * max(lengths) - sum(lengths)
    return empty / real


def test_the_questions_are_the_same_and_each_occurs_once():
    grouped, plain = LengthGrouped(source=source(), batch_size=4, batches=8), source()
    for epoch in range(2):
        grouped.set_epoch(epoch)
        plain.set_epoch(epoch)
        assert len(grouped) == len(plain) == 70
        assert sorted(example.id for example in grouped) == sorted(example.id for example in plain)
        assert padding(grouped) < padding(plain) / 2
        lengths = [len(example.question) for example in grouped]
        assert lengths != sorted(lengths)  # the batches come in another order


def test_any_positions_may_be_asked_for():
    """As ranks and workers do, and a run that goes on within an epoch."""
    grouped = LengthGrouped(source=source(), batch_size=4, batches=8)
    everything = [example.id for example in grouped]
    for positions in (range(1, 70, 2), [5, 40, 69], range(33, 100), [70]):
        found = [example.id for example in grouped.iter_examples(iter(positions))]
        assert found == [everything[position] for position in positions if position < 70]
