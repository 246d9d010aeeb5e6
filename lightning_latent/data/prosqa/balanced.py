"""Questions of ProsQA's kind on which only following the path tells the two candidates apart."""

import random
from collections.abc import Sequence
from typing import Literal

from lightning_latent.data.prosqa.generated import GeneratedProsQA
from lightning_latent.data.prosqa.graph import ProsQAGraph, poisson
from lightning_latent.data.prosqa.sentences import NAMES, NOUNS
from lightning_latent.errors import UserError

_IN_DEGREE = 1.0  # mean of the Poisson number of parents of a dead end, before it is raised to one
_SHARED = 0.2  # of the dead ends, those that may descend from either root


class BalancedProsQA(GeneratedProsQA):
    """Two paths of one length, one below each of two people, and dead ends beside them.

    In ProsQA's own graphs the wrong candidate often lies just below the other person, while the right one is deep: in
    small graphs one look at what stands before a candidate answers 85 of 100 questions. Here both candidates are
    equally far below a person of their own, drawn alike in everything else, and either person may be asked about.
    Nothing short of the path says which candidate is the right one: who cannot follow it, guesses.

    Args:
        size: Questions an epoch.
        split: `train` draws new questions every epoch, `evaluation` the same ones always.
        seed: Seed of the questions.
        start: Number of the first question, so that two runs can take questions that neither shares.
        dead_ends: Nodes beside the two paths.
        min_hops: Least number of steps of an answer; the number is drawn uniformly.
        max_hops: Greatest number of steps.
        names: Names of people.
        nouns: Names of kinds.
    """

    kind = "balanced"

    def __init__(
        self,
        *,
        size: int,
        split: Literal["train", "evaluation"] = "train",
        seed: int = 0,
        start: int = 0,
        dead_ends: int = 4,
        min_hops: int = 3,
        max_hops: int = 6,
        names: Sequence[str] = NAMES,
        nouns: Sequence[str] = NOUNS,
    ) -> None:
        if dead_ends < 0:
            raise UserError(f"dead_ends is {dead_ends}; it must be at least 0")
        super().__init__(
            size=size,
            split=split,
            seed=seed,
            start=start,
            num_nodes=2 * (max_hops + 1) + dead_ends,
            min_hops=min_hops,
            max_hops=max_hops,
            names=names,
            nouns=nouns,
        )
        self.dead_ends = dead_ends

    def draw(self, rng: random.Random) -> ProsQAGraph:
        """Draw a graph, of whichever split."""
        hops = rng.randint(self.min_hops, self.max_hops)
        return balanced_graph(rng, hops=hops, dead_ends=self.dead_ends)


def balanced_graph(rng: random.Random, *, hops: int, dead_ends: int) -> ProsQAGraph:
    """Draw two paths of `hops` edges and, beside them, nodes that lead to neither candidate.

    Args:
        rng: Source of randomness.
        hops: Edges of either path.
        dead_ends: Nodes beside the paths.
    """
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
