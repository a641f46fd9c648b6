"""The state that a step leads to."""

from __future__ import annotations

from collections.abc import Iterator

from infer_convert.solve.moves import Move
from infer_convert.solve.past import Row
from infer_convert.solve.state import Placed, Precedence, Slot, State
from infer_convert.solve.steps import Step


def fills(move: Move) -> Iterator[tuple[Slot, int]]:
    """The operands that a move fills, each with the layer's own call."""
    return zip(move.chosen, move.calls or (0,) * len(move.chosen), strict=bool(move.chosen))


def after(state: State, index: int, step: Step, cost: float) -> State:
    """The state after a step."""
    move = step.move
    fed = tuple([(slot.item, slot.call, own, slot.is_state()) for slot, own in fills(move)])
    group, slots, remainders = move.frontier()
    precedence = state.precedence if step.order is None else state.precedence | {step.order}
    return State(
        state.last,
        cost,
        group,
        slots,
        state.outputs if move.chosen else (*(index,) * max(1, len(move.calls)), *state.outputs),
        state.past.with_row(_row(state, index, move, group, precedence)),
        remainders,
        precedence,
        state.memory.after(step.motifs) if step.motifs else state.memory,
        Placed(index, move.number, 1 + max(move.calls, default=0), fed, state.trail),
    )


def _row(state: State, index: int, move: Move, group: int, precedence: frozenset[Precedence]) -> Row:
    consumers = tuple(dict.fromkeys([slot.item for slot in move.chosen]))
    if len(consumers) < 2:
        return group, consumers, consumers[0] if consumers else None
    if move.shared or any(slot.hidden for slot in move.chosen):
        return group, consumers, None
    return group, consumers, state._replace(precedence=precedence).first_of(index, consumers)
