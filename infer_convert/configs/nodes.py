"""TensorFlowOpLayer (TensorFlow 1.13 to 2.3): the text of a graph node, read as text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from infer_convert.configs.graph import Call
from infer_convert.errors import NoArchitecture


def node_arguments(name: str, config: Mapping[str, Any], call: Call) -> tuple[str, list[Any], dict[str, Any]]:
    """``(op, positional arguments, keyword arguments)``: tensors of the call with the stored constants put between."""
    node = config.get("node_def")
    fields = _fields(node)
    op = fields.get("op")
    if not isinstance(op, str):
        raise NoArchitecture(f"layer {name}: its node {node!r:.60} names no operation")
    constants = {int(key): value for key, value in (config.get("constants") or {}).items()}
    tensors = list(call.refs())
    args: list[Any] = []
    while tensors or len(args) in constants:
        args.append(constants[len(args)] if len(args) in constants else tensors.pop(0))
    attributes = fields.get("attr")
    more: dict[str, Any] = {}
    if isinstance(attributes, Mapping) and isinstance(attributes.get("keep_dims"), Mapping):
        more["keepdims"] = bool(attributes["keep_dims"].get("b", False))
    if op == "ConcatV2":
        return op, [args[:-1], args[-1]], more
    if op == "Pack":
        axis = attributes.get("axis", {}).get("i", 0) if isinstance(attributes, Mapping) else 0
        return op, [args], {"axis": int(axis)}
    return op, args, more


def _fields(node: Any) -> dict[str, Any]:
    """``node_def`` as a mapping, JSON text or protobuf text."""
    if isinstance(node, Mapping):
        return dict(node)
    if isinstance(node, str):
        try:
            found = json.loads(node)
        except ValueError:
            op = re.search(r'^op: "(\w+)"', node, re.MULTILINE)
            return {"op": op[1]} if op else {}
        return found if isinstance(found, dict) else {}
    return {}
