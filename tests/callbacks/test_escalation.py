"""Rounds in which only the questions take part that are not sure yet."""

import torch

from lightning_latent.callbacks.escalation import Spent, escalate

NEEDED = [1, 3, 2, 9]


def test_a_question_is_asked_until_it_is_sure() -> None:
    asked: list[tuple[int, list[int]]] = []

    def ask(number: int, rows: list[int]) -> list[bool]:
        asked.append((number, list(rows)))
        return [NEEDED[row] <= number + 1 for row in rows]

    spent = escalate(ask, size=4, rounds=4, device=torch.device("cpu"))
    assert asked == [(0, [0, 1, 2, 3]), (1, [1, 2, 3]), (2, [1, 3]), (3, [3])]
    assert spent.rounds == [1, 3, 2, 4]


def test_it_ends_when_all_are_sure() -> None:
    assert escalate(lambda number, rows: [True] * len(rows), size=2, rounds=5, device=torch.device("cpu")).rounds == [
        1,
        1,
    ]


def test_a_rounds_time_is_shared_by_those_in_it(monkeypatch) -> None:
    times = iter([0.0, 4.0, 10.0, 12.0])  # two rounds, of 4 and of 2 seconds
    monkeypatch.setattr("lightning_latent.callbacks.escalation.clock", lambda device: next(times))
    spent = escalate(lambda number, rows: [row < 2 for row in rows], size=4, rounds=2, device=torch.device("cpu"))
    assert spent == Spent([1, 1, 2, 2], [1.0, 1.0, 2.0, 2.0])
