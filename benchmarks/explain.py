"""Where a plan and the truth differ, for one case: the first thing to read when a line is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import engine
from benchmarks.canonical import fold, same, weighted_edges
from benchmarks.graph import Graph
from benchmarks.item import Item
from benchmarks.naming import Naming, Renamed, show
from benchmarks.plans import Identity, from_plan
from benchmarks.scores import by_leaf, hyper_parameters, kind
from benchmarks.truth import truth_for


def explain(item: Item, naming: Naming, given: bool = False) -> Iterator[str]:
    """Lines of text; ``given`` tells the input shapes. What the inference raises is raised."""
    from infer_convert.readers import open_tensors

    loaded = item.load()
    truth = truth_for(loaded.graph, loaded.facts)
    shown = show(loaded.facts, naming, truth.leaf, truth.owner, truth.classes)
    hints = engine.hints_for(truth.raw.input_shapes, given, True)
    if loaded.path is None:
        plans = engine.plans(shown.facts, hints, None)
    else:
        with open_tensors(loaded.path) as store:
            plans = engine.plans(shown.facts, hints, Renamed(store, shown.real))
    for rank, plan in enumerate(plans[:5], 1):
        graph = from_plan(plan, Identity(shown.leaf, shown.owner))
        exact = same(truth.graph, fold(graph))
        yield f"plan {rank}: confidence {plan.confidence:.3f}, {'exact' if exact else 'not exact'}"
        if rank == 1:
            listed = frozenset(shown.leaf.values()) | frozenset(shown.owner.values())
            yield from _differences(truth.raw, truth.graph, graph, listed)


def _differences(raw: Graph, truth: Graph, plan: Graph, listed: frozenset[str]) -> Iterator[str]:
    folded = fold(plan)
    planned = {layer.leaf: kind(layer.class_name, layer.fields) for layer in plan.layers}
    for layer in raw.layers:
        found = planned.get(layer.leaf, "nothing")
        if found != kind(layer.class_name, layer.fields) and (layer.leaf in planned or layer.class_name != "Model"):
            yield f"  {layer.leaf}: class {kind(layer.class_name, layer.fields)}, planned {found}"
    fields = hyper_parameters(folded, listed)
    calls = by_leaf(folded)
    for leaf, expected in hyper_parameters(truth, listed).items():
        if leaf in calls:
            for name, value in expected.items():
                if fields[leaf].get(name) != value:
                    yield f"  {leaf}: {name} {value}, planned {fields[leaf].get(name)}"
    mine, other = weighted_edges(truth), weighted_edges(folded)
    yield from (f"  missing edge {a} -> {b}" for a, b in sorted(mine - other))
    yield from (f"  extra edge {a} -> {b}" for a, b in sorted(other - mine))
    ends, planned_ends = ((len(graph.inputs), len(graph.outputs)) for graph in (truth, folded))
    if ends != planned_ends:
        yield f"  (inputs, outputs) {ends}, planned {planned_ends}"
