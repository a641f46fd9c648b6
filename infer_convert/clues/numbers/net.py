"""A net as the number clues see it: nodes with their tensors, whether it comes from a plan or from a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from infer_convert.draft import Draft
from infer_convert.plan import Plan, WeightUse

Value = tuple[int, int]
"""(node index, call number)."""

READ = ("activation", "alpha", "groups", "max_value", "negative_slope", "pool_size", "strides")
"""Entries of a config that following a net reads."""


@dataclass(frozen=True, slots=True)
class Node:
    """One layer. ``uses`` maps a variable (``kernel``, ``cell.kernel``) to the stored tensors behind it; ``inner`` is
    a nested model's own net."""

    name: str
    class_name: str
    config: Mapping[str, Any]
    operands: tuple[tuple[Value, ...], ...]
    uses: Mapping[str, WeightUse]
    inner: Net | None = None

    @property
    def told(self) -> tuple[object, ...]:
        """All that following it depends on, as plain values."""
        read = [(entry, self.config[entry]) for entry in READ if entry in self.config]
        return self.name, self.class_name, read, self.operands, self.uses, self.inner and self.inner.told


@dataclass(frozen=True)
class Net:
    """Nodes, parents before children, and the outputs."""

    nodes: tuple[Node, ...]
    outputs: tuple[Value, ...]

    @cached_property
    def consumers(self) -> dict[Value, list[int]]:
        """Value -> indices of the nodes that take it."""
        found: dict[Value, list[int]] = {}
        for index, node in enumerate(self.nodes):
            for call in node.operands:
                for value in call:
                    if index not in found.setdefault(value, []):
                        found[value].append(index)
        return found

    @property
    def told(self) -> tuple[object, ...]:
        """All that following the net depends on, as plain values: nets that differ in padding alone are told alike."""
        return [node.told for node in self.nodes], self.outputs


def of_plan(plan: Plan) -> Net:
    """The net of a plan."""
    number = {layer.name: index for index, layer in enumerate(plan.layers)}
    nodes = tuple(
        Node(
            layer.name,
            layer.class_name,
            layer.config,
            tuple(tuple((number[ref.layer], ref.call) for ref in call) for call in layer.inbound),
            {use.variable: use for use in layer.weights},
            of_plan(layer.inner) if layer.inner is not None else None,
        )
        for layer in plan.layers
    )
    return Net(nodes, tuple((number[ref.layer], ref.call) for ref in plan.outputs))


def of_draft(draft: Draft) -> Net:
    """The net of a draft: an activation that is still open counts as relu where it is a layer of its own, as none
    where it belongs to a layer with weights."""
    nodes = []
    for layer in draft.layers:
        config = dict(layer.config)
        if layer.class_name == "Activation":
            config.setdefault("activation", "relu")
        inner = config.get("_plan")
        nodes.append(
            Node(
                layer.name,
                layer.class_name,
                config,
                layer.operands,
                {use.variable: use for use in layer.uses},
                of_plan(inner) if isinstance(inner, Plan) else None,
            )
        )
    return Net(tuple(nodes), draft.outputs)
