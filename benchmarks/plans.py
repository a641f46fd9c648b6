"""A ``Plan`` as a raw graph, and a graph as a ``Plan`` of the truth for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.dialects import canonical
from benchmarks.graph import Call, Graph, Layer, Value
from infer_convert.plan import Plan, PlanLayer, Ref

OPERATIONS = {
    "add": "Add",
    "multiply": "Multiply",
    "subtract": "Subtract",
    "maximum": "Maximum",
    "minimum": "Minimum",
    "concatenate": "Concatenate",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """What the planned layers stand for: shown layer -> leaf, shown tensor path -> leaf."""

    leaf: Mapping[str, str]
    owner: Mapping[str, str]

    def of(self, layer: PlanLayer, prefix: str = "", stored: str = "") -> tuple[str, str | None]:
        """The leaf of the truth (or ``?name``) and the key of a planned layer.

        ``prefix`` and ``stored`` are the planned and the stored names of the nested models around it, each with a
        slash at its end.
        """
        for use in layer.weights:
            for source in use.sources:
                if source in self.owner:
                    return self.owner[source], self.owner[source]
        if layer.stored is not None:
            for name in (stored + layer.stored, layer.stored):
                if name in self.leaf:
                    return self.leaf[name], None
        return f"?{prefix}{layer.name}", None

    def walk(self, plan: Plan, prefix: str = "", stored: str = "") -> Iterator[tuple[str, PlanLayer]]:
        """Every planned layer with its leaf, those of nested models too."""
        for layer in plan.layers:
            yield self.of(layer, prefix, stored)[0], layer
            if layer.inner is not None:
                yield from self.walk(layer.inner, *inside(layer, prefix, stored))


def inside(layer: PlanLayer, prefix: str, stored: str) -> tuple[str, str]:
    """The two prefixes within a nested model."""
    return f"{prefix}{layer.name}/", f"{stored}{layer.stored or layer.name}/"


def from_plan(plan: Plan, identity: Identity) -> Graph:
    """The raw graph of a plan; ``layers`` are those that stand for a stored layer."""
    work = _Work(identity)
    outputs = work.expand(plan, None, "", "")
    return Graph(
        tuple(work.calls),
        tuple(work.inputs),
        tuple(outputs),
        tuple(work.layers.values()),
        input_shapes=tuple(work.shapes),
    )


def canonical_of(layer: PlanLayer) -> tuple[str, dict[str, Any]]:
    """Canonical class and fields of a planned layer."""
    config = dict(layer.config)
    if layer.inner is not None and layer.class_name != "TimeDistributed":
        return "Model", {}
    if layer.class_name == "Operation":
        function, arguments = str(config.get("function")), config.get("arguments") or {}
        if function in OPERATIONS:
            return OPERATIONS[function], {"constants": [arguments["x2"]]} if "x2" in arguments else {}
        name = "".join(part.capitalize() for part in function.split("_"))
        found = canonical(name, {})
        return found if found[0] != name else (f"Op:{function}", dict(arguments))
    if layer.class_name == "Permute" and layer.hidden:
        return "NoOp", {}  # a channels_first original's layout, which its config does not show as a layer either
    found, fields = canonical(layer.class_name, config)
    if config.get("use_causal_mask"):
        fields["use_causal_mask"] = True
    return found, fields


class _Work:
    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self.calls: list[Call] = []
        self.inputs: list[int] = []
        self.shapes: list[tuple[int | None, ...] | None] = []
        self.layers: dict[str, Layer] = {}

    def expand(self, plan: Plan, operands: list[Value] | None, prefix: str, stored: str) -> list[Value]:
        values: dict[tuple[str, int], list[Value]] = {}
        for position, ref in enumerate(plan.inputs):
            if operands is not None:
                values[ref.layer, ref.call] = [operands[position]]
            else:
                values[ref.layer, ref.call] = [self._input(plan.layer(ref.layer), prefix, stored)]
        pending = [
            (layer, call)
            for layer in plan.layers
            for call in range(len(layer.inbound))
            if (layer.name, call) not in values and layer.class_name != "InputLayer"
        ]
        while pending:
            rest = []
            for layer, call in pending:
                refs = layer.inbound[call]
                if any((ref.layer, ref.call) not in values for ref in refs):
                    rest.append((layer, call))
                    continue
                arguments = [_pick(values, ref) for ref in refs]
                values[layer.name, call] = self._call(layer, arguments, prefix, stored)
            if len(rest) == len(pending):
                raise ValueError(f"the plan has calls without operands: {rest[0][0].name}")
            pending = rest
        return [_pick(values, ref) for ref in plan.outputs]

    def _input(self, layer: PlanLayer, prefix: str, stored: str) -> Value:
        leaf, _ = self._identity.of(layer, prefix, stored)
        shape = layer.config.get("batch_shape")
        self.calls.append(Call("Input", {}, (), leaf, None, len(shape) if shape else None))
        self.inputs.append(len(self.calls) - 1)
        self.shapes.append(tuple(shape[1:]) if shape else None)
        self.layers[leaf] = Layer(leaf, "InputLayer", {})
        return Value(len(self.calls) - 1)

    def _call(self, layer: PlanLayer, operands: list[Value], prefix: str, stored: str) -> list[Value]:
        leaf, key = self._identity.of(layer, prefix, stored)
        found, fields = canonical_of(layer)
        if layer.inner is not None:
            self.layers.setdefault(leaf, Layer(leaf, "Model", {}))
            return self.expand(layer.inner, operands, *inside(layer, prefix, stored))
        self.layers.setdefault(leaf, Layer(leaf, found, fields))
        self.calls.append(Call(found, fields, tuple(operands), leaf, key))
        return [Value(len(self.calls) - 1)]


def _pick(values: Mapping[tuple[str, int], list[Value]], ref: Ref) -> Value:
    found = values[ref.layer, ref.call]
    if len(found) == 1 and ref.tensor:
        return Value(found[0].call, ref.tensor)
    return found[ref.tensor]
