"""Which question comes first.

A reader answers a few questions, not one: the best three together may not hold the best one alone, since one answer
often says what another asks for. So the three are sought whose answers together raise the chance of a right model most;
of these the one that gains most alone comes first, and after each answer the order is made anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

from infer_convert.report.motifs import Weighed, told_apart

TOGETHER = 3
"""Questions that are looked at together."""
MOST = 9
"""Questions, those that gain most alone, of which the best are sought: 84 triples."""


def ordered(found: Sequence[Weighed], log_probabilities: Sequence[float]) -> list[int]:
    """The numbers of the questions in the order in which they are asked; ``log_probabilities`` are those of the drawn
    wholes."""
    ranked = sorted(range(len(found)), key=lambda number: -found[number].gain)
    sets = combinations(ranked[:MOST], min(TOGETHER, len(ranked)))
    best = max(sets, key=lambda numbers: worth([found[number] for number in numbers], log_probabilities))
    return [*best, *(number for number in ranked if number not in best)]


def worth(asked: Sequence[Weighed], log_probabilities: Sequence[float]) -> float:
    """Nats that the answers to several questions gain together: of the drawn wholes, the best that is left has the
    chance of the best one of its patterns (``motifs``); what is not drawn is added."""
    drawn = [each.drawn for each in asked if each.drawn]
    apart = math.fsum(each.apart for each in asked)
    if not drawn:
        return apart
    peaks: dict[tuple[str, ...], float] = {}
    for pattern, value in zip(zip(*drawn, strict=True), log_probabilities, strict=True):
        peaks[pattern] = max(peaks.get(pattern, -math.inf), value)
    return apart + told_apart(peaks.values())
