"""The order in which the calls of a plan can be made."""

from __future__ import annotations

from infer_convert.errors import NoArchitecture
from infer_convert.plan import Plan, PlanLayer, Ref


def ordered_calls(plan: Plan) -> tuple[tuple[PlanLayer, int], ...]:
    """Every call ``(layer, number)`` after the calls it reads from, otherwise in the plan's order.

    An InputLayer counts as one call without operands. Raises NoArchitecture for operands that do not exist and for
    cycles.
    """
    waiting: list[tuple[PlanLayer, int]] = [
        (layer, call) for layer in plan.layers for call in range(max(1, len(layer.inbound)))
    ]
    known = {(layer.name, call) for layer, call in waiting}
    if len(known) != len(waiting):
        raise NoArchitecture("two layers of the plan have the same name", ("layer names must be unique",))
    for layer, call in waiting:
        for ref in _operands(layer, call):
            if (ref.layer, ref.call) not in known:
                raise NoArchitecture(f"{layer.name}: reads from {ref}, which no layer provides")
    done: set[tuple[str, int]] = set()
    ordered: list[tuple[PlanLayer, int]] = []
    while waiting:
        later: list[tuple[PlanLayer, int]] = []
        for layer, call in waiting:
            if all((ref.layer, ref.call) in done for ref in _operands(layer, call)):
                done.add((layer.name, call))
                ordered.append((layer, call))
            else:
                later.append((layer, call))
        if len(later) == len(waiting):
            names = ", ".join(sorted({layer.name for layer, _ in later})[:5])
            raise NoArchitecture(f"the plan has a cycle through {names}")
        waiting = later
    return tuple(ordered)


def _operands(layer: PlanLayer, call: int) -> tuple[Ref, ...]:
    return layer.inbound[call] if layer.inbound else ()
