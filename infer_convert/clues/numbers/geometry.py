"""Height, width and channels in front of a Flatten, from the Dense kernel behind it: neighbouring pixels are seen
alike, so that neighbouring rows of the kernel resemble each other in the true geometry and in no other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LEAST_PLACES = 9
"""Smaller maps tell nothing (0 of 3)."""
LEAST_STRENGTH, LEAST_LEAD = 10.0, 1.3
"""True geometries of real nets had 17 to 232; below these bounds the clue is silent."""
NATS = 2.6
"""log(0.93 / 0.07): 47 of 50 answers were right where the clue spoke."""


def strength(kernel: Array, height: int, width: int, channels: int, channels_first: bool = False) -> float:
    """Standard scores of the correlation between neighbours in a (rows, units) kernel; 0 is chance."""
    shape = (channels, height, width, -1) if channels_first else (height, width, channels, -1)
    places = kernel.reshape(shape)
    if channels_first:
        places = np.moveaxis(places, 0, 2)
    places = places - places.mean((0, 1), keepdims=True)
    pairs, products = 0, 0.0
    for axis in (0, 1):
        length = places.shape[axis]
        if length > 1:
            a, b = np.take(places, range(length - 1), axis), np.take(places, range(1, length), axis)
            pairs, products = pairs + a.size, products + float((a * b).sum())
    square = float((places**2).mean())
    if not pairs or square <= 0:
        return 0.0
    return (products / pairs / square + 1 / (height * width)) * math.sqrt(pairs)


def choose(
    kernel: Array, shapes: tuple[tuple[int, int, int], ...], channels_first: bool = False
) -> tuple[int, int, int] | None:
    """The (height, width, channels) among ``shapes`` that the kernel remembers; None when it does not say."""
    fitting = [s for s in shapes if math.prod(s) == len(kernel) and s[0] * s[1] >= LEAST_PLACES]
    if len(fitting) < 2:
        return None
    scored = sorted(((strength(kernel, *shape, channels_first), shape) for shape in fitting), reverse=True)
    best, second = scored[0][0], scored[1][0]
    return scored[0][1] if best > LEAST_STRENGTH and best > LEAST_LEAD * second else None


def channels_first(kernel: Array, shape: tuple[int, int, int]) -> bool | None:
    """Whether the rows of a Dense kernel behind a map of (height, width, channels) stand channel by channel; None when
    it does not say. Of one channel there is no order."""
    if math.prod(shape) != len(kernel) or shape[0] * shape[1] < LEAST_PLACES or shape[2] < 2:
        return None
    last, first = strength(kernel, *shape), strength(kernel, *shape, True)
    if max(last, first) <= LEAST_STRENGTH or max(last, first) <= LEAST_LEAD * min(last, first):
        return None
    return bool(first > last)
