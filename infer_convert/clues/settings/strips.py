"""Nets over strips: signals of several channels, or one-hot sequences, written as images of one channel.

One convolution spans the whole shorter side (DragoNN's (4, 10) over the four bases of DNA, the (C, 1) of EEGNet over C
electrodes, Lawhern et al. 2018), and no other kernel extends along it: behind it that side has length 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from infer_convert.draft import Draft
from infer_convert.layers.card import Shape

SURE, ALONE = 0.9, 0.5
"""Probability that the side is as long as the kernel that spans it: where other kernels are flat, and where a net has
one long kernel only. Set by hand; images whose shorter side is longer have kernels of more than 1 again."""
LONG, WORDS = 2, 32
"""A kernel that stands alone is more than so many times as long as it is high; one that is longer than ``WORDS`` spans
an embedding of words instead."""


def strip(draft: Draft) -> tuple[int, int, float] | None:
    """The axis (0 or 1) that one kernel spans, the length of that side, and the probability that it is a strip; None
    for nets of another kind."""
    kernels = [tuple(layer.config["kernel_size"]) for layer in draft.layers if "kernel_size" in layer.config]
    if not kernels or any(len(kernel) != 2 for kernel in kernels):
        return None
    for axis in (0, 1):
        spanning = [kernel for kernel in kernels if kernel[axis] > 1]
        if len(spanning) != 1:
            continue
        if any(kernel[axis] == 1 < kernel[1 - axis] for kernel in kernels):
            return axis, spanning[0][axis], SURE
        if LONG * spanning[0][axis] < spanning[0][1 - axis] <= WORDS:
            return axis, spanning[0][axis], ALONE
    return None


def strips(
    draft: Draft, lengths: Sequence[tuple[int, float]], channels: int | None, others: list[tuple[Shape, float]]
) -> list[tuple[Shape, float]]:
    """Shapes of an image with their log priors: ``others``, and where the net is one over strips, strips of the
    ``lengths`` (with log priors) before them."""
    found = strip(draft)
    if found is None:
        return others
    axis, side, share = found
    made: list[tuple[Shape, float]] = [
        ((side, length, channels) if axis == 0 else (length, side, channels), score + math.log(share))
        for length, score in lengths
    ]
    known = {shape for shape, _ in made}
    return made + [(shape, score + math.log(1 - share)) for shape, score in others if shape not in known]


def across(axis: int, sides: Sequence[int]) -> float:
    """Nats for a window over a strip: along it, short and round lengths rather than others; square ones, which reach
    beyond a side of length 1, hardly ever. Set by hand."""
    if sides[axis] != 1:
        return SQUARE
    long = sides[1 - axis]
    return -PER_PLACE * long - (0.0 if long <= 5 or long % 5 == 0 or long & (long - 1) == 0 else UNEVEN)


SQUARE, PER_PLACE, UNEVEN = -3.0, 0.03, 1.5
