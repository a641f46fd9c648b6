"""A model's stored config (Keras 0.3 to 3.x) as a raw graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.dialects import WEIGHTED, canonical
from benchmarks.graph import Call, Graph, Layer, Scope, Value

Node = tuple[str, int, int]
Config = Mapping[str, Any]


def from_config(config: Config) -> Graph:
    """The graph of a whole model: ``{"class_name": ..., "config": ...}`` or Keras 0's flat form.

    Raises ``ValueError`` when the config spells no Sequential or functional model.
    """
    reader = _Reader()
    class_name, body = _split(config)
    outputs, scope = reader.model(class_name, body, None, "")
    return Graph(
        tuple(reader.calls), tuple(reader.inputs), tuple(outputs), tuple(reader.layers), scope, tuple(reader.shapes)
    )


def _split(entry: Config) -> tuple[str, Any]:
    if "config" in entry:
        return str(entry.get("class_name") or entry.get("name")), entry["config"]
    return str(entry.get("class_name") or entry.get("name")), entry


def _entries(body: Any) -> list[Config]:
    if isinstance(body, Mapping):
        body = body.get("layers", ())
    if isinstance(body, Mapping):
        raise ValueError("a config with layers in no order")
    return list(body)


def _is_model(class_name: str, body: Any) -> bool:
    if class_name in ("Sequential", "Functional", "Model", "Graph"):
        return True
    return isinstance(body, Mapping) and isinstance(body.get("layers"), list) and "output_layers" in body


class _Reader:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.inputs: list[int] = []
        self.shapes: list[tuple[int | None, ...] | None] = []
        self.layers: list[Layer] = []
        self._listed: set[str] = set()

    def model(self, class_name: str, body: Any, operands: list[Value] | None, prefix: str) -> tuple[list[Value], Scope]:
        if class_name == "Sequential":
            return self._sequential(body, operands, prefix)
        if isinstance(body, Mapping) and "output_layers" in body:
            return self._functional(body, operands, prefix)
        raise ValueError(f"no Sequential or functional model: {class_name}")

    def _input(self, leaf: str, shape: Sequence[int | None] | None) -> Value:
        rank = len(shape) if shape else None
        self.calls.append(Call("Input", {}, (), leaf, None, rank))
        self.inputs.append(len(self.calls) - 1)
        self.shapes.append(tuple(shape[1:]) if shape else None)
        return Value(len(self.calls) - 1)

    def _list(self, leaf: str, class_name: str, fields: Mapping[str, Any]) -> None:
        if leaf not in self._listed:
            self._listed.add(leaf)
            self.layers.append(Layer(leaf, class_name, fields))

    def _sequential(self, body: Any, operands: list[Value] | None, prefix: str) -> tuple[list[Value], Scope]:
        entries = _entries(body)
        current = list(operands) if operands is not None else None
        names: list[tuple[str, str]] = []
        inner: dict[str, Scope] = {}
        for index, entry in enumerate(entries):
            class_name, config = _split(entry)
            name = _name(entry, config, index)
            if class_name == "InputLayer":
                if current is None:
                    current = [self._input(prefix + name, _shape(config))]
                continue
            if class_name == "Merge" and isinstance(config, Mapping) and config.get("layers"):
                current = self._branches(config, names, inner, prefix)
            elif current is None and not _is_model(class_name, config):
                current = [self._input(prefix + f"{name}_input", _shape(config))]
            names.append((name, class_name))
            current, scope = self._call(class_name, config, name, current, prefix, {})
            if scope is not None:
                inner[name] = scope
        return current or [], Scope(tuple(names), inner)

    def _branches(
        self, config: Config, names: list[tuple[str, str]], inner: dict[str, Scope], prefix: str
    ) -> list[Value]:
        values = []
        for branch in config["layers"]:
            outputs, scope = self.model(*_split(branch), None, prefix)
            names += scope.names
            inner.update(scope.inner)
            values += outputs
        return values

    def _call(
        self,
        class_name: str,
        config: Any,
        name: str,
        operands: list[Value] | None,
        prefix: str,
        extra: Mapping[str, Any],
    ) -> tuple[list[Value], Scope | None]:
        leaf = prefix + name
        if _is_model(class_name, config):
            self._list(leaf, "Model", {})
            return self.model(class_name, config, operands, f"{leaf}/")
        found, fields = canonical(class_name, config if isinstance(config, Mapping) else {})
        fields.update({key: extra[key] for key in ("use_causal_mask", "constants") if extra.get(key)})
        self._list(leaf, found, fields)
        key = leaf if found in WEIGHTED or fields.get("layer") in WEIGHTED else None
        self.calls.append(Call(found, fields, tuple(operands or ()), leaf, key))
        return [Value(len(self.calls) - 1)], None

    def _functional(self, body: Config, operands: list[Value] | None, prefix: str) -> tuple[list[Value], Scope]:
        entries = {str(entry.get("name") or _split(entry)[1]["name"]): entry for entry in body["layers"]}
        calls = {name: _calls(entry) for name, entry in entries.items()}
        input_nodes, output_nodes = _nodes(body["input_layers"]), _nodes(body["output_layers"])
        offsets = _offsets(calls, output_nodes)
        values: dict[tuple[str, int], list[Value]] = {}
        inner: dict[str, Scope] = {}
        for position, (name, index, _) in enumerate(input_nodes):
            if operands is not None:
                values[name, index] = [operands[position]]
            else:
                values[name, index] = [self._input(prefix + name, _shape(_split(entries[name])[1]))]
        pending = [
            (name, index) for name, found in calls.items() for index in range(len(found)) if (name, index) not in values
        ]
        for name, entry in entries.items():
            class_name, config = _split(entry)
            if class_name == "InputLayer" and not calls[name] and (name, 0) not in values:
                values[name, 0] = [self._input(prefix + name, _shape(config))]
        while pending:
            ready = [
                item
                for item in pending
                if all((n, i - offsets.get(n, 0)) in values for n, i, _ in calls[item[0]][item[1]][0])
            ]
            if not ready:
                raise ValueError(f"nodes without operands: {pending[:3]}")
            for name, index in ready:
                nodes, extra = calls[name][index]
                arguments = [_pick(values[n, i - offsets.get(n, 0)], t) for n, i, t in nodes]
                class_name, config = _split(entries[name])
                values[name, index], scope = self._call(class_name, config, name, arguments, prefix, extra)
                if scope is not None:
                    inner[name] = scope
            pending = [item for item in pending if item not in set(ready)]
        outputs = [_pick(values[n, i - offsets.get(n, 0)], t) for n, i, t in output_nodes]
        names = tuple((name, _split(entry)[0]) for name, entry in entries.items())
        return outputs, Scope(names, inner)


def _pick(values: list[Value], tensor: int) -> Value:
    if len(values) == 1 and tensor:
        return Value(values[0].call, tensor)
    return values[tensor]


def _name(entry: Config, config: Any, index: int) -> str:
    if isinstance(config, Mapping):
        found = config.get("name")
        return str(found) if found and "config" in entry else f"layer_{index}"
    return str(entry.get("name") or f"layer_{index}")


def _shape(config: Any) -> tuple[int | None, ...] | None:
    if not isinstance(config, Mapping):
        return None
    for key in ("batch_shape", "batch_input_shape"):
        if config.get(key):
            return tuple(config[key])
    if config.get("input_shape"):
        return (None, *config["input_shape"])
    if config.get("input_dim") and not config.get("batch_input_shape"):
        return (
            (None, config.get("input_length"), config["input_dim"])
            if config.get("input_length")
            else (None, config["input_dim"])
        )
    inner = config.get("layer")
    return _shape(inner.get("config")) if isinstance(inner, Mapping) else None


def _nodes(value: Any) -> list[Node]:
    if isinstance(value, Mapping):
        return [node for item in value.values() for node in _nodes(item)]
    if value and isinstance(value, Sequence) and isinstance(value[0], str):
        return [(str(value[0]), int(value[1]), int(value[2]))]
    return [node for item in value or () for node in _nodes(item)]


def _calls(entry: Config) -> list[tuple[list[Node], dict[str, Any]]]:
    return [_call(item) for item in entry.get("inbound_nodes", ()) if item]


def _call(item: Any) -> tuple[list[Node], dict[str, Any]]:
    if isinstance(item, Mapping):
        nodes = list(_tensors(item.get("args", ())))
        constants = [value for value in item.get("args", ())[1:] if isinstance(value, int | float)]
        extra: dict[str, Any] = {"constants": constants} if constants else {}
        for key, value in item.get("kwargs", {}).items():
            found = list(_tensors(value))
            nodes += [] if key == "mask" else found
            if not found:
                extra[key] = value
        return nodes, extra
    nodes, extra = [], {}
    if isinstance(item[0], str):
        item = [item]
    for node in item:
        nodes.append((str(node[0]), int(node[1]), int(node[2])))
        for key, value in (node[3] if len(node) > 3 and isinstance(node[3], Mapping) else {}).items():
            if isinstance(value, list) and value and isinstance(value[0], str | list) and key not in ("mask", "name"):
                nodes += _nodes(value)
            elif key in ("y", "axis") and isinstance(value, int | float):
                extra["constants"] = [value]
            else:
                extra[key] = value
    return nodes, extra


def _tensors(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            name, node, tensor = value["config"]["keras_history"]
            yield str(name), int(node), int(tensor)
        else:
            for item in value.values():
                yield from _tensors(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _tensors(item)


def _offsets(calls: Mapping[str, list[tuple[list[Node], Any]]], outputs: list[Node]) -> dict[str, int]:
    """Nested models count their own creation as node 0 in some generations: how much to subtract."""
    highest: dict[str, int] = {}
    for nodes in [nodes for found in calls.values() for nodes, _ in found] + [outputs]:
        for name, index, _ in nodes:
            highest[name] = max(highest.get(name, 0), index)
    return {
        name: index - len(calls[name]) + 1
        for name, index in highest.items()
        if name in calls and calls[name] and index >= len(calls[name])
    }
