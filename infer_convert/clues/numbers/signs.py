"""What the signs and bounds of stored means say about the activation in front of a BatchNormalization.

The mean of relu outputs is never negative, that of sigmoid outputs lies between 0 and 1, and so on: bounds, not
habits. The other way round it is a habit: of 427 normalisations of raw convolutions 2 had no negative mean.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
TOLERANCE = 1e-6
BOUNDS: dict[str, tuple[float, float]] = {
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, math.inf),
    "exponential": (0.0, math.inf),
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "elu": (-1.0, math.inf),
    "selu": (-1.7581, math.inf),
    "silu": (-0.2785, math.inf),
    "swish": (-0.2785, math.inf),
    "gelu": (-0.17, math.inf),
}
IMPOSSIBLE = -8.0
"""Nats for a value outside the bounds: only a wrong reading of the file could explain it."""
LINEAR_POSITIVE = -4.5
"""log(2.5 / 229): raw convolutions without a negative mean, with half a case added."""
ELU_POSITIVE, ELU_MIXED = math.log(0.62), math.log(0.38)
"""62 % of the normalisations behind an elu have no negative mean."""
LEAST_CHANNELS = 8


def log_likelihoods(mean: Array, names: tuple[str, ...]) -> dict[str, float] | None:
    """For each activation the log-likelihood of the signs of the stored means of what it gives; None for means of an
    untrained net (all 0) or of too few channels."""
    if len(mean) < LEAST_CHANNELS or not np.any(mean):
        return None
    return {name: _one(mean, name) for name in names}


def _one(mean: Array, name: str) -> float:
    low, high = BOUNDS.get(name.partition(":")[0], (-math.inf, math.inf))
    if mean.min() < low - TOLERANCE or mean.max() > high + TOLERANCE:
        return IMPOSSIBLE
    positive = bool(mean.min() >= -TOLERANCE)
    if low >= 0:
        return 0.0
    if name in ("elu", "selu"):
        return ELU_POSITIVE if positive else ELU_MIXED
    return LINEAR_POSITIVE if positive else 0.0
