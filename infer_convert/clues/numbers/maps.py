"""From raw scores to log-likelihood ratios: what a gap was worth when it was measured, never the gap itself.

Every constant is followed by where it was measured; ``python -m benchmarks numbers`` measures them again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from infer_convert.clues.numbers.flow import Found

MOMENTS_SLOPE, MOMENTS_OFFSET = 0.97, 0.30
"""log-odds of the better of two sources = slope * sqrt(gap) - offset: 225 convolutions of 65 nets, real and own."""
MOMENTS_MOST = 5.0
"""Nats that one BatchNormalization may say: with a gap above 30 all of 99 were right, 64 in the study and 35 in the
zoo; half an error added that is 5.3."""
FILTERS_MOST = 4.0
"""Nats that one kernel may say: 70 of 70 were right where the softmax of the scores claimed more than 0.98."""


def moments(gap: float) -> float:
    """Nats for the source whose log-likelihood is higher by ``gap`` (negative for a negative gap)."""
    size = min(MOMENTS_MOST, max(0.0, MOMENTS_SLOPE * math.sqrt(abs(gap)) - MOMENTS_OFFSET))
    return math.copysign(size, gap)


def rank(gap: float) -> float:
    """``moments`` without its cap, for choosing among many: a gap of 30 was right in 64 of 64 cases."""
    return MOMENTS_SLOPE * math.sqrt(max(gap, 0.0))


def filters(gap: float) -> float:
    """Nats for the source whose score is higher by ``gap``: the scores are calibrated as they are."""
    return min(FILTERS_MOST, max(-FILTERS_MOST, gap))


STYLE_SLOPE, STYLE_OFFSET, STYLE_MOST = 0.97, 0.3, 5.0
"""As for single sources; 9 of 9 nets of the zoo were right where an activation led by more than 3, 29 of 30
by more than 5 in the study, and what is confused there is of one family."""
TRUSTED_SCORE = 4.0
"""Mean score of a net's kernels from which on the filters' scores are calibrated. Nets of a few dozen steps have 0 to 2
and then 0.44 of the answers right, where 0.33 is chance; real nets of the corpus 2 to 19."""


BY_CHANCE = 3.6
"""The mean score of kernels is below this much, divided by the square root of their number, where nothing was trained:
scores of kernels drawn anew scatter by 1.2, and of twelve draws for each trained net of the zoo (552 with scores) the
furthest was 3.54. Without this bound 17 of 332 answers about these nets before their training were audible (0.1 nats or
more), with it none (3.3 left 2, of one net)."""


def style(gap: float) -> float:
    """Nats (at most 0) of an activation whose log-likelihood, summed over a net, falls behind the best by ``gap``."""
    return -min(STYLE_MOST, max(0.0, STYLE_SLOPE * math.sqrt(max(gap, 0.0)) - STYLE_OFFSET))


def trust(found: Found) -> float:
    """How far the filters' scores of a net are to be taken at their word, from 0 to 1: training balances all kernels
    or none."""
    scores = list(found.filters.values())
    mean = math.fsum(scores) / max(1, len(scores))
    if mean < BY_CHANCE / math.sqrt(max(1, len(scores))):
        return 0.0
    return min(1.0, mean / TRUSTED_SCORE)


LEAST_EXPLAINED = 0.5


def explained(found: Found) -> bool:
    """Whether the stored moments are the net's own: at least half of them are predicted better than by knowing nothing.
    Random, copied or recalibrated statistics are not, and then no wiring can be read from them."""
    better = sum(said > nothing + 1 for said, nothing in found.moments.values())
    return better >= LEAST_EXPLAINED * len(found.moments)


def ratio(one: Found, other: Found) -> Mapping[str, tuple[float, float]]:
    """Layer -> nats (from moments, from filters) for ``one`` against ``other``, where they differ. A
    BatchNormalization that one of the two has no prediction for compares with knowing nothing."""
    found: dict[str, tuple[float, float]] = {}
    for name in {**one.moments, **other.moments}:
        mine, theirs = one.moments.get(name), other.moments.get(name)
        nothing = (mine or theirs or (0.0, 0.0))[1]
        gap = (mine[0] if mine else nothing) - (theirs[0] if theirs else nothing)
        if abs(gap) > 1e-6:
            found[name] = (moments(gap), 0.0)
    weight = max(trust(one), trust(other))
    for name in {**one.filters, **other.filters}:
        gap = weight * (one.filters.get(name, 0.0) - other.filters.get(name, 0.0))
        if abs(gap) > 1e-6:
            found[name] = (found.get(name, (0.0, 0.0))[0], filters(gap))
    return found


def total(ratios: Mapping[str, tuple[float, float]]) -> float:
    """The sum over layers, in nats."""
    return math.fsum(value for pair in ratios.values() for value in pair)


def relative(founds: Sequence[Found]) -> list[float]:
    """For each of several nets of one file the nats by which it falls behind the best answer to every single
    question."""
    sums = [0.0] * len(founds)
    for name in {name for found in founds for name in found.moments}:
        known = [found.moments[name] for found in founds if name in found.moments]
        said = [found.moments[name][0] if name in found.moments else known[0][1] for found in founds]
        for index, value in enumerate(said):
            sums[index] -= moments(max(said) - value)
    weight = max((trust(found) for found in founds), default=0.0)
    for name in {name for found in founds for name in found.filters}:
        said = [found.filters.get(name, 0.0) for found in founds]
        for index, value in enumerate(said):
            sums[index] -= filters(weight * (max(said) - value))
    return sums
