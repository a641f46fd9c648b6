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
from operator import attrgetter
from typing import NamedTuple

from infer_convert.solve import patience
from infer_convert.solve.draws import Draw, drawn
from infer_convert.solve.lattice import Lattice, Reading, Shape
from infer_convert.solve.pace import Pace

ShapeFunction = Callable[[tuple[Shape, ...]], Shape | None]
AtOnce = Callable[[tuple[Shape, ...]], list[tuple[int, Shape]]]

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
    """An item with its options, each weighed against the others. ``at_once`` gives for the operand shapes of one call
    every option that suits with its result, where that is cheaper than to ask them one by one."""

    options: tuple[SizeOption, ...]
    at_once: AtOnce | None = None

    def results(self, operands: tuple[Shape, ...]) -> list[tuple[int, Shape]]:
        """Every option that suits the operands of one call, by number, with the shape of its result."""
        if self.at_once is not None:
            return self.at_once(operands)
        made = [(number, option.shape(operands)) for number, option in enumerate(self.options)]
        return [(number, shape) for number, shape in made if shape is not None]

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
    """A merged state behind one call: the numbers of its shapes in the lattice and of its context."""

    shapes: int
    context: int
    alpha: float = -math.inf
    best: float = -math.inf
    behind: float = -math.inf
    share: float = 0.0
    """``alpha`` is the sum of all ways to it and ``best`` the best of them; ``behind`` is the best of what follows and
    ``share`` its probability, once the end is known."""
    edges: list[tuple[_Node, int, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Step:
    """One call: what it reads and keeps, and of its item's earlier setting, when this is not its first call, the
    position among the settings that are remembered."""

    reading: Reading
    fixed_at: int | None
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
        steps.append(_Step(Reading(call.item, operands, kept, keeps_result), fixed_at, remembers))
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
    steps = _plan_steps(calls)
    lattice = Lattice([item.results for item in items], [step.reading for step in steps])
    if lattice.failed_at is not None:
        return SizeResult((), failed_at=lattice.failed_at)
    last_read = _last_read(items, calls, strata)
    kinds = {kind: number for number, kind in enumerate(last_read)}
    contexts = _Contexts(len(kinds))
    layers: list[list[_Node]] = [[_Node(0, 0, 0.0, 0.0)]]
    weighers = [_Weigher(item, kinds) for item in items]
    ends = list(last_read.values())
    of_strata = [kinds[kind] for kind in strata if kind in kinds]
    pace = Pace(WORK, len(calls), states)
    for index, step in enumerate(steps):
        forgets = [position for position, end in enumerate(ends) if end == index]
        ways = _Ways(weighers[step.reading.item], step, forgets, contexts)
        found = _advance(lattice, index, ways, layers[-1])
        if not found:
            return SizeResult((), failed_at=index)
        each = NODE + len(step.reading.kept) + step.reading.keeps_result
        pace.spend(each * len(found) + sum([len(node.edges) for node in found]))
        # An input's many sizes are not what a layer costs.
        width = pace.width(len(layers[-1]), bool(step.reading.operands))
        layers.append(_pruned(found, width, contexts, of_strata))
    return _read(items, calls, layers, best)


def _last_read(items: Sequence[SizeItem], calls: Sequence[SizeCall], strata: Sequence[str]) -> dict[str, int]:
    """Every kind that is written and read, and the last call that reads it; strata are read to the end."""
    written = {kind for item in items for option in item.options for kind, _ in option.writes}
    found: dict[str, int] = {}
    for index, call in enumerate(calls):
        for option in items[call.item].options:
            found.update((kind, index) for kind, _, _ in option.reads if kind in written)
    return found | {kind: len(calls) for kind in strata if kind in written}


def _pruned(found: list[_Node], states: int, contexts: _Contexts, strata: Sequence[int]) -> list[_Node]:
    if len(found) <= states:
        return found
    groups: dict[tuple[Hashable, ...], list[_Node]] = {}
    for node in found:
        memories = contexts.memories[node.context]
        groups.setdefault(tuple([memories[kind] for kind in strata]), []).append(node)
    share = max(MOST_PER_STRATUM, states // len(groups))
    shrunk = [
        group if len(group) == 1 else heapq.nlargest(share, group, key=attrgetter("best"))
        for group in groups.values()
    ]
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


class _Contexts:
    """What states hold beside shapes, by number: the memories, and the settings of items that are called again."""

    def __init__(self, kinds: int) -> None:
        self.memories: list[tuple[Hashable, ...]] = []
        self.chosen: list[tuple[int, ...]] = []
        self._numbers: dict[tuple[tuple[Hashable, ...], tuple[int, ...]], int] = {}
        self.number((None,) * kinds, ())

    def number(self, memories: tuple[Hashable, ...], chosen: tuple[int, ...]) -> int:
        found = self._numbers.get((memories, chosen))
        if found is None:
            found = self._numbers[memories, chosen] = len(self.memories)
            self.memories.append(memories)
            self.chosen.append(chosen)
        return found


class _Ways:
    """What one call's options weigh and leave behind in every context."""

    def __init__(self, weigher: _Weigher, step: _Step, forgets: Sequence[int], contexts: _Contexts) -> None:
        self._weigher, self._step, self._forgets, self._contexts = weigher, step, forgets, contexts
        self._known: dict[int, tuple[int | None, Sequence[float], list[int]]] = {}

    def of(self, context: int) -> tuple[int | None, Sequence[float], list[int]]:
        """The only option that is open, if the item has been called before; every option's weight; and the number of
        the context behind it."""
        found = self._known.get(context)
        if found is None:
            found = self._known[context] = self._made(context)
        return found

    def _made(self, context: int) -> tuple[int | None, Sequence[float], list[int]]:
        memories, chosen = self._contexts.memories[context], self._contexts.chosen[context]
        writes = self._weigher.writes
        if self._step.fixed_at is not None:
            same = self._contexts.number(self._forgotten(list(memories)), chosen)
            return chosen[self._step.fixed_at], (0.0,) * len(writes), [same] * len(writes)
        behind = []
        for number, written in enumerate(writes):
            after = list(memories)
            for position, value in written:
                after[position] = value
            remembered = (*chosen, number) if self._step.remembers else chosen
            behind.append(self._contexts.number(self._forgotten(after), remembered))
        return None, self._weigher.weights(memories), behind

    def _forgotten(self, memories: list[Hashable]) -> tuple[Hashable, ...]:
        for position in self._forgets:
            memories[position] = None
        return tuple(memories)


def _advance(lattice: Lattice, index: int, ways: _Ways, before: list[_Node]) -> list[_Node]:
    found: dict[tuple[int, int], _Node] = {}
    moves = lattice.moves
    for node in before:
        fixed, weights, behind = ways.of(node.context)
        for number, shapes in moves(index, node.shapes):
            if fixed is not None and number != fixed:
                continue
            key = shapes, behind[number]
            target = found.get(key)
            if target is None:
                target = found[key] = _Node(shapes, behind[number])
            target.edges.append((node, number, weights[number]))
    for target in found.values():
        edges = target.edges
        if len(edges) == 1:
            node, _, weight = edges[0]
            target.best, target.alpha = node.best + weight, node.alpha + weight
            continue
        target.best = max([node.best + weight for node, _, weight in edges])
        target.alpha = _log_sum([node.alpha + weight for node, _, weight in edges])
    return list(found.values())


def _read(items: Sequence[SizeItem], calls: Sequence[SizeCall], layers: list[list[_Node]], best: int) -> SizeResult:
    total = _log_sum([node.alpha for node in layers[-1]])
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


def _log_sum(logs: Sequence[float]) -> float:
    top = max(logs, default=-math.inf)
    if top == -math.inf:
        return top
    return top + math.log(sum([math.exp(value - top) for value in logs]))
