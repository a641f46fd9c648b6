"""Joint choice of settings by exact propagation of shapes through a graph.

Every call has options; each option maps the operand shapes to a result shape or to None (it does not fit) and has a log
prior. ``habit`` ties options of different calls together: people set a thing the same way throughout a net, so the
first use of a habit pays its prior and a later switch pays extra. The engine runs forward over the calls with a beam of
merged states (live shapes and habits), then backward for marginals, then picks the k best assignments. It knows nothing
of Keras.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

Shape = tuple[int | None, ...]
ShapeFunction = Callable[[tuple[Shape, ...]], Shape | None]

SWITCH = 3.0
"""Nats for a setting that differs from the net's habit (WIRING §6)."""
STATES = 400
"""States kept after each call."""


@dataclass(frozen=True, slots=True)
class SizeOption:
    """One setting of one item. ``habit`` is (kind, value) or None; ``shape`` gets the operand shapes of one call."""

    log_prior: float
    shape: ShapeFunction
    habit: tuple[str, Hashable] | None = None


@dataclass(frozen=True, slots=True)
class SizeItem:
    """An item with its calls' operands as indices into the sequence of calls, parents first."""

    options: tuple[SizeOption, ...]


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

    ``log_mass`` is the log of the summed weight of all assignments kept, for comparing graphs.
    """

    answers: tuple[SizeAnswer, ...]
    marginals: tuple[tuple[float, ...], ...] = ()
    failed_at: int | None = None
    log_mass: float = -math.inf


@dataclass(slots=True)
class _Node:
    key: tuple[object, ...]
    shapes: Mapping[int, Shape]
    chosen: Mapping[int, int]
    habits: Mapping[str, Hashable]
    alpha: float = -math.inf
    best: float = -math.inf
    beta: float = -math.inf
    edges: list[tuple[_Node, int, float]] = field(default_factory=list)


def solve_sizes(items: Sequence[SizeItem], calls: Sequence[SizeCall], best: int = 8, states: int = STATES) -> SizeResult:
    """The ``best`` assignments and every item's marginals. An item called twice keeps one setting for both calls."""
    last_use = _last_use(calls)
    later_calls = _later_calls(calls)
    layers: list[list[_Node]] = [[_Node((), {}, {}, {}, 0.0, 0.0)]]
    memo: list[dict[tuple[int, tuple[Shape, ...]], Shape | None]] = [{} for _ in items]
    for index, call in enumerate(calls):
        found: dict[tuple[object, ...], _Node] = {}
        options = items[call.item].options
        for node in layers[-1]:
            operands = tuple(node.shapes[operand] for operand in call.operands)
            fixed = node.chosen.get(call.item)
            for number in range(len(options)) if fixed is None else (fixed,):
                cached = memo[call.item]
                key = (number, operands)
                if key not in cached:
                    cached[key] = options[number].shape(operands)
                result = cached[key]
                if result is None:
                    continue
                weight = _weight(options[number], node.habits) if fixed is None else 0.0
                _advance(found, node, index, call, number, result, weight, options[number], last_use, later_calls)
        if not found:
            return SizeResult((), failed_at=index)
        layers.append(heapq.nlargest(states, found.values(), key=lambda node: node.best))
    return _read(items, calls, layers, best)


def _weight(option: SizeOption, habits: Mapping[str, Hashable]) -> float:
    if option.habit is None:
        return option.log_prior
    kind, value = option.habit
    if kind not in habits:
        return option.log_prior
    return 0.3 * option.log_prior - (0.0 if habits[kind] == value else SWITCH)


def _advance(
    found: dict[tuple[object, ...], _Node],
    node: _Node,
    index: int,
    call: SizeCall,
    number: int,
    result: Shape,
    weight: float,
    option: SizeOption,
    last_use: Sequence[int],
    later_calls: Sequence[frozenset[int]],
) -> None:
    shapes = {position: shape for position, shape in node.shapes.items() if last_use[position] > index}
    if last_use[index] > index:
        shapes[index] = result
    chosen = {item: value for item, value in node.chosen.items() if item in later_calls[index]}
    if call.item in later_calls[index]:
        chosen[call.item] = number
    habits = node.habits if option.habit is None else {**node.habits, option.habit[0]: option.habit[1]}
    key = (tuple(sorted(shapes.items())), tuple(sorted(chosen.items())), tuple(sorted(habits.items(), key=repr)))
    target = found.get(key)
    if target is None:
        target = found[key] = _Node(key, shapes, chosen, habits)
    target.edges.append((node, number, weight))
    target.alpha = _logaddexp(target.alpha, node.alpha + weight)
    target.best = max(target.best, node.best + weight)


def _read(
    items: Sequence[SizeItem], calls: Sequence[SizeCall], layers: list[list[_Node]], best: int
) -> SizeResult:
    for node in layers[-1]:
        node.beta = 0.0
    first_call = {}
    for index, call in enumerate(calls):
        first_call.setdefault(call.item, index)
    masses: list[list[float]] = [[-math.inf] * len(item.options) for item in items]
    for index in range(len(calls), 0, -1):
        item = calls[index - 1].item
        for node in layers[index]:
            if node.beta == -math.inf:
                continue
            for previous, number, weight in node.edges:
                previous.beta = _logaddexp(previous.beta, node.beta + weight)
                if first_call[item] == index - 1:
                    masses[item][number] = _logaddexp(masses[item][number], previous.alpha + weight + node.beta)
    total = math.inf if not layers[-1] else -math.inf
    for node in layers[-1]:
        total = _logaddexp(total, node.alpha)
    marginals = tuple(
        tuple(math.exp(mass - total) if mass > -math.inf else 0.0 for mass in row) if item in first_call else tuple(1.0 for _ in row)
        for item, row in enumerate(masses)
    )
    answers = tuple(_paths(items, calls, layers, best, total))
    return SizeResult(answers, marginals, None, total)


def _paths(
    items: Sequence[SizeItem], calls: Sequence[SizeCall], layers: list[list[_Node]], best: int, total: float
) -> list[SizeAnswer]:
    """The k best paths, backward, with the exact best forward score as the bound."""
    counter = 0
    queue: list[tuple[float, int, int, _Node, tuple[tuple[int, int], ...] | None, float]] = []
    for node in layers[-1]:
        queue.append((-node.best, counter, len(calls), node, (), 0.0))
        counter += 1
    heapq.heapify(queue)
    answers: list[SizeAnswer] = []
    while queue and len(answers) < best:
        bound, _, index, node, taken, behind = heapq.heappop(queue)
        if index == 0:
            answers.append(_answer(items, calls, taken or (), -bound, total))
            continue
        item = calls[index - 1].item
        for previous, number, weight in node.edges:
            counter += 1
            score = behind + weight
            heapq.heappush(
                queue, (-(previous.best + score), counter, index - 1, previous, ((item, number), *(taken or ())), score)
            )
    return answers


def _answer(
    items: Sequence[SizeItem], calls: Sequence[SizeCall], taken: tuple[tuple[int, int], ...], score: float, total: float
) -> SizeAnswer:
    chosen = dict(taken)
    shapes: list[Shape] = []
    for call in calls:
        operands = tuple(shapes[operand] for operand in call.operands)
        shape = items[call.item].options[chosen[call.item]].shape(operands)
        assert shape is not None
        shapes.append(shape)
    options = tuple(chosen.get(item, 0) for item in range(len(items)))
    return SizeAnswer(options, tuple(shapes), score, math.exp(min(0.0, score - total)))


def _last_use(calls: Sequence[SizeCall]) -> list[int]:
    last = list(range(len(calls)))
    for index, call in enumerate(calls):
        for operand in call.operands:
            last[operand] = max(last[operand], index)
    return last


def _later_calls(calls: Sequence[SizeCall]) -> list[frozenset[int]]:
    """Items that are called again after each position."""
    result: list[frozenset[int]] = []
    later: set[int] = set()
    for call in reversed(calls):
        result.append(frozenset(later))
        later.add(call.item)
    repeated = {call.item for call in calls if sum(other.item == call.item for other in calls) > 1} if _repeats(calls) else set()
    return [frozenset(items & repeated) for items in reversed(result)]


def _repeats(calls: Sequence[SizeCall]) -> bool:
    return len({call.item for call in calls}) < len(calls)


def _logaddexp(a: float, b: float) -> float:
    if a == -math.inf:
        return b
    if b == -math.inf:
        return a
    high = max(a, b)
    return high + math.log(math.exp(a - high) + math.exp(b - high))
