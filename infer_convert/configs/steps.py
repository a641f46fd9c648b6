"""One layer that becomes several: a short recipe, and how it is put into a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from infer_convert.configs.graph import Call, Graph, Item
from infer_convert.plan import Ref, WeightUse

INPUT = -1
"""The operand of a Step that stands for the replaced layer's own operands (all of them)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One layer of a recipe. ``operands`` are numbers of earlier steps, ``INPUT``, or Refs of the graph; ``-2 - i`` is
    the replaced layer's operand number i alone."""

    suffix: str
    class_name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    operands: tuple[Any, ...] = (INPUT,)
    weights: tuple[WeightUse, ...] = ()


def operation(suffix: str, function: str, *operands: Any, **arguments: Any) -> Step:
    """A Step that calls a function of ``keras.ops``."""
    return Step(suffix, "Operation", {"function": function, "arguments": arguments}, operands or (INPUT,))


def inlined(graph: Graph, name: str, steps: Sequence[Step]) -> Graph:
    """``graph`` with item ``name`` replaced by the steps, call by call; its readers read the last step."""
    old = graph.item(name)
    taken = {item.name for item in graph.items} - {name}
    names = []
    for number, step in enumerate(steps):
        wanted = name if number == len(steps) - 1 else f"{name}_{step.suffix or number}"
        while wanted in taken:
            wanted += "_"
        taken.add(wanted)
        names.append(wanted)
    first = next((number for number, step in enumerate(steps) if step.weights), len(steps) - 1)
    made = []
    for number, step in enumerate(steps):
        calls = tuple(Call(tuple(_operands(step, names, call, index))) for index, call in enumerate(old.calls))
        made.append(
            Item(
                names[number], step.class_name, step.config, calls, stored_class=old.stored_class,
                stored=old.stored if number == first else None, weights=step.weights, hidden=number != first,
                decisions=old.decisions if number == len(steps) - 1 else (),
            )
        )  # fmt: skip
    items: list[Item] = []
    for item in graph.items:
        items.extend(made if item.name == name else [item])
    return replace(graph, items=tuple(items))


def _operands(step: Step, names: Sequence[str], call: Call, index: int) -> list[Any]:
    found: list[Any] = []
    for operand in step.operands:
        if isinstance(operand, Ref):
            found.append(operand)
        elif operand == INPUT:
            found.extend(call.refs())
        elif operand < INPUT:
            found.append(call.refs()[INPUT - 1 - operand])
        else:
            found.append(Ref(names[operand], index))
    return found
