"""Scores of one plan against one truth; every definition of the benchmark is here.

* *class accuracy*: of the layers that the file lists, those whose canonical class is right.
* *edge F1*: edges between layers with weights, through any layers without.
* *exact*: the same folded graph (``canonical.same``).
* *fields*: of the fields that change what a layer computes, over the listed layers of the truth, those that are
  right; a layer of the wrong class has all of them wrong. ``activation`` of a layer with weights is the one it
  effectively has.
* *stride > 1*: over layers with a kernel (pools excluded) true positives, false positives and false negatives; a
  positive counts only with the right value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.canonical import effective_activation, fold, same, weighted_edges
from benchmarks.graph import Call, Graph
from benchmarks.truth import Truth


@dataclass(frozen=True, slots=True)
class Structure:
    """Structural scores of one plan. Pairs are (right, total)."""

    exact: bool
    classes: tuple[int, int]
    edges: tuple[int, int, int]
    fields: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    strides: tuple[int, int, int] = (0, 0, 0)

    @property
    def edge_f1(self) -> float:
        """F1 of the weighted edges; 1 when there are none on either side."""
        return f1(self.edges)

    @property
    def all_fields(self) -> tuple[int, int]:
        """Over every field together."""
        return sum(right for right, _ in self.fields.values()), sum(total for _, total in self.fields.values())


def f1(counts: tuple[int, int, int]) -> float:
    """F1 from (true positives, false positives, false negatives)."""
    right, extra, missed = counts
    return 1.0 if right + extra + missed == 0 else 2 * right / (2 * right + extra + missed)


def structure(truth: Truth, plan: Graph, listed: frozenset[str]) -> Structure:
    """Score a plan's raw graph. ``listed`` are the leaves that the shown file lists."""
    folded = fold(plan)
    mine, other = weighted_edges(truth.graph), weighted_edges(folded)
    fields, strides = _fields(truth, folded, listed)
    return Structure(
        exact=same(truth.graph, folded),
        classes=_classes(truth.raw, plan, listed),
        edges=(len(mine & other), len(other - mine), len(mine - other)),
        fields=fields,
        strides=strides,
    )


def kind(class_name: str, fields: Mapping[str, Any]) -> str:
    """A class as class accuracy compares it: wrappers with what they wrap."""
    return f"{class_name}({fields['layer']})" if "layer" in fields else class_name


def _classes(truth: Graph, plan: Graph, listed: frozenset[str]) -> tuple[int, int]:
    planned = {layer.leaf: kind(layer.class_name, layer.fields) for layer in plan.layers}
    asked = [layer for layer in truth.layers if layer.leaf in listed]
    return sum(planned.get(layer.leaf) == kind(layer.class_name, layer.fields) for layer in asked), len(asked)


def by_leaf(graph: Graph) -> dict[str, Call]:
    """The first call of every layer of a folded graph; a fused activation is not a layer of its own."""
    found: dict[str, Call] = {}
    for call in graph.calls:
        found.setdefault(call.leaf, call)
    return found


def hyper_parameters(graph: Graph, listed: frozenset[str]) -> dict[str, dict[str, Any]]:
    """Leaf -> the fields of a folded graph that are scored. An activation that is a listed layer of its own counts
    there, not with the layer before it."""
    activations = effective_activation(graph)
    found = {}
    for leaf, call in by_leaf(graph).items():
        fields = dict(call.fields)
        if call.key in activations and "activation" not in fields:
            activation, owner = activations[str(call.key)]
            fields["activation"] = activation if owner == leaf or owner not in listed else "linear"
        found[leaf] = fields
    return found


def _fields(
    truth: Truth, plan: Graph, listed: frozenset[str]
) -> tuple[dict[str, tuple[int, int]], tuple[int, int, int]]:
    expected, found = hyper_parameters(truth.graph, listed), hyper_parameters(plan, listed)
    wanted_calls, found_calls = by_leaf(truth.graph), by_leaf(plan)
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    strides = [0, 0, 0]
    for leaf, fields in expected.items():
        if leaf not in listed:
            continue
        call, planned = wanted_calls[leaf], found_calls.get(leaf)
        matches = planned is not None and planned.class_name == call.class_name
        answer = found.get(leaf, {}) if matches else {}
        for name, value in _scored(fields):
            total[name] += 1
            right[name] += name in answer and answer[name] == value
        if "strides" in fields and "pool_size" not in fields:
            wanted, given = max(fields["strides"]) > 1, max(answer.get("strides", [1])) > 1
            hit = wanted and given and fields["strides"] == answer.get("strides")
            strides[0] += hit
            strides[1] += given and not hit
            strides[2] += wanted and not hit
    return {name: (right[name], total[name]) for name in sorted(total)}, (strides[0], strides[1], strides[2])


def _scored(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in fields.items() if name not in ("layer", "data_format"))
