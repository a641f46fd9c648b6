"""Which gate of an LSTM starts open: Keras adds 1 to the biases of the forget gate (``unit_forget_bias``, after
Jozefowicz, Zaremba & Sutskever 2015), and training moves them little: in 29 of 29 LSTMs of strangers that block had
the largest mean, 0.82 to 1.16 (FORENSICS §8)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
GATES = ("input", "forget", "cell", "output")
"""Blocks in Keras' order."""
FORGET = 1
LEAST_MEAN, LEAST_LEAD = 0.5, 0.3
"""Half of what Keras adds, and a lead that blocks without it do not have over each other."""


def opened(bias: Array) -> int | None:
    """The number of the block of a (4·units,) bias whose mean stands out; None when none does, and for biases that
    were never trained (zeros but for one block of equal numbers)."""
    if bias.ndim != 1 or len(bias) % 4 or not len(bias):
        return None
    blocks = bias.reshape(4, -1)
    if all(np.ptp(block) == 0 for block in blocks):
        return None
    means = blocks.mean(1)
    order = np.argsort(means)
    best, second = int(order[-1]), int(order[-2])
    return best if means[best] > LEAST_MEAN and means[best] > means[second] + LEAST_LEAD else None

