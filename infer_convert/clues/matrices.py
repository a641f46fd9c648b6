"""Matrices that a net predicts and multiplies its own features by: the small transformations of PointNet (Qi et al.
2017), ``Dense(n * n)``, ``Reshape((n, n))``, ``Dot``.

What is multiplied has ``n`` channels. Where the prediction stands behind a global pool it is a summary's, and what it
transforms has stood before that pool.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from infer_convert.solve.items import Item

UNLIKE = 14.0
"""Nats against an operand with other channels, or of the summary itself: more than any habit says for one."""


def unlikely(items: Sequence[Item]) -> Mapping[tuple[int, int], float]:
    """Costs of edges into such products, in nats."""
    labels = [item.variants[0].label.partition("/")[0] for item in items]
    found: dict[tuple[int, int], float] = {}
    for index in range(2, len(items)):
        if labels[index - 2 : index + 1] != ["Dense", "Reshape", "Dot"]:
            continue
        side = math.isqrt(items[index - 2].variants[0].channels_out or 0)
        if side < 2 or side * side != items[index - 2].variants[0].channels_out:
            continue
        pooled = max((place for place in range(index) if labels[place] == "GlobalPool"), default=index)
        for producer in range(index - 1):
            width = _width(items, producer)
            if producer >= pooled or (width is not None and width != side):
                found[producer, index] = UNLIKE
    return found


def _width(items: Sequence[Item], index: int) -> int | None:
    """Channels of an item's result as far as the list tells: what keeps them has those of the one before it."""
    for item in reversed(items[: index + 1]):
        variant = item.variants[0]
        if variant.operands[1] == 0 or variant.channels not in ("same", "fixed"):
            return None
        if variant.channels == "fixed" or variant.channels_in is not None:
            return variant.channels_out if variant.channels == "fixed" else variant.channels_in
    return None
