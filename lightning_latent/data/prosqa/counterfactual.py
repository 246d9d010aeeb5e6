"""ProsQA's questions with one edge changed so that the other candidate is the answer."""

import random
from collections.abc import Sequence
from itertools import pairwise

from lightning_latent.data.example import Example
from lightning_latent.data.prosqa.graph import shortest_paths
from lightning_latent.data.prosqa.reading import Told, read_question, sentence, tell

Edge = tuple[str, str]


def flipped(example: Example, rng: random.Random) -> Example | None:
    """Point one fact on the way to the answer elsewhere, so that the way leads to the other candidate.

    Everything else stays as it is told. Of the possible changes, one is drawn that keeps the number of steps, or comes
    nearest to that. The candidate that is no longer right still stands in the facts: its absence gives nothing away.

    None where the question is not in ProsQA's sentences, its answer does not follow from them, or no such change is.
    """
    told = read_question(example.question)
    if told is None:
        return None
    before = paths(told.edges, told.who)
    right, wrong = (told.first, told.second) if told.first in before else (told.second, told.first)
    if right not in before or wrong in before or example.answer != sentence("", told.who, right):
        return None
    changes = [
        (abs(len(after[wrong]) - len(before[right])), place, head)
        for place, (tail, _) in enumerate(told.edges)
        if tail in before
        for head in told.kinds
        if (after := _after(told, place, head, right=right, wrong=wrong)) is not None
    ]
    if not changes:
        return None
    nearest = min(change[0] for change in changes)
    _, place, head = rng.choice([change for change in changes if change[0] == nearest])
    new = _changed(told, place, head)
    way = paths(new.edges, new.who)[wrong]
    facts = {(one, other): every for every, one, other in new.facts}
    return example._replace(
        id=f"{example.id}/flipped",
        question=tell(new),
        steps=tuple(sentence(facts[edge], *edge) for edge in pairwise(way)),
        answer=sentence("", new.who, wrong),
    )


def paths(edges: Sequence[Edge], source: str) -> dict[str, tuple[str, ...]]:
    """A shortest path, both ends included, from `source` to each name that it leads to; see `shortest_paths`."""
    names = list(dict.fromkeys([source, *(name for edge in edges for name in edge)]))
    number = {name: index for index, name in enumerate(names)}
    found = shortest_paths([(number[one], number[other]) for one, other in edges], number[source])
    return {names[node]: tuple(names[step] for step in path) for node, path in found.items()}


def _changed(told: Told, place: int, head: str) -> Told:
    every, one, _ = told.facts[place]
    return told._replace(facts=(*told.facts[:place], (every, one, head), *told.facts[place + 1 :]))


def _after(told: Told, place: int, head: str, *, right: str, wrong: str) -> dict[str, tuple[str, ...]] | None:
    """The paths after a fact is pointed to `head`; None where that does not flip the answer, or spoils the graph."""
    tail = told.edges[place][0]
    if (tail, head) in told.edges:
        return None
    edges = _changed(told, place, head).edges
    after = paths(edges, told.who)
    flips = wrong in after and right not in after and any(other == right for _, other in edges)
    return after if flips and tail not in paths(edges, head) else None
