"""Questions of ProsQA's kind on which only following the path tells the two candidates apart."""

import random
from dataclasses import dataclass

from lightning_latent.bounds import NonNegativeInt
from lightning_latent.data.prosqa.generated import ProsQASource
from lightning_latent.data.prosqa.graph import ProsQAGraph, poisson
from lightning_latent.errors import UserError

_IN_DEGREE = 1.0  # mean of the Poisson number of parents of a dead end, before it is raised to one
_SHARED = 0.2  # of the dead ends, those that may descend from either root


@dataclass(kw_only=True, eq=False)
class BalancedProsQA(ProsQASource):
    """Two paths of one length, one below each of two people, and dead ends beside them.

    In ProsQA's own graphs the wrong candidate often lies just below the other person, while the right one is deep: in
    small graphs one look at what stands before a candidate answers 85 of 100 questions. Here both candidates are
    equally far below a person of their own, drawn alike in everything else, and either person may be asked about.
    Nothing short of the path says which candidate is the right one: who cannot follow it, guesses. The number of steps
    is drawn uniformly.

    Args:
        dead_ends: Nodes beside the two paths.
    """

    kind = "balanced"

    dead_ends: NonNegativeInt = 4

    def __post_init__(self) -> None:
        if self.dead_ends < 0:
            raise UserError(f"dead_ends is {self.dead_ends}; it must be at least 0")
        self.num_nodes = 2 * (self.max_hops + 1) + self.dead_ends
        super().__post_init__()

    def draw(self, rng: random.Random) -> ProsQAGraph:
        """See `ProsQASource.draw`."""
        return balanced_graph(rng, hops=rng.randint(self.min_hops, self.max_hops), dead_ends=self.dead_ends)


def balanced_graph(rng: random.Random, *, hops: int, dead_ends: int) -> ProsQAGraph:
    """Draw two paths of `hops` edges and, beside them, `dead_ends` nodes that lead to neither candidate."""
    on_paths = 2 * (hops + 1)  # even nodes below root 0, odd ones below root 1
    edges = [(node - 2, node) for node in range(2, on_paths)]
    below = [list(range(side, on_paths - 2, 2)) for side in (0, 1)]
    for node in range(on_paths, on_paths + dead_ends):
        shared, side = rng.random() < _SHARED, rng.randrange(2)
        candidates = below[0] + below[1] if shared else below[side]
        parents = rng.sample(candidates, min(len(candidates), max(1, poisson(rng, _IN_DEGREE))))
        edges += [(parent, node) for parent in sorted(parents)]
        for own in below:
            if set(parents) <= set(own):
                own.append(node)
    root = rng.randrange(2)
    path = tuple(range(root, on_paths, 2))
    return ProsQAGraph(
        num_nodes=on_paths + dead_ends,
        edges=tuple(edges),
        root=root,
        target=path[-1],
        distractor=on_paths - 1 - root,
        path=path,
    )
