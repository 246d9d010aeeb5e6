"""What can be answered of ProsQA without following the path, by looking at the candidates alone."""

from collections import defaultdict
from collections.abc import Mapping

from lightning_latent.data.prosqa.reading import read_question


def depth(node: str, parents: Mapping[str, set[str]]) -> int:
    """Steps backwards from a node to the nearest one without parents.

    >>> depth("c", {"c": {"b", "d"}, "b": {"a"}, "a": set(), "d": {"b"}})
    2
    """
    level, seen, steps = {node}, {node}, 0
    while all(parents[n] for n in level):
        level = {parent for n in level for parent in parents[n]} - seen
        if not level:  # a circle has no beginning
            return steps
        seen |= level
        steps += 1
    return steps


def deeper_candidate(question: str) -> str | None:
    """The answer that the depth rule gives: the candidate farther below the nearest node that nothing points to.

    It needs no search from the person asked about, only a look backwards from either candidate. None for a tie, and for
    what is not in ProsQA's sentences.

    >>> deeper_candidate("Tom is a terpus. Every terpus is a gorpus. Eva is a lempus. Is Tom a gorpus or lempus?")
    'Tom is a gorpus.'
    """
    told = read_question(question)
    if told is None:
        return None
    parents: dict[str, set[str]] = defaultdict(set)
    for parent, child in told.edges:
        parents[child].add(parent)
    first, second = depth(told.first, parents), depth(told.second, parents)
    if first == second:
        return None
    return f"{told.who} is a {told.first if first > second else told.second}."
