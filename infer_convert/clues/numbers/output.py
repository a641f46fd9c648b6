"""Softmax or not: what the last bias remembers.

The gradients of a cross entropy behind a softmax sum to 0 over the classes, so that the sum of the biases keeps its
first value, 0 (translation symmetry: Kunin et al. 2021, "Neural Mechanics"). Behind a sigmoid or nothing it wanders.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
MOST_CLASSES = 40
"""Rare classes drift together under Adam: text generators with hundreds of classes have no sum near 0."""
RATIOS: tuple[tuple[float, float], ...] = ((0.03, 12.0), (0.1, 4.0), (0.3, 2.0), (0.6, 1.5), (1.01, 0.15))
"""(q below, likelihood ratio softmax : other) for 3 to 40 classes. 117 softmax and 58 other outputs gave 19, 5, 2, 4
and .04; tempered by the 28 outputs of zoo and corpus, where 5 of 25 softmax lay above .6 (character models, whose rare
classes drift; a zoo whose first biases are not 0)."""
TWO: tuple[tuple[float, float], ...] = ((0.04, 12.0), (1.01, 0.4))
"""For two classes the two gradients are exactly opposite: 13 of 13 real softmax below .04, others .21, 1, 1 and .04
(two sigmoids trained on complementary labels). Above .04 the first biases may simply not have been 0."""


def imbalance(bias: Array) -> float | None:
    """|sum b| / (sqrt(C) |b|), from 0 to 1; None for a zero or single bias."""
    norm = float(np.sqrt((bias.astype(float) ** 2).sum()))
    if len(bias) < 2 or norm < 1e-9:
        return None
    return float(abs(bias.astype(float).sum())) / (math.sqrt(len(bias)) * norm)


def softmax(bias: Array) -> float | None:
    """Nats for a softmax against any other output activation; None when the bias does not say."""
    q = imbalance(bias)
    if q is None or len(bias) > MOST_CLASSES:
        return None
    return math.log(next(ratio for below, ratio in (TWO if len(bias) == 2 else RATIOS) if q < below))
