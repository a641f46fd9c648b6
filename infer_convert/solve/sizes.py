"""Joint choice of settings by exact propagation of shapes through a graph.

Every call has options; each option maps the operand shapes to a result shape or to None (it does not fit) and has a log
prior. Memories tie options of different calls together: people set a thing the same way throughout a net, so an option
may write what it did under a kind, and gain nats where it repeats what was written there last. The weight of an option
is its probability among the item's options, memories counted in. The engine runs forward over the calls with a beam of
merged states (live shapes and memories), then backward for marginals, then picks the k best assignments. It knows
nothing of Keras.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from infer_convert.solve import patience
from infer_convert.solve.beam import Contexts, Node, Ways, Weigher, advance, entered, log_sum, plan_steps, pruned
from infer_convert.solve.draws import Draw, drawn
from infer_convert.solve.lattice import Lattice, Shape
from infer_convert.solve.options import SizeCall, SizeItem
from infer_convert.solve.pace import Pace

STATES = 400
"""States kept after each call."""
WORK = 3_000_000
"""Units of one search, a few microseconds each: a setting tried in a state, a shape that a state holds. A search that
needs more keeps fewer states."""
NODE = 3
"""Units of a state beside these."""
MOST_PATHS = 300_000
"""Beginnings of paths that are compared; behind it each of the best is followed to its end. Where hundreds of settings
are equally likely, no end would come otherwise."""


@dataclass(frozen=True, slots=True)
class SizeAnswer:
    """One assignment: an option index per item, the shape of every call's result, and its probability."""

    options: tuple[int, ...]
    shapes: tuple[Shape, ...]
    log_score: float
    probability: float


@dataclass(frozen=True, slots=True)
class SizeResult:
    """The best assignments (none when nothing fits), the marginal of every item's options, and where it failed.

    ``log_mass`` is the log of the summed weight of all assignments kept, for comparing graphs. ``peaks`` are, for every
    item's options, the best assignment that holds the option, as nats below the best of all (-inf where none does).
    ``draw`` gives assignments in proportion to their probability. ``blind`` tells that there was more than could be
    looked at to the end: a state that was dropped may have led to a better one, or to the only one.
    """

    answers: tuple[SizeAnswer, ...]
    marginals: tuple[tuple[float, ...], ...] = ()
    failed_at: int | None = None
    log_mass: float = -math.inf
    peaks: tuple[tuple[float, ...], ...] = ()
    draw: Callable[[], tuple[Draw, ...]] = tuple
    blind: bool = False


def solve_sizes(
    items: Sequence[SizeItem],
    calls: Sequence[SizeCall],
    best: int = 8,
    states: int = STATES,
    strata: Sequence[str] = (),
) -> SizeResult:
    """The ``best`` assignments and every item's marginals. An item called twice keeps one setting for both calls.

    ``strata`` are kinds of memories whose values each keep a share of the beam, so that an unusual input size survives
    until something further on asks for it. Raises RefusedForSafety when ``patience`` ends.
    """
    patience.check()
    steps = plan_steps(items, calls)
    lattice = Lattice([item.results for item in items], [step.reading for step in steps])
    if lattice.failed_at is not None:
        return SizeResult((), failed_at=lattice.failed_at)
    last_read = _last_read(items, calls, strata)
    kinds = {kind: number for number, kind in enumerate(last_read)}
    contexts = Contexts(len(kinds))
    layers: list[list[Node]] = [[Node(0, 0)]]
    weighers = [Weigher(item, kinds) for item in items]
    ends = list(last_read.values())
    of_strata = [kinds[kind] for kind in strata if kind in kinds]
    pace = Pace(WORK, len(calls), states)
    for index, step in enumerate(steps):
        forgets = [position for position, end in enumerate(ends) if end == index]
        ways = Ways(weighers[step.reading.item], step, forgets, contexts)
        found = entered(lattice, index, ways, layers[-1], states, contexts, of_strata)
        if found is None:
            found = advance(lattice, index, ways, layers[-1])
        if not found:
            return SizeResult((), failed_at=lattice.blamed(index), blind=lattice.blind)
        each = NODE + len(step.reading.kept) + step.reading.keeps_result
        pace.spend(each * len(found) + sum([len(node.edges) for node in found]))
        # An input's many sizes are not what a layer costs.
        width = pace.width(len(layers[-1]), bool(step.reading.operands))
        layers.append(pruned(found, width, contexts, of_strata))
    return replace(_read(items, calls, layers, best), blind=lattice.blind)


def _last_read(items: Sequence[SizeItem], calls: Sequence[SizeCall], strata: Sequence[str]) -> dict[str, int]:
    """Every kind that is written and read, and the last call that reads it; strata are read to the end."""
    written = {kind for item in items for option in item.options for kind, _ in option.writes}
    found: dict[str, int] = {}
    for index, call in enumerate(calls):
        for option in items[call.item].options:
            found.update((kind, index) for kind, _, _ in option.reads if kind in written)
    return found | {kind: len(calls) for kind in strata if kind in written}


def _read(items: Sequence[SizeItem], calls: Sequence[SizeCall], layers: list[list[Node]], best: int) -> SizeResult:
    total = log_sum([node.alpha for node in layers[-1]])
    for node in layers[-1]:
        node.behind, node.share = 0.0, math.exp(node.alpha - total)
    first_call: dict[int, int] = {}
    for index, call in enumerate(calls):
        first_call.setdefault(call.item, index)
    shares: list[list[float]] = [[0.0] * len(item.options) for item in items]
    tops: list[list[float]] = [[-math.inf] * len(item.options) for item in items]
    for index in range(len(calls), 0, -1):
        item = calls[index - 1].item
        mine, top = shares[item], tops[item]
        first = first_call[item] == index - 1
        for node in layers[index]:
            behind = node.behind
            if behind == -math.inf:
                continue
            for previous, number, weight in node.edges:
                share = node.share * math.exp(previous.alpha + weight - node.alpha)
                previous.share += share
                if behind + weight > previous.behind:
                    previous.behind = behind + weight
                if first:
                    mine[number] += share
                    if previous.best + weight + behind > top[number]:
                        top[number] = previous.best + weight + behind
    marginals = tuple(
        tuple(row) if item in first_call else tuple(1.0 for _ in row) for item, row in enumerate(shares)
    )
    answers = tuple(_paths(items, calls, layers, best, total))
    summit = max((node.best for node in layers[-1]), default=0.0)
    peaks = tuple(tuple(top - summit for top in row) for row in tops)
    return SizeResult(answers, marginals, None, total, peaks, partial(drawn, layers[-1], [call.item for call in calls]))


class _Taken(NamedTuple):
    """The settings of a path from its end, sharing what other paths have behind them."""

    item: int
    option: int
    rest: _Taken | None


def _paths(
    items: Sequence[SizeItem], calls: Sequence[SizeCall], layers: list[list[Node]], best: int, total: float
) -> list[SizeAnswer]:
    """The k best paths, backward, with the exact best forward score as the bound."""
    counter = 0
    queue: list[tuple[float, int, int, Node, _Taken | None, float]] = []
    for node in layers[-1]:
        queue.append((-node.best, counter, len(calls), node, None, 0.0))
        counter += 1
    heapq.heapify(queue)
    answers: list[SizeAnswer] = []
    while queue and len(answers) < best:
        patience.check()
        bound, _, index, node, taken, behind = heapq.heappop(queue)
        if index == 0 or counter > MOST_PATHS:
            answers.append(_answer(items, calls, _steepest(calls, index, node, taken), -bound, total))
            continue
        item = calls[index - 1].item
        for previous, number, weight in node.edges:
            counter += 1
            score = behind + weight
            behind_it = _Taken(item, number, taken)
            heapq.heappush(queue, (-(previous.best + score), counter, index - 1, previous, behind_it, score))
    return answers


def _steepest(calls: Sequence[SizeCall], index: int, node: Node, taken: _Taken | None) -> _Taken | None:
    """The best way from a state to the beginning."""
    while index:
        index -= 1
        node, number, _ = max(node.edges, key=lambda edge: edge[0].best + edge[2])
        taken = _Taken(calls[index].item, number, taken)
    return taken


def _answer(
    items: Sequence[SizeItem], calls: Sequence[SizeCall], taken: _Taken | None, score: float, total: float
) -> SizeAnswer:
    chosen: dict[int, int] = {}
    while taken is not None:
        chosen[taken.item] = taken.option
        taken = taken.rest
    shapes: list[Shape] = []
    for call in calls:
        operands = tuple(shapes[operand] for operand in call.operands)
        shape = items[call.item].options[chosen[call.item]].shape(operands)
        assert shape is not None
        shapes.append(shape)
    options = tuple(chosen.get(item, 0) for item in range(len(items)))
    return SizeAnswer(options, tuple(shapes), score, math.exp(min(0.0, score - total)))
