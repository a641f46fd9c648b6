"""Whole assignments drawn from a lattice of states in proportion to their probability: what settings go together.

Marginals say how likely each setting of each item is, the best assignments how likely a few wholes are; neither says
how likely it is that a group of items is right together. Draws do. They start from a fixed seed: the same file gives
the same questions everywhere.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

WORK = 60_000
"""Steps of all draws together, a few microseconds each: longer nets are drawn less often."""
MOST, LEAST = 400, 30
"""Draws of one lattice: a share of one half is then known to about 3 and 9 hundredths."""


class State(Protocol):
    """A merged state of the lattice; ``alpha`` is the log mass of all ways to it, ``edges`` the last steps of these
    ways: the state before, the option taken and its log weight."""

    alpha: float

    @property
    def edges(self) -> Sequence[tuple[State, int, float]]: ...


@dataclass(frozen=True, slots=True)
class Draw:
    """One assignment: an option for every item, how often it was drawn, and its log probability."""

    options: tuple[int, ...]
    times: int
    log_probability: float


def drawn(ends: Sequence[State], items: Sequence[int]) -> tuple[Draw, ...]:
    """Assignments drawn from the states behind the last call, each once; ``items`` are the calls' items in order."""
    if not ends or not items:
        return ()
    chance = random.Random(0)
    total = _sum([state.alpha for state in ends])
    ways = _Ways(ends)
    times: dict[tuple[int, ...], int] = {}
    scores: dict[tuple[int, ...], float] = {}
    for _ in range(max(LEAST, min(MOST, WORK // len(items)))):
        state, score = ways.end(chance), 0.0
        chosen: dict[int, int] = {}
        for item in reversed(items):
            state, option, weight = ways.step(state, chance)
            chosen[item] = option
            score += weight
        options = tuple(chosen.get(item, 0) for item in range(max(items) + 1))
        times[options] = times.get(options, 0) + 1
        scores[options] = score - total
    return tuple(Draw(options, count, scores[options]) for options, count in times.items())


class _Ways:
    """Choices among states, each prepared once."""

    def __init__(self, ends: Sequence[State]) -> None:
        self._ends = list(ends)
        self._end_sums = _running([state.alpha for state in ends])
        self._sums: dict[int, list[float]] = {}

    def end(self, chance: random.Random) -> State:
        return chance.choices(self._ends, cum_weights=self._end_sums)[0]

    def step(self, state: State, chance: random.Random) -> tuple[State, int, float]:
        if len(state.edges) == 1:
            return state.edges[0]
        sums = self._sums.get(id(state))
        if sums is None:
            sums = self._sums[id(state)] = _running([before.alpha + weight for before, _, weight in state.edges])
        return chance.choices(state.edges, cum_weights=sums)[0]


def _running(logs: Sequence[float]) -> list[float]:
    """Running sums of the shares that these logs stand for."""
    top = max(logs)
    return list(accumulate(math.exp(value - top) for value in logs))


def _sum(logs: Sequence[float]) -> float:
    top = max(logs)
    return top + math.log(math.fsum(math.exp(value - top) for value in logs))
