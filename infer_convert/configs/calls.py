"""``inbound_nodes`` of Keras 1, 2 and 3 -> Calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from infer_convert.configs.graph import Call
from infer_convert.errors import NoArchitecture
from infer_convert.plan import Ref

CONSTANT = "_CONSTANT_VALUE"
"""tf.keras' mark for a first argument that is no tensor (Keras 2.15 ``engine/node.py``)."""


def calls_of(nodes: Any, names: Collection[str]) -> tuple[Call, ...]:
    """One Call per node; ``names`` are the layers of the model (a list is a tensor only if it names one)."""
    if not isinstance(nodes, list):
        raise NoArchitecture(f"the stored config has {nodes!r:.60} where nodes are expected")
    return tuple(call_of(node, names) for node in nodes)


def call_of(node: Any, names: Collection[str]) -> Call:
    """A node: ``{"args", "kwargs"}`` (Keras 3), a list of ``[name, node, tensor, kwargs]``, or one of these alone."""
    if isinstance(node, Mapping) and "args" in node:
        args = tuple(_keras3(value) for value in node["args"])
        return Call(args, {key: _keras3(value) for key, value in (node.get("kwargs") or {}).items()})
    if isinstance(node, Mapping):
        entries: Any = list(node.values())
    else:
        entries = node
    if _is_entry(entries, names):
        first, kwargs = _entry(entries, names)
        return Call((first,), kwargs)
    if not isinstance(entries, list):
        raise NoArchitecture(f"the stored config has {node!r:.60} where a node is expected")
    operands: list[Any] = []
    merged: dict[str, Any] = {}
    for entry in entries:
        operand, kwargs = _nested(entry, names)
        operands.append(operand)
        merged.update(kwargs)
    return Call((operands[0] if len(operands) == 1 else operands,), merged)


def _nested(entry: Any, names: Collection[str]) -> tuple[Any, dict[str, Any]]:
    if _is_entry(entry, names):
        return _entry(entry, names)
    if isinstance(entry, list):
        found = [_nested(each, names) for each in entry]
        kwargs: dict[str, Any] = {}
        for _, more in found:
            kwargs.update(more)
        return [operand for operand, _ in found], kwargs
    raise NoArchitecture(f"the stored config has {entry!r:.60} where a tensor is expected")


def _is_entry(entry: Any, names: Collection[str]) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) in (3, 4)
        and isinstance(entry[0], str)
        and isinstance(entry[1], int)
        and (entry[0] == CONSTANT or (entry[0] in names and isinstance(entry[2], int)))
    )


def _entry(entry: list[Any], names: Collection[str]) -> tuple[Any, dict[str, Any]]:
    kwargs = entry[3] if len(entry) == 4 and isinstance(entry[3], Mapping) else {}
    found = {key: _keyword(value, names) for key, value in kwargs.items()}
    if entry[0] == CONSTANT:
        return entry[2], found
    return Ref(entry[0], entry[1], entry[2]), found


def _keyword(value: Any, names: Collection[str]) -> Any:
    """A keyword's value; ``["dense", 0, 0]`` is a tensor where ``dense`` is a layer."""
    if isinstance(value, list):
        if (
            len(value) == 3
            and isinstance(value[0], str)
            and value[0] in names
            and all(isinstance(part, int) for part in value[1:])
        ):
            return Ref(value[0], value[1], value[2])
        return [_keyword(each, names) for each in value]
    if isinstance(value, Mapping):
        return {key: _keyword(each, names) for key, each in value.items()}
    return value


def _keras3(value: Any) -> Any:
    if isinstance(value, Mapping):
        inner = value.get("config")
        if value.get("class_name") == "__keras_tensor__" and isinstance(inner, Mapping):
            layer, node, tensor = inner["keras_history"]
            return Ref(str(layer), int(node), int(tensor))
        if value.get("class_name") in ("__tensor__", "__numpy__") and isinstance(inner, Mapping):
            return inner.get("value")
        return {key: _keras3(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_keras3(each) for each in value]
    return value
