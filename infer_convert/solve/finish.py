"""From a complete state to a wiring whose operands are ordered and whose list order is checked."""

from __future__ import annotations

from collections.abc import Sequence

from infer_convert.solve.items import Call, Item, Wiring
from infer_convert.solve.order import keras_order
from infer_convert.solve.state import Placed, State

MOST_FLIPS = 40
"""Merges whose operand order is tried the other way round to reproduce the list."""

UPSAMPLERS = ("UpSampling", "ConvTranspose")


def complete(items: Sequence[Item], state: State) -> Wiring | None:
    """The wiring of a complete state, or None when no operand order reproduces the list."""
    count = len(items)
    variants = [0] * count
    calls = [1] * count
    feeding: list[dict[int, list[Call]]] = [{} for _ in range(count)]
    states: set[tuple[int, int]] = set()
    placed: Placed | None = state.trail
    while placed is not None:
        variants[placed.item] = placed.variant
        calls[placed.item] = placed.calls
        for consumer, call, own, with_state in placed.fills:
            feeding[consumer].setdefault(call, []).append((placed.item, own))
            if with_state:
                states.add((consumer, placed.item))
        placed = placed.before
    labels = [items[i].variants[v].label for i, v in enumerate(variants)]
    operands: list[list[tuple[Call, ...]]] = []
    ordered: set[int] = set()
    for index in range(count):
        inbound = []
        for call in range(calls[index]):
            found = feeding[index].get(call, [])
            if items[index].variants[variants[index]].takes_state:
                arranged, fixed = tuple(sorted(found, key=lambda one: (index, one[0]) in states)), True
            else:
                arranged, fixed = _arrange(index, found, state, labels, variants, items, feeding)
            inbound.append(arranged)
            if fixed:
                ordered.add(index)
        operands.append(inbound if items[index].variants[variants[index]].operands[1] else [()])
    outputs = _numbered(state.outputs)
    repaired = _repair(operands, outputs, frozenset(consumer for consumer, _ in states))
    if repaired is None:
        return None
    flipped, changed = repaired
    return Wiring(
        tuple(variants), tuple(tuple(call) for call in flipped), outputs, -state.cost, 1.0, frozenset(ordered | changed)
    )


def _numbered(outputs: Sequence[int]) -> tuple[Call, ...]:
    """The outputs as calls: an item that is several of them is called as often."""
    return tuple((item, outputs[:place].count(item)) for place, item in enumerate(outputs))


def _arrange(
    index: int,
    found: list[Call],
    state: State,
    labels: Sequence[str],
    variants: Sequence[int],
    items: Sequence[Item],
    feeding: Sequence[dict[int, list[Call]]],
) -> tuple[tuple[Call, ...], bool]:
    """Operands in order: what the list forces first, then the habits of people."""
    if len(found) < 2:
        return tuple(found), False
    before = {(a, b) for merge, a, b in state.precedence if merge == index}
    default = sorted(found, key=lambda call: (_habit(call[0], labels, feeding), call))
    result: list[Call] = []
    rest = list(default)
    while rest:
        free = next(
            (call for call in rest if not any((other[0], call[0]) in before for other in rest if other is not call)),
            rest[0],
        )
        result.append(free)
        rest.remove(free)
    return tuple(result), bool(before)


def _habit(item: int, labels: Sequence[str], feeding: Sequence[dict[int, list[Call]]]) -> int:
    """0 for an upsampled operand (``concatenate([up, skip])`` is the commoner habit), 1 otherwise."""
    current, steps = item, 0
    while steps < 4:
        if labels[current].partition("/")[0] in UPSAMPLERS:
            return 0
        inbound = feeding[current].get(0, [])
        if len(inbound) != 1 or labels[current] not in (
            "Activation",
            "BatchNorm",
            "Dropout",
            "Cropping",
            "ZeroPadding",
        ):
            return 1
        current, steps = inbound[0][0], steps + 1
    return 1


def _matched(operands: Sequence[Sequence[tuple[Call, ...]]], outputs: tuple[Call, ...]) -> int:
    order = keras_order(operands, outputs)
    total = len(operands)
    if len(order) != total:
        return -1
    # Read from the end, as the parser does: the walk starts at the outputs.
    for position in range(total - 1, -1, -1):
        if order[position] != position:
            return total - 1 - position
    return total


def _repair(
    operands: list[list[tuple[Call, ...]]], outputs: tuple[Call, ...], settled: frozenset[int]
) -> tuple[list[list[tuple[Call, ...]]], set[int]] | None:
    """Turn operand orders round until Keras' order is the list's; None when that does not succeed. The
    operands of ``settled`` items mean different things."""
    best = _matched(operands, outputs)
    total = len(operands)
    changed: set[int] = set()
    if best == total:
        return operands, changed
    merges = [i for i in range(total - 1, -1, -1) if i not in settled and any(len(call) > 1 for call in operands[i])]
    tries = 0
    while best < total and tries < MOST_FLIPS:
        improved = False
        for index in merges:
            tries += 1
            trial = list(operands)
            trial[index] = [tuple(reversed(call)) for call in operands[index]]
            score = _matched(trial, outputs)
            if score > best:
                operands, best, improved = trial, score, True
                changed ^= {index}
                break
        if not improved:
            return None
    return (operands, changed) if best == total else None
