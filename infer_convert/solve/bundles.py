"""Parallel branches, which the list shows side by side: each layer of one run feeds its own of the next.

A module of five like branches is listed as five activations, five convolutions, five normalisations. The k-th of one
run feeds the k-th of the next and nothing else: so it is in all but 4 of 1,500 random nets of the benchmark's
grammar, and in all of its tune split. Two equal runs of kinds that are stacked may still be a chain (three recurrent
layers and three dense ones); three are none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from infer_convert.solve.features import Affinity, family
from infer_convert.solve.items import Item

WIDTH = 3
"""Branches of a bundle at least."""
RUNS = 3
"""Equal runs at least, where each kind may be stacked."""
UNSTACKED = frozenset({"BatchNorm", "LayerNorm", "GroupNorm", "RMSNorm", "Activation"})
"""Kinds that nobody puts behind each other."""

SHAPING = frozenset({"Reshape", "Flatten"})
"""Kinds behind which no convolution is expected: side by side with some they are rows of a detector's other heads."""


def bundled(items: Sequence[Item]) -> dict[int, int]:
    """Items whose one consumer the bundles tell, with it."""
    found: dict[int, int] = {}
    runs = list(_runs(items))
    first = 0
    while first < len(runs):
        last = first
        while last < len(runs) and runs[last][1] == runs[first][1]:
            last += 1
        count = runs[first][1]
        for (start, _, kind), (_, _, following) in zip(runs[first : last - 1], runs[first + 1 : last], strict=True):
            if kind in SHAPING and following.startswith(("Conv", "Deconv", "Depthwise", "Separable")):
                continue
            if count >= WIDTH and (last - first >= RUNS or {kind, following} & UNSTACKED):
                found.update((item, item + count) for item in range(start, start + count))
        first = max(last, first + 1)
    return found


def _runs(items: Sequence[Item]) -> Iterator[tuple[int, int, str]]:
    """Start, length and kind of every run of like items; one of merges or inputs counts as none, of length 0."""
    start = 0
    while start < len(items):
        kind = items[start].variants[0]
        end = start
        while end < len(items) and family(items[end].variants[0].label) == family(kind.label):
            end += 1
        yield start, end - start if kind.operands == (1, 1) else 0, family(kind.label)
        start = end


def bound(given: Affinity, ties: Mapping[int, int]) -> Affinity:
    """``given`` with all edges forbidden that part what is tied, or that lie within a tie.

    What feeds nothing but one other item stands one depth in front of it, and is what Keras' walk meets right behind
    it: so nothing that stands between the two feeds anything that stands between them.
    """
    feeding = {consumer: producer for producer, consumer in ties.items()}
    within = _within(ties)

    def affinity(producer: int, consumer: int) -> float:
        if ties.get(producer, consumer) != consumer or feeding.get(consumer, producer) != producer:
            return math.inf
        if producer < len(within) and consumer < within[producer]:
            return math.inf
        return given(producer, consumer)

    return affinity


def _within(ties: Mapping[int, int]) -> list[int]:
    """For every item the furthest end of a tie that begins in front of it."""
    found: list[int] = []
    furthest = 0
    for item in range(max(ties.values(), default=0)):
        found.append(furthest)
        furthest = max(furthest, ties.get(item, 0))
    return found
