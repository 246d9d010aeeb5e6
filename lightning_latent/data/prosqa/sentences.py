"""The sentences of ProsQA: what a graph and its question read like."""

import random
import re
from collections.abc import Sequence
from typing import Any

from lightning_latent.data.prosqa.graph import ProsQAGraph

# The names and nouns of the published files, as lists that fit on the page.
NAMES = tuple(
    "Alex Bob Carol Davis Eva Fae Gabriel Jack Max Oliver Polly Rex Sally Sam Stella Tom Wren".split()  # noqa: SIM905
)
NOUNS = tuple(
    """
    bompus boompus brimpus chorpus dumpus felpus fompus gerpus gorpus grimpus gwompus hilpus impus jelpus jompus kerpus
    lempus lorpus numpus quimpus rempus rompus rorpus scrompus shumpus sterpus storpus terpus timpus tumpus vumpus
    worpus wumpus yerpus yimpus yumpus zhorpus zumpus
    """.split()  # noqa: SIM905
)
_ASKED = re.compile(r"\bIs (\w+) a (\w+) or (\w+)\?$")


def candidates(question: str) -> tuple[str, ...]:
    """The two sentences between which the end of a question asks to choose; none where it does not ask like that.

    >>> candidates("Tom is a terpus. Every terpus is a brimpus. Is Tom a brimpus or lempus?")
    ('Tom is a brimpus.', 'Tom is a lempus.')
    """
    asked = _ASKED.search(question)
    return (f"{asked[1]} is a {asked[2]}.", f"{asked[1]} is a {asked[3]}.") if asked else ()


def row_of(
    graph: ProsQAGraph, rng: random.Random, *, names: Sequence[str] = NAMES, nouns: Sequence[str] = NOUNS
) -> dict[str, Any]:
    """A graph in ProsQA's sentences, as a row of the published files without their copy of the graph.

    Nodes without parents are people, the others kinds; statements come in random order, and the target is named first
    in half of the questions.
    """
    children = {child for _, child in graph.edges}
    people = [n for n in range(graph.num_nodes) if n not in children]
    kinds = [n for n in range(graph.num_nodes) if n in children]
    symbol = dict(zip(people, rng.sample(names, len(people)), strict=True))
    symbol |= dict(zip(kinds, rng.sample(nouns, len(kinds)), strict=True))

    def sentence(parent: int, child: int) -> str:
        subject = symbol[parent] if parent in people else f"Every {symbol[parent]}"
        return f"{subject} is a {symbol[child]}."

    order = list(graph.edges)
    rng.shuffle(order)
    first, second = rng.sample([graph.target, graph.distractor], 2)
    statements = " ".join(sentence(*edge) for edge in order)
    who = symbol[graph.root]
    return {
        "question": f"{statements} Is {who} a {symbol[first]} or {symbol[second]}?",
        "answer": f"{who} is a {symbol[graph.target]}.",
        "steps": [sentence(*edge) for edge in zip(graph.path, graph.path[1:], strict=False)],
    }
