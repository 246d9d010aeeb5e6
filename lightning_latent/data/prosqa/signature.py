"""Which graphs belong to training and which to evaluation: a hash that does not look at names and order.

It is made of Python's hash of tuples of integers, written out so that the split is the same on every Python.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from lightning_latent.data.prosqa.graph import ProsQAGraph

_BITS = (1 << 64) - 1
_PRIME_1, _PRIME_2, _PRIME_5 = 11400714785074694791, 14029467366897019727, 2870177450012600261  # of xxHash


def tuple_hash(value: int | tuple[Any, ...]) -> int:
    """The hash that CPython, from 3.8 on, gives to an integer or to nested tuples of integers on 64 bits.

    >>> tuple_hash((1, (2, -3), ()))
    8587133807417545132
    """
    if isinstance(value, int):
        remainder = abs(value) % ((1 << 61) - 1)
        signed = remainder if value >= 0 else -remainder
        return -2 if signed == -1 else signed
    state = _PRIME_5
    for item in value:
        state = (state + tuple_hash(item) * _PRIME_2) & _BITS
        state = ((state << 31 | state >> 33) & _BITS) * _PRIME_1 & _BITS
    state = (state + (len(value) ^ _PRIME_5 ^ 3527539)) & _BITS
    if state == _BITS:
        return 1546275796
    return state - (1 << 64) if state >> 63 else state


_PROBE = ((), (0, (), -1, ()), (-1, (1, 2), -(1 << 62), ((1 << 63) - 1, (3,))))
# The interpreter's own is many times faster; it is taken as long as it is the same.
_hash: Callable[[tuple[Any, ...]], int] = hash if hash(_PROBE) == tuple_hash(_PROBE) else tuple_hash


def signature(graph: ProsQAGraph) -> int:
    """A hash that isomorphic questions share: three rounds of Weisfeiler-Lehman colour refinement."""
    marks = {graph.root: 1, graph.target: 2, graph.distractor: 3}
    colour = [marks.get(n, 0) for n in range(graph.num_nodes)]
    for _ in range(3):
        ins: list[list[int]] = [[] for _ in colour]
        outs: list[list[int]] = [[] for _ in colour]
        for parent, child in graph.edges:
            ins[child].append(colour[parent])
            outs[parent].append(colour[child])
        colour = [_hash((c, tuple(sorted(i)), -1, tuple(sorted(o)))) for c, i, o in zip(colour, ins, outs, strict=True)]
    digest = hashlib.blake2b(repr(sorted(colour)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")
