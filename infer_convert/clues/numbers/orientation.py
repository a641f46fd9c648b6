"""Whether a kernel with as many channels in as out is a convolution's or a transposed convolution's: the filters of its
neighbours match it in one orientation only (FORENSICS §3: right in 0.90 of 89 kernels of real nets without
normalisation)."""

from __future__ import annotations

from infer_convert.clues.numbers import gram
from infer_convert.clues.numbers.budget import COMPARED, WEIGHED, Budget
from infer_convert.clues.numbers.kernels import Kernel
from infer_convert.clues.numbers.signals import Units

LEAST_SCORE = 4.0
"""The better orientation's score, divided by the root of the number of neighbours, below which nothing was trained: at
3.3 one of 78 kernels drawn anew spoke. Of trained ones 24 of 24 were right (``benchmarks numbers``)."""
MOST = 2.2
"""log(0.9 / 0.1)."""


def upright(
    kernel: Kernel, other: Kernel, before: Kernel | None, behind: Kernel | None, budget: Budget
) -> float | None:
    """Nats for ``kernel`` against ``other``, the same numbers with channels in and out exchanged; None when the layers
    ``before`` and ``behind`` do not tell. Raises OutOfWork."""
    mine, theirs = _scores(kernel, before, behind, budget), _scores(other, before, behind, budget)
    if not mine or len(mine) != len(theirs):
        return None
    if max(sum(mine), sum(theirs)) < LEAST_SCORE * len(mine) ** 0.5:
        return None
    gap = sum(mine) - sum(theirs)
    return max(-MOST, min(MOST, gap))


def _scores(kernel: Kernel, before: Kernel | None, behind: Kernel | None, budget: Budget) -> list[float]:
    found = []
    for maker, taker in ((before, kernel), (kernel, behind)):
        if maker is None or taker is None or maker.diagonal:
            continue
        width = maker.taps.shape[-1]
        slices = taker.slices(width)
        if slices is None:
            continue
        rows = len(slices) + sum(len(flat) for flat in maker.flats())
        budget.spend(WEIGHED + COMPARED * rows * min(width, gram.MOST_UNITS) ** 2)
        score = gram.score(Units(maker.flats(), width), slices)
        if score is not None:
            found.append(score)
    return found
