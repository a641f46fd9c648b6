"""How the training inputs were scaled: the first normalisation's means, inverted through the first kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from infer_convert.plan import InputStatistics

Array = NDArray[Any]
MOST_CHANNELS = 4
LEAST_FIT = 0.5
"""Part of the stored means' variance that the answer must explain, unless the means are all near 0."""


def invert(matrix: Array, bias: Array | None, mean: Array, variance: Array, squares: Array) -> InputStatistics | None:
    """Statistics of the input of a kernel (channels in, channels out, summed over taps; ``squares`` is the sum of its
    squares over taps and inputs) from the moments that the normalisation behind it stores. None when they do not tell:
    untrained, too many channels, or the kernel does not explain them."""
    inputs, outputs = matrix.shape
    if inputs > MOST_CHANNELS or outputs < 2 * inputs or not np.any(mean):
        return None
    scale = np.sqrt(np.maximum(variance, 1e-8))
    target = (mean - (bias if bias is not None else 0)) / scale
    rows = matrix.T / scale[:, None]
    found, *_ = np.linalg.lstsq(rows, target, rcond=None)
    rest = target - rows @ found
    total = float((target**2).sum())
    fit = 1 - float((rest**2).sum()) / max(total, 1e-12)
    deviation = float(np.sqrt(np.median(variance / np.maximum(squares, 1e-12))))
    if fit < LEAST_FIT and total > 0.05 * outputs:
        return None
    means = tuple(float(value) for value in found)
    return InputStatistics(_range(means, deviation), means, deviation)


def _range(means: tuple[float, ...], deviation: float) -> str:
    size, middle = max(map(abs, means)), float(np.mean(means))
    if size > 8 or deviation > 8:
        return "0..255"
    if deviation > 0.75 and size < 0.6:
        return "standardised"
    if 0.08 < middle < 1 and min(means) > 0 and deviation < 0.55:
        return "0..1"
    return "-1..1" if size <= 1.2 else "standardised"
