"""What the moves of an item cost in one state: the log-linear model's shares, and what motifs remember."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from infer_convert.solve.features import MOST_COUNTED, Scene
from infer_convert.solve.items import Variant
from infer_convert.solve.moves import Move
from infer_convert.solve.state import Precedence, Slot, State

SWAY = 3.0
"""Nats that an item's surroundings can say for or against one of its readings."""


class Step(NamedTuple):
    """A move in one state, with its cost and what it adds to the state: the choices that motifs remember, as numbers
    (one per level of detail), and what the list's order says about a merge's operands."""

    move: Move
    cost: float
    motifs: tuple[tuple[int, int], ...]
    order: Precedence | None


def steps(scene: Scene, state: State, index: int, found: Sequence[Move]) -> list[Step]:
    """The moves that the list's order allows in ``state``, each charged with its negative log share (a step without a
    choice is free) and with what the caller says about its edges."""
    raw = list(raw_steps(scene, state, index, found))
    if len(scene.items[index].variants) > 1:
        raw = _swayed(raw)
    if len(raw) < 2:
        return [step._replace(cost=step.move.evidence) for step in raw]
    least = min([step.cost for step in raw])
    total = math.log(math.fsum([math.exp(least - step.cost) for step in raw]))
    return [Step(step.move, step.cost - least + total + step.move.evidence, step.motifs, step.order) for step in raw]


def _swayed(raw: list[Step]) -> list[Step]:
    """Steps of several readings of one item, their surroundings' say in the reading bounded: sums of features are made
    to be compared within one reading."""
    readings: dict[int, list[float]] = {}
    for step in raw:
        readings.setdefault(step.move.number, []).append(step.move.cost - step.cost)
    if len(readings) < 2:
        return raw
    says = {}
    for number, scores in readings.items():
        top = max(scores)
        says[number] = top + math.log(math.fsum([math.exp(score - top) for score in scores]))
    first = says[min(says)]
    less = {number: said - first - max(-SWAY, min(SWAY, said - first)) for number, said in says.items()}
    return [step._replace(cost=step.cost + less[step.move.number]) for step in raw]


def raw_steps(scene: Scene, state: State, index: int, found: Sequence[Move]) -> Iterator[Step]:
    """The same with unnormalised costs."""
    memory, repeating = state.memory, scene.repeating
    for move in found:
        order: Precedence | None = None
        if move.chosen and move.group == state.depth and not move.shared:
            allowed = state.visited_before(move.chosen)
            if allowed is False:
                continue
            if isinstance(allowed, tuple):
                order = allowed
        cost = move.cost - move.score
        motifs: tuple[tuple[int, int], ...] = ()
        if move.chosen and not move.shared and len(found) > 1:
            motifs = move.motifs if move.motifs is not None else _with_motifs(scene, index, found, move)
            for level, (context, choice) in enumerate(motifs):
                last = memory.get(context)
                if last is not None:
                    cost -= repeating[level][last[0] == choice][min(last[1], MOST_COUNTED)]
        yield Step(move, cost, motifs, order)


def _with_motifs(scene: Scene, index: int, found: Sequence[Move], wanted: Move) -> tuple[tuple[int, int], ...]:
    """What all the moves mean to motifs; that of ``wanted``."""
    contexts: tuple[int, ...] = ()
    described: dict[int, tuple[str, int, int]] = {}
    fitting: tuple[Slot, ...] | None = None
    variant: Variant | None = None
    for move in found:
        if not move.chosen or move.shared:
            continue
        if move.fitting is not fitting or move.variant is not variant:
            fitting, variant = move.fitting, move.variant
            contexts, described = scene.surroundings(index, variant, fitting)
        move.motifs = scene.motifs(move.variant, move.chosen, contexts, described)
    assert wanted.motifs is not None
    return wanted.motifs
