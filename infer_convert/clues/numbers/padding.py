"""Whether an Embedding masks its padding: training never touches the row of a word that is masked.

Sentences are padded with 0. Without ``mask_zero`` row 0 is the word that is trained most; with it its gradient is 0,
and it stays as it was drawn. Keras draws tables uniformly between -0.05 and 0.05, and trained rows leave these bounds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
BOUND = 0.05
"""Keras' ``uniform``, what an Embedding starts with, in every version."""
LEAST_ROWS, COMPARED = 10, 20
"""Rows that a table must have, and those behind the first that it is compared with: in most vocabularies the commonest
words."""
LEAST_LEFT = 0.3
"""Part of these rows that must have left the bounds; in a table that few words have left, nothing was trained much."""
UNUSED, UNMOVED = 0.1, 0.1
"""Nets without ``mask_zero`` in whose training 0 never occurred, though it has a row (set by hand: who does not pad
mostly counts from 0); and those whose row of the padding stayed all the same, 2 of 14 after 64 steps
(``benchmarks.padded``) and fewer after more. 22 of 22 rows that were masked stayed."""
STRANGE = 0.05
"""Masked rows that look trained all the same: decayed, or drawn otherwise where the edge below is there by chance (set
by hand; 0 of 6 that looked trained were masked)."""
EDGE = 0.01
"""Width of the strips on both sides of the bound that are compared: tables drawn otherwise have no edge there."""


def masked(table: Array) -> float | None:
    """Nats for ``mask_zero`` from a (words, numbers) table; None when it does not tell: untrained, tiny, drawn in
    bounds that it does not show, or with a first row of zeros, as in tables that were learnt elsewhere."""
    if table.ndim != 2 or len(table) < LEAST_ROWS or not np.any(table[0]):
        return None
    sizes = np.abs(table).max(1)
    left = float((sizes[1 : 1 + COMPARED] > BOUND).mean())
    if left < LEAST_LEFT:
        return None
    if sizes[0] <= BOUND:
        return math.log((1 - STRANGE) / (UNUSED + (1 - UNUSED) * max(UNMOVED, 1 - left)))
    inside, outside = (int(((low < sizes) & (sizes <= low + EDGE)).sum()) for low in (BOUND - EDGE, BOUND))
    return math.log(STRANGE / (1 - UNUSED)) if inside > 2 * outside else None
