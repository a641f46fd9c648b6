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
    place = {item: number for number, item in enumerate(reversed(items))}
    """Of the step that chooses for an item, on the way back; of several calls the first chooses."""
    called = sorted(place)
    for _ in range(max(LEAST, min(MOST, WORK // len(items)))):
        steps, score = ways.drawn(chance, len(items))
        chosen = [0] * (called[-1] + 1)
        for item in called:
            chosen[item] = steps[place[item]]
        options = tuple(chosen)
        times[options] = times.get(options, 0) + 1
        scores[options] = score - total
    return tuple(Draw(options, count, scores[options]) for options, count in times.items())


class _Ways:
    """Choices among states, each prepared once."""

    def __init__(self, ends: Sequence[State]) -> None:
        self._ends = list(ends)
        self._end_sums = _running([state.alpha for state in ends])
        self._sums: dict[int, list[float]] = {}
        self._runs: dict[int, tuple[list[int], float, State]] = {}

    def drawn(self, chance: random.Random, count: int) -> tuple[list[int], float]:
        """The options of so many steps, the last first, and the sum of their log weights."""
        state, score = chance.choices(self._ends, cum_weights=self._end_sums)[0], 0.0
        steps: list[int] = []
        while len(steps) < count:
            if len(state.edges) == 1:
                options, weight, state = self._run(state, count - len(steps))
                steps += options
            else:
                state, option, weight = self._step(state, chance)
                steps.append(option)
            score += weight
        return steps, score

    def _run(self, state: State, most: int) -> tuple[list[int], float, State]:
        """The steps back from a state to the next choice, or to the beginning."""
        known = self._runs.get(id(state))
        if known is None:
            at, score = state, 0.0
            options: list[int] = []
            while len(at.edges) == 1 and len(options) < most:
                at, option, weight = at.edges[0]
                options.append(option)
                score += weight
            known = self._runs[id(state)] = options, score, at
        return known

    def _step(self, state: State, chance: random.Random) -> tuple[State, int, float]:
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
