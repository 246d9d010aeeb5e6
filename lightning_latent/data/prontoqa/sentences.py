"""The sentences of ProntoQA: its people, classes and properties, and what a graph with a property reads like."""

import random
from collections.abc import Sequence
from typing import Any

from lightning_latent.data.prosqa.graph import ProsQAGraph

ASK = "True or false:"

# The words of the published files, as lists that fit on the page.
PEOPLE = tuple("Alex Fae Max Polly Rex Sally Sam Stella Wren".split())  # noqa: SIM905
CLASSES = tuple(
    """
    brimpus dumpus gorpus grimpus impus jompus lempus lorpus numpus rompus shumpus sterpus tumpus vumpus wumpus yumpus
    zumpus
    """.split()  # noqa: SIM905
)
PROPERTIES = tuple(
    """
    aggressive amenable angry bitter blue bright brown cold discordant dull earthy fast feisty floral fruity happy hot
    kind large liquid loud luminous mean melodic metallic moderate muffled nervous opaque orange overcast rainy red shy
    slow small snowy sour spicy sunny sweet temperate transparent windy wooden
    """.split()  # noqa: SIM905
)


def row_of(
    graph: ProsQAGraph,
    rng: random.Random,
    *,
    people: Sequence[str] = PEOPLE,
    classes: Sequence[str] = CLASSES,
    properties: Sequence[str] = PROPERTIES,
) -> dict[str, Any]:
    """A graph in ProntoQA's sentences, as a row of the Coconut repository's files.

    Target and distractor have the same property, one of them negated; which one, and whether the question negates it,
    is drawn. Nodes without parents are people, the others classes; statements come in random order.
    """
    children = {child for _, child in graph.edges}
    roots = [n for n in range(graph.num_nodes) if n not in children]
    kinds = [n for n in range(graph.num_nodes) if n in children]
    symbol = dict(zip(roots, rng.sample(people, len(roots)), strict=True))
    symbol |= dict(zip(kinds, (f"Every {name}" for name in rng.sample(classes, len(kinds))), strict=True))
    quality = rng.choice(properties)
    said = dict(zip((graph.target, graph.distractor), rng.sample([quality, f"not {quality}"], 2), strict=True))

    def sentence(parent: int, child: int) -> str:
        name = symbol[child].removeprefix("Every ")
        return f"{symbol[parent]} is {'an' if name[0] in 'aeiou' else 'a'} {name}."

    statements = [sentence(*edge) for edge in graph.edges]
    statements += [f"{symbol[node]} is {said[node]}." for node in (graph.target, graph.distractor)]
    rng.shuffle(statements)
    who, asked = symbol[graph.root], rng.choice([quality, f"not {quality}"])
    return {
        "question": f"{' '.join(statements)} {ASK} {who} is {asked}.",
        "answer": str(asked == said[graph.target]),
        "steps": [
            *(sentence(*edge) for edge in zip(graph.path, graph.path[1:], strict=False)),
            f"{symbol[graph.target]} is {said[graph.target]}.",
        ],
    }
