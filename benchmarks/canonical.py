"""Folding equivalent answers, and equality of what is left.

Folded: dropout-like layers, single-operand merges and other no-ops vanish; ``activation=`` becomes a call of its own;
nested models are flat already; operands of commutative merges have no order; ``TimeDistributed(Dense)`` is ``Dense``;
``LayerScale`` is a 1x1 ``DepthwiseConv2D``; the padding of a 1x1 kernel, the third operand of attention when it
repeats the second, ``Flatten`` of a flat tensor, an epsilon's third digit (keras.applications writes 1.001e-5 for
1e-5) do not count. Two graphs are equal when each output is the same
expression over the same stored tensors; layers without weights have no identity but their place. The order of a
model's inputs and of its outputs does not count.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from benchmarks.dialects import COMMUTATIVE, OUTPUT_ACTIVATION, spatial_rank
from benchmarks.graph import Call, Graph, Value

SINGLE_NO_OPS = COMMUTATIVE | {"Concatenate", "Merge"}


def fold(graph: Graph) -> Graph:
    """The graph with every equivalent answer in one form; dead calls are dropped."""
    calls: list[Call] = []
    moved: dict[Value, Value] = {}
    first = _is_channels_first(graph)

    def place(value: Value) -> Value:
        return moved.get(value) or Value(moved[Value(value.call)].call, value.tensor)

    for index, call in enumerate(graph.calls):
        operands = tuple(place(value) for value in call.operands)
        if call.class_name == "LayerScale":
            call = replace(call, class_name="DepthwiseConv2D", fields={"strides": [1, 1]})
        if _vanishes(call, operands, calls):
            moved[Value(index)] = operands[0]
            continue
        if call.class_name == "MultiHeadAttention" and len(operands) == 3 and operands[1] == operands[2]:
            operands = operands[:2]
        ranks = [calls[value.call].rank for value in operands]
        if call.fields.get("attention_axes") == [1] and ranks and ranks[0] in (None, 3):
            call = replace(call, fields={**call.fields, "attention_axes": None})
        fields = {key: value for key, value in call.fields.items() if value is not None}
        if call.class_name.startswith("Conv"):
            fields.pop("data_format", None)  # a layout inside changes no result
        rank = call.rank if call.class_name == "Input" else _rank(call.class_name, fields, ranks)
        fields = _axes(call.class_name, fields, rank, first)
        if isinstance(fields.get("epsilon"), float):
            fields["epsilon"] = float(f"{fields['epsilon']:.2g}")
        activation = None
        if call.class_name in OUTPUT_ACTIVATION or fields.get("layer") in OUTPUT_ACTIVATION:
            activation = fields.pop("activation", "linear")
        calls.append(replace(call, fields=fields, operands=operands, rank=rank))
        moved[Value(index)] = Value(len(calls) - 1)
        if activation not in (None, "linear"):
            calls.append(
                Call("Activation", {"activation": activation}, (Value(len(calls) - 1),), call.leaf, None, rank)
            )
            moved[Value(index)] = Value(len(calls) - 1)
    folded = replace(
        graph,
        calls=tuple(calls),
        inputs=tuple(place(Value(item)).call for item in graph.inputs),
        outputs=tuple(place(value) for value in graph.outputs),
    )
    return _prune(folded)


def _vanishes(call: Call, operands: tuple[Value, ...], calls: list[Call]) -> bool:
    if not operands:
        return False
    if call.class_name == "NoOp" or (
        call.class_name in SINGLE_NO_OPS and len(operands) == 1 and not call.fields.get("constants")
    ):
        return True
    fields = call.fields
    if call.class_name == "Activation":
        return fields.get("activation") == "linear"
    if call.class_name == "Flatten":
        return calls[operands[0].call].rank == 2
    if call.class_name.startswith("ZeroPadding"):
        return not any(itertools.chain(*fields["padding"]))
    if call.class_name.startswith("Cropping"):
        return not any(itertools.chain(*fields["cropping"]))
    if call.class_name.startswith("UpSampling"):
        return set(fields["size"]) == {1}
    if call.class_name == "Permute" and fields.get("dims"):
        return list(fields["dims"]) == sorted(fields["dims"])
    if "Pooling" in call.class_name and "pool_size" in fields:
        return set(fields["pool_size"]) == {1} and set(fields["strides"]) == {1}
    return False


def _is_channels_first(graph: Graph) -> bool:
    return any(
        call.class_name.startswith("Conv") and call.fields.get("data_format") == "channels_first"
        for call in graph.calls
    )


def _axes(class_name: str, fields: dict[str, Any], rank: int | None, first: bool) -> dict[str, Any]:
    axis = fields.get("axis")
    if isinstance(axis, int):
        if axis == -1 or (rank is not None and axis == rank - 1) or (first and axis == 1):
            fields["axis"] = "channels"
        elif rank is not None:
            fields["axis"] = axis % rank
        elif class_name != "Concatenate":
            fields["axis"] = "channels"
    return fields


def _rank(class_name: str, fields: Mapping[str, Any], ranks: list[int | None]) -> int | None:
    first = ranks[0] if ranks else None
    spatial = spatial_rank(class_name)
    if class_name.startswith("Global"):
        return spatial + 2 if fields.get("keepdims") else 2
    if class_name == "Flatten":
        return 2
    if class_name == "Reshape":
        return len(fields["target_shape"]) + 1 if fields.get("target_shape") else None
    if class_name == "RepeatVector":
        return 3
    if class_name in ("LSTM", "GRU", "SimpleRNN", "Bidirectional"):
        return 3 if fields.get("return_sequences") else 2
    if class_name.startswith("ConvLSTM"):
        return spatial + 2 + bool(fields.get("return_sequences"))
    if class_name == "TimeDistributed":
        inner = _rank(str(fields.get("layer")), fields, [None if first is None else first - 1])
        return None if inner is None else inner + 1
    if class_name == "Embedding":
        return None if first is None else first + 1
    if spatial:
        return spatial + 2
    if class_name == "Dot":
        known = [rank for rank in ranks if rank is not None]
        return max(2, sum(known) - 3) if len(known) == 2 else None
    known = [rank for rank in ranks if rank is not None]
    return max(known) if known else None


def _prune(graph: Graph) -> Graph:
    alive = {value.call for value in graph.outputs} | set(graph.inputs)
    for index in range(len(graph.calls) - 1, -1, -1):
        if index in alive:
            alive.update(value.call for value in graph.calls[index].operands)
    order = sorted(alive)
    at = {old: new for new, old in enumerate(order)}

    def move(values: Iterable[Value]) -> tuple[Value, ...]:
        return tuple(Value(at[value.call], value.tensor) for value in values)

    calls = tuple(replace(graph.calls[index], operands=move(graph.calls[index].operands)) for index in order)
    return replace(graph, calls=calls, inputs=tuple(at[index] for index in graph.inputs), outputs=move(graph.outputs))


def digests(graph: Graph, key: Callable[[Call], str | None], inputs: tuple[int, ...] | None = None) -> list[str]:
    """One digest per call of a folded graph: its expression over stored tensors and numbered inputs."""
    number = {call: position for position, call in enumerate(inputs if inputs is not None else graph.inputs)}
    found: list[str] = []
    for index, call in enumerate(graph.calls):
        operands = [f"{found[value.call]}:{value.tensor}" for value in call.operands]
        if call.class_name in COMMUTATIVE:
            operands.sort()
        tokens = [call.class_name, call.fields, key(call), number.get(index), operands]
        found.append(hashlib.sha256(json.dumps(tokens, sort_keys=True, default=str).encode()).hexdigest()[:20])
    return found


def signatures(graph: Graph, key: Callable[[Call], str | None] = lambda call: call.key) -> frozenset[str]:
    """The signature of a folded graph under every numbering of its inputs (at most 5 inputs are permuted)."""
    orders = itertools.permutations(graph.inputs) if len(graph.inputs) <= 5 else [graph.inputs]
    return frozenset(_signature(graph, key, tuple(order)) for order in orders)


def _signature(graph: Graph, key: Callable[[Call], str | None], order: tuple[int, ...]) -> str:
    found = digests(graph, key, order)
    outputs = Counter(f"{found[value.call]}:{value.tensor}" for value in graph.outputs)
    return hashlib.sha256(json.dumps(sorted(outputs.items())).encode()).hexdigest()[:20]


def same(one: Graph, other: Graph) -> bool:
    """Whether two folded graphs are the same architecture over the same stored tensors."""
    if len(one.inputs) != len(other.inputs) or len(one.outputs) != len(other.outputs):
        return False
    return next(iter(signatures(one))) in signatures(other)


def canonical_digest(graph: Graph) -> str:
    """One word for a raw graph that does not depend on the order of its inputs; what ``frozen/`` stores."""
    return min(signatures(fold(graph)))


def weighted_edges(graph: Graph) -> frozenset[tuple[str, str]]:
    """Edges between layers with weights, through any number of layers without, of a folded graph."""
    sources: list[frozenset[str]] = []
    edges = set()
    for call in graph.calls:
        above = frozenset().union(*(sources[value.call] for value in call.operands))
        if call.key is not None:
            edges.update((source, call.key) for source in above)
            above = frozenset((call.key,))
        sources.append(above)
    return frozenset(edges)


def effective_activation(graph: Graph) -> dict[str, tuple[str, str]]:
    """Key of a weighted layer -> the activation that alone reads it and the leaf that owns that activation
    (``linear`` and the layer itself otherwise), of a folded graph."""
    readers: dict[int, list[Call]] = {}
    for call in graph.calls:
        for value in call.operands:
            readers.setdefault(value.call, []).append(call)
    outputs = {value.call for value in graph.outputs}
    found = {}
    for index, call in enumerate(graph.calls):
        if call.key is not None:
            after = readers.get(index, [])
            single = len(after) == 1 and index not in outputs and after[0].class_name == "Activation"
            found[call.key] = (str(after[0].fields["activation"]), after[0].leaf) if single else ("linear", call.leaf)
    return found
