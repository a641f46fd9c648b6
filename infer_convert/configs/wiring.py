"""Order of calls, and the removal of what no output needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from infer_convert.configs.context import Context
from infer_convert.configs.graph import Graph, Item
from infer_convert.errors import NoArchitecture
from infer_convert.plan import Ref


def ordered_calls(graph: Graph) -> list[tuple[str, int]]:
    """Every call after those it reads from; raises NoArchitecture for unknown operands and cycles."""
    waiting = [(item, number) for item in graph.items for number in range(len(item.calls) or 1)]
    known = {(item.name, number) for item, number in waiting}
    done: set[tuple[str, int]] = set()
    ordered: list[tuple[str, int]] = []
    while waiting:
        later: list[tuple[Item, int]] = []
        for item, number in waiting:
            refs = item.calls[number].refs() if item.calls else ()
            for ref in refs:
                if (ref.layer, ref.call) not in known:
                    raise NoArchitecture(f"layer {item.name} reads from {ref}, which the stored config does not list")
            if all((ref.layer, ref.call) in done for ref in refs):
                done.add((item.name, number))
                ordered.append((item.name, number))
            else:
                later.append((item, number))
        if len(later) == len(waiting):
            names = ", ".join(sorted({item.name for item, _ in later})[:5])
            raise NoArchitecture(f"the stored config has a cycle through {names}")
        waiting = later
    return ordered


def pruned(graph: Graph, context: Context) -> Graph:
    """Without the calls and layers that no output needs; inputs stay. Call numbers close up."""
    ordered_calls(graph)
    needed: set[tuple[str, int]] = set()
    items = {item.name: item for item in graph.items}
    stack: list[Ref] = [*graph.outputs]
    while stack:
        ref = stack.pop()
        if (ref.layer, ref.call) in needed:
            continue
        needed.add((ref.layer, ref.call))
        item = items.get(ref.layer)
        if item is None or (item.calls and ref.call >= len(item.calls)):
            raise NoArchitecture(f"the stored config reads {ref}, which it does not list")
        if item.calls:
            stack.extend(item.calls[ref.call].refs())
    renumbering: dict[tuple[str, int], int] = {}
    kept: list[Item] = []
    inputs: Collection[str] = {ref.layer for ref in graph.inputs}
    for item in graph.items:
        numbers = [number for number in range(len(item.calls)) if (item.name, number) in needed]
        if not numbers and item.name not in inputs and (item.name, 0) not in needed:
            context.log.rewrite(item.name, "no output needs it; it is left out")
            continue
        for new, number in enumerate(numbers):
            renumbering[item.name, number] = new
        kept.append(replace(item, calls=tuple(item.calls[number] for number in numbers)))

    def change(ref: Ref) -> Ref:
        return replace(ref, call=renumbering.get((ref.layer, ref.call), ref.call))

    made = tuple(replace(item, calls=tuple(call.mapped(change) for call in item.calls)) for item in kept)
    return replace(graph, items=made, outputs=tuple(map(change, graph.outputs)))
