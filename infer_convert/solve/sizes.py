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
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from infer_convert.solve import patience
from infer_convert.solve.draws import Draw, drawn
from infer_convert.solve.pace import Pace

Shape = tuple[int | None, ...]
ShapeFunction = Callable[[tuple[Shape, ...]], Shape | None]

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
MOST_PER_STRATUM = 4
"""States of every stratum that are kept at least."""


@dataclass(frozen=True, slots=True)
class SizeOption:
    """One setting of one item; ``shape`` gets the operand shapes of one call. ``reads`` are (kind, value, nats): what
    the option gains where the kind's last value is this one. ``writes`` are (kind, value)."""

    log_prior: float
    shape: ShapeFunction
    reads: tuple[tuple[str, Hashable, float], ...] = ()
    writes: tuple[tuple[str, Hashable], ...] = ()

    def gained(self, memories: Mapping[str, Hashable]) -> float:
        """Nats for repeating what ``memories`` hold by kind."""
        return math.fsum(nats for kind, value, nats in self.reads if kind in memories and memories[kind] == value)


@dataclass(frozen=True, slots=True)
class SizeItem:
    """An item with its options, each weighed against the others."""

    options: tuple[SizeOption, ...]

    def weights(self, memories: Mapping[str, Hashable]) -> tuple[float, ...]:
        """Log probability of every option where ``memories`` are the last values by kind."""
        scores = [option.log_prior + option.gained(memories) for option in self.options]
        top = max(scores)
        total = top + math.log(math.fsum(math.exp(score - top) for score in scores))
        return tuple(score - total for score in scores)


@dataclass(frozen=True, slots=True)
class SizeCall:
    """One call of one item; operands are earlier calls by index."""

    item: int
    operands: tuple[int, ...]


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
    ``draw`` gives assignments in proportion to their probability.
    """

    answers: tuple[SizeAnswer, ...]
    marginals: tuple[tuple[float, ...], ...] = ()
    failed_at: int | None = None
    log_mass: float = -math.inf
    peaks: tuple[tuple[float, ...], ...] = ()
    draw: Callable[[], tuple[Draw, ...]] = tuple


@dataclass(slots=True, eq=False)
class _Node:
    """A merged state behind one call: the live shapes, the settings of items that are called again, the memories."""

    shapes: tuple[Shape, ...]
    chosen: tuple[int, ...]
    memories: tuple[Hashable, ...]
    alpha: float = -math.inf
    best: float = -math.inf
    beta: float = -math.inf
    behind: float = -math.inf
    """The best of what follows; ``alpha`` and ``beta`` are sums, ``best`` and ``behind`` maxima."""
    edges: list[tuple[_Node, int, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Step:
    """What one call reads and keeps, as positions in the tuples of the states before and behind it."""

    item: int
    operands: tuple[int, ...]
    kept: tuple[int, ...]
    keeps_result: bool
    fixed_at: int | None
    """Position of the item's earlier setting, when this is not its first call."""
    remembers: bool


def _plan_steps(calls: Sequence[SizeCall]) -> list[_Step]:
    last = list(range(len(calls)))
    for index, call in enumerate(calls):
        for operand in call.operands:
            last[operand] = index
    count: dict[int, int] = {}
    for call in calls:
        count[call.item] = count.get(call.item, 0) + 1
    live: list[int] = []
    remembered: list[int] = []
    steps = []
    for index, call in enumerate(calls):
        operands = tuple(live.index(operand) for operand in call.operands)
        kept = tuple(position for position, name in enumerate(live) if last[name] > index)
        keeps_result = last[index] > index
        fixed_at = remembered.index(call.item) if call.item in remembered else None
        remembers = count[call.item] > 1 and fixed_at is None
        steps.append(_Step(call.item, operands, kept, keeps_result, fixed_at, remembers))
        live = [live[position] for position in kept] + ([index] if keeps_result else [])
        if remembers:
            remembered.append(call.item)
    return steps


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
    last_read = _last_read(items, calls, strata)
    kinds = {kind: number for number, kind in enumerate(last_read)}
    layers: list[list[_Node]] = [[_Node((), (), (None,) * len(kinds), 0.0, 0.0)]]
    memo: list[dict[tuple[Shape, ...], tuple[tuple[int, Shape], ...]]] = [{} for _ in items]
    weighers = [_Weigher(item, kinds) for item in items]
    ends = list(last_read.values())
    pace = Pace(WORK, len(calls), states)
    for index, step in enumerate(_plan_steps(calls)):
        forgets = [position for position, end in enumerate(ends) if end == index]
        found = _advance(weighers[step.item], step, layers[-1], memo[step.item], forgets)
        if not found:
            return SizeResult((), failed_at=index)
        pace.spend(sum([NODE + len(node.shapes) + len(node.edges) for node in found]))
        width = pace.width(len(layers[-1]), bool(step.operands))  # an input's many sizes are not what a layer costs
        layers.append(_pruned(found, width, [kinds[kind] for kind in strata if kind in kinds]))
    return _read(items, calls, layers, best)


def _last_read(items: Sequence[SizeItem], calls: Sequence[SizeCall], strata: Sequence[str]) -> dict[str, int]:
    """Every kind that is written and read, and the last call that reads it; strata are read to the end."""
    written = {kind for item in items for option in item.options for kind, _ in option.writes}
    found: dict[str, int] = {}
    for index, call in enumerate(calls):
        for option in items[call.item].options:
            found.update((kind, index) for kind, _, _ in option.reads if kind in written)
    return found | {kind: len(calls) for kind in strata if kind in written}


def _pruned(found: list[_Node], states: int, strata: Sequence[int]) -> list[_Node]:
    if len(found) <= states:
        return found
    groups: dict[tuple[Hashable, ...], list[_Node]] = {}
    for node in found:
        groups.setdefault(tuple(node.memories[kind] for kind in strata), []).append(node)
    share = max(MOST_PER_STRATUM, states // len(groups))
    shrunk = [heapq.nlargest(share, group, key=lambda node: node.best) for group in groups.values()]
    likeliest = heapq.nlargest(max(1, states // share), shrunk, key=lambda group: group[0].best)
    return [node for group in likeliest for node in group]


class _Weigher:
    """An item's weights by the memories that it reads, and what its options write, by position."""

    def __init__(self, item: SizeItem, kinds: Mapping[str, int]) -> None:
        self.item = item
        reads = {kind: None for option in item.options for kind, _, _ in option.reads if kind in kinds}
        self._kinds = tuple(reads)
        self._reads = tuple(kinds[kind] for kind in reads)
        self.writes = [
            [(kinds[kind], value) for kind, value in option.writes if kind in kinds] for option in item.options
        ]
        self._known: dict[tuple[Hashable, ...], tuple[float, ...]] = {}

    def weights(self, memories: tuple[Hashable, ...]) -> tuple[float, ...]:
        """Of every option behind these memories."""
        key = tuple([memories[position] for position in self._reads])
        found = self._known.get(key)
        if found is None:
            last = {kind: value for kind, value in zip(self._kinds, key, strict=True) if value is not None}
            found = self._known[key] = self.item.weights(last)
        return found


def _advance(
    weigher: _Weigher,
    step: _Step,
    before: list[_Node],
    memo: dict[tuple[Shape, ...], tuple[tuple[int, Shape], ...]],
    forgets: Sequence[int],
) -> list[_Node]:
    options = weigher.item.options
    found: dict[tuple[object, ...], _Node] = {}
    for node in before:
        operands = tuple([node.shapes[position] for position in step.operands])
        results = memo.get(operands)
        if results is None:
            tried = ((number, option.shape(operands)) for number, option in enumerate(options))
            results = memo[operands] = tuple((number, shape) for number, shape in tried if shape is not None)
        kept = tuple([node.shapes[position] for position in step.kept])
        fixed = None if step.fixed_at is None else node.chosen[step.fixed_at]
        weights = weigher.weights(node.memories)
        for number, result in results:
            if fixed is not None and number != fixed:
                continue
            memories = node.memories
            weight = weights[number] if fixed is None else 0.0
            for position, value in weigher.writes[number] if fixed is None else ():
                if memories[position] != value:
                    memories = (*memories[:position], value, *memories[position + 1 :])
            for position in forgets:
                if memories[position] is not None:
                    memories = (*memories[:position], None, *memories[position + 1 :])
            shapes = (*kept, result) if step.keeps_result else kept
            chosen = (*node.chosen, number) if step.remembers else node.chosen
            key = (shapes, chosen, memories)
            target = found.get(key)
            if target is None:
                target = found[key] = _Node(shapes, chosen, memories)
                target.alpha = node.alpha + weight
                target.best = node.best + weight
            else:
                target.alpha = _logaddexp(target.alpha, node.alpha + weight)
                target.best = max(target.best, node.best + weight)
            target.edges.append((node, number, weight))
    return list(found.values())


def _read(items: Sequence[SizeItem], calls: Sequence[SizeCall], layers: list[list[_Node]], best: int) -> SizeResult:
    for node in layers[-1]:
        node.beta = node.behind = 0.0
    first_call: dict[int, int] = {}
    for index, call in enumerate(calls):
        first_call.setdefault(call.item, index)
    masses: list[list[float]] = [[-math.inf] * len(item.options) for item in items]
    tops: list[list[float]] = [[-math.inf] * len(item.options) for item in items]
    for index in range(len(calls), 0, -1):
        item = calls[index - 1].item
        for node in layers[index]:
            if node.beta == -math.inf:
                continue
            for previous, number, weight in node.edges:
                previous.beta = _logaddexp(previous.beta, node.beta + weight)
                previous.behind = max(previous.behind, node.behind + weight)
                if first_call[item] == index - 1:
                    masses[item][number] = _logaddexp(masses[item][number], previous.alpha + weight + node.beta)
                    tops[item][number] = max(tops[item][number], previous.best + weight + node.behind)
    total = math.inf if not layers[-1] else -math.inf
    for node in layers[-1]:
        total = _logaddexp(total, node.alpha)
    marginals = tuple(
        tuple(math.exp(mass - total) if mass > -math.inf else 0.0 for mass in row)
        if item in first_call
        else tuple(1.0 for _ in row)
        for item, row in enumerate(masses)
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
    items: Sequence[SizeItem], calls: Sequence[SizeCall], layers: list[list[_Node]], best: int, total: float
) -> list[SizeAnswer]:
    """The k best paths, backward, with the exact best forward score as the bound."""
    counter = 0
    queue: list[tuple[float, int, int, _Node, _Taken | None, float]] = []
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


def _steepest(calls: Sequence[SizeCall], index: int, node: _Node, taken: _Taken | None) -> _Taken | None:
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


def _logaddexp(a: float, b: float) -> float:
    if a == -math.inf:
        return b
    if b == -math.inf:
        return a
    high = max(a, b)
    return high + math.log(math.exp(a - high) + math.exp(b - high))
