"""Layers in a row that bring exactly what the Concatenate behind them joins.

Modules of parallel branches that are repeated, with branches of as many channels in as out (InceptionTime has three
convolutions of one width), look like chains to the choices one by one. Where that leads nowhere the sums tell: the row
right in front of the Concatenate adds up to what is wanted behind it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from infer_convert.solve.features import Affinity
from infer_convert.solve.items import Item

NEAR = 3
"""Items behind a Concatenate among which the one that reads it stands: another branch's may come first."""


def fans(items: Sequence[Item]) -> dict[int, frozenset[int]]:
    """Concatenates whose operands the sums tell, with these."""
    found: dict[int, frozenset[int]] = {}
    for place, item in enumerate(items):
        if item.variants[0].channels == "sum":
            wanted = {behind.variants[0].channels_in for behind in items[place + 1 : place + 1 + NEAR]}
            row = _row(items, place, wanted - {None})
            if row:
                found[place] = row
    return found


def _row(items: Sequence[Item], place: int, wanted: set[int | None]) -> frozenset[int]:
    """The shortest row of two and more in front of a place whose channels add up to what is wanted."""
    total = 0
    for first in range(place - 1, -1, -1):
        variant = items[first].variants[0]
        if variant.channels != "fixed" or variant.operands != (1, 1):
            break
        total += variant.channels_out or 0
        if total in wanted and first < place - 1:
            return frozenset(range(first, place))
    return frozenset()


def fanning(given: Affinity, found: Mapping[int, frozenset[int]]) -> Affinity:
    """``given`` with all edges forbidden that part a row from its Concatenate or join others to it."""
    goes = {producer: merge for merge, row in found.items() for producer in row}

    def affinity(producer: int, consumer: int) -> float:
        if goes.get(producer, consumer) != consumer or producer not in found.get(consumer, (producer,)):
            return math.inf
        return given(producer, consumer)

    return affinity
