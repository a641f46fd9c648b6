"""Config of any generation -> Graph. Nothing is executed, imported or looked up by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from infer_convert.configs.calls import call_of, calls_of
from infer_convert.configs.graph import Call, Graph, Item
from infer_convert.errors import NoArchitecture
from infer_convert.plan import Ref

MODELS = ("Sequential", "Model", "Functional", "Graph")
"""Classes whose config lists layers."""

MOST_LAYERS = 20_000
DEEPEST = 40
"""Nesting of models; real ones stay below five."""


def parse(config: Any, name: str = "model", depth: int = 0) -> Graph:
    """The graph of a model's config: ``{class_name, config}``, a bare Keras 0 config, or a list of layers.

    Raises NoArchitecture when the config lists no layers (a subclassed model) or is malformed.
    """
    if depth > DEEPEST:
        raise NoArchitecture(f"the stored config nests models more than {DEEPEST} deep")
    inner = unwrapped(config)
    if isinstance(inner, list):
        return _sequential({"layers": inner}, name, depth)
    if not isinstance(inner, Mapping):
        raise NoArchitecture(f"expected a model's config, found {type(config).__name__}")
    if "node_config" in inner:
        return _graph0(inner, name, depth)
    layers = inner.get("layers")
    if not isinstance(layers, list) or not layers:
        cls = config.get("class_name", "the model") if isinstance(config, Mapping) else "the model"
        raise NoArchitecture(
            f"the stored config of {cls!r} lists no layers (a subclassed model); expected a Sequential or a"
            f" functional one"
        )
    if len(layers) > MOST_LAYERS:
        raise NoArchitecture(f"the stored config lists {len(layers)} layers, more than {MOST_LAYERS}")
    if "output_layers" in inner:
        return _functional(inner, name, depth)
    return _sequential(inner, name, depth)


def unwrapped(config: Any) -> Any:
    """The inner config of ``{class_name, config}``, or what is there."""
    if isinstance(config, Mapping) and "config" in config and "class_name" in config:
        return config["config"]
    return config


def is_model(class_name: Any, config: Any) -> bool:
    """Whether a layer's config is a model's: a known model class, or a subclass that stores a graph."""
    if class_name in MODELS:
        return True
    return isinstance(config, Mapping) and isinstance(config.get("layers"), list) and "output_layers" in config


def item_of(entry: Any, fallback: str, depth: int = 0) -> Item:
    """One layer entry, without its calls."""
    if not isinstance(entry, Mapping):
        raise NoArchitecture(f"layer {fallback}: expected a layer's config, found {entry!r:.60}")
    old = "class_name" not in entry
    class_name = entry.get("name") if old else entry["class_name"]
    config = {k: v for k, v in entry.items() if k != "name"} if old else entry.get("config", {})
    if not isinstance(class_name, str):
        raise NoArchitecture(f"layer {fallback}: its class is {class_name!r:.60}")
    class_name = class_name.rpartition(">")[2]
    own = config.get("name") if isinstance(config, Mapping) else None
    name = (entry.get("name") if not old else entry.get("custom_name")) or own or fallback
    module = entry.get("module")
    inner = parse(entry if not old else config, str(name), depth + 1) if is_model(class_name, config) else None
    if class_name == "TimeDistributed" and isinstance(config, Mapping):
        wrapped = config.get("layer")
        if isinstance(wrapped, Mapping) and is_model(wrapped.get("class_name"), wrapped.get("config")):
            inner = parse(wrapped, f"{name}_inner", depth + 1)
            config = {key: value for key, value in config.items() if key != "layer"}
    cleaned = dict(config) if isinstance(config, Mapping) and (inner is None or class_name == "TimeDistributed") else {}
    for key in ("build_config",):
        if isinstance(entry.get(key), Mapping):
            cleaned["_" + key] = entry[key]
    cleaned.pop("name", None)
    return Item(
        name=str(name),
        class_name=class_name,
        config=cleaned,
        inner=inner,
        module=module if isinstance(module, str) else None,
        stored_class=class_name,
    )


def _functional(config: Mapping[str, Any], name: str, depth: int) -> Graph:
    entries = config["layers"]
    names = {str(entry.get("name") or (entry.get("config") or {}).get("name")) for entry in entries}
    items = []
    for number, entry in enumerate(entries):
        item = item_of(entry, f"layer_{number}", depth)
        items.append(replace(item, calls=calls_of(entry.get("inbound_nodes") or [], names)))
    graph = Graph(
        items=tuple(items),
        inputs=endpoints(config.get("input_layers") or []),
        outputs=endpoints(config["output_layers"]),
        name=str(config.get("name") or name),
    )
    return renumbered(graph)


def endpoints(value: Any) -> tuple[Ref, ...]:
    """``[["a", 0, 0], ...]``, one ``["a", 0, 0]``, or the same in (nested) dicts and lists."""
    if isinstance(value, Mapping):
        return tuple(ref for item in value.values() for ref in endpoints(item))
    if isinstance(value, str):
        return (Ref(value),)
    if isinstance(value, list | tuple):
        if len(value) == 3 and isinstance(value[0], str) and all(isinstance(part, int) for part in value[1:]):
            return (Ref(*value),)
        return tuple(ref for item in value for ref in endpoints(item))
    raise NoArchitecture(f"the stored config names {value!r:.60} as an input or output")


def renumbered(graph: Graph) -> Graph:
    """Calls counted from 0.

    A nested model's own input counts as its call 0 in files of Keras 1 and 2 (Keras 2.15 ``functional.py``,
    ``_should_skip_first_node``): where such a model is only ever read from call 1 on, its numbers go down by one.
    """
    read: dict[str, set[int]] = {}
    for ref in (*graph.outputs, *(ref for item in graph.items for call in item.calls for ref in call.refs())):
        read.setdefault(ref.layer, set()).add(ref.call)
    shifted = {
        item.name
        for item in graph.items
        if item.inner is not None and item.class_name != "TimeDistributed" and min(read.get(item.name, {0})) > 0
    }

    def change(ref: Ref) -> Ref:
        return replace(ref, call=ref.call - 1) if ref.layer in shifted else ref

    items = tuple(replace(item, calls=tuple(call.mapped(change) for call in item.calls)) for item in graph.items)
    return replace(
        graph, items=items, inputs=tuple(map(change, graph.inputs)), outputs=tuple(map(change, graph.outputs))
    )


def _sequential(config: Mapping[str, Any], name: str, depth: int) -> Graph:
    entries = config["layers"]
    items: list[Item] = []
    taken: dict[str, int] = {}
    for number, entry in enumerate(entries):
        item = item_of(entry, f"layer_{number}", depth)
        count = taken.get(item.name, 0)
        taken[item.name] = count + 1
        items.append(replace(item, name=f"{item.name}_{count}") if count else item)
    shape = config.get("build_input_shape")
    if items and isinstance(shape, list) and items[0].class_name != "InputLayer" and not stored_shape(items[0]):
        items[0] = replace(items[0], config={**items[0].config, "_build_input_shape": shape})
    return chained(tuple(items), str(config.get("name") or name))


def chained(items: Sequence[Item], name: str) -> Graph:
    """A Sequential as a graph; an InputLayer is added where the first layer is none (with its shape if known)."""
    first = items[0]
    made: list[Item] = []
    inputs: tuple[Ref, ...]
    if first.class_name == "Merge" and isinstance(first.config.get("layers"), list):
        made, inputs, first = _branches(first)
        made.append(first)
    elif first.class_name == "InputLayer":
        made, inputs = [first], (Ref(first.name),)
    else:
        entry = input_for(first)
        made, inputs = [entry, replace(first, calls=(Call((Ref(entry.name),)),))], (Ref(entry.name),)
        if first.inner is not None and len(first.inner.inputs) > 1:
            entries = [_input_like(first.inner.item(ref.layer)) for ref in first.inner.inputs]
            inputs = tuple(Ref(item.name) for item in entries)
            made = [*entries, replace(first, calls=(Call(inputs),))]
    for item in items[1:]:
        made.append(replace(item, calls=(Call((Ref(made[-1].name),)),)))
    outputs: tuple[Ref, ...] = (Ref(made[-1].name),)
    last = made[-1]
    if last.inner is not None and len(last.inner.outputs) > 1:
        outputs = tuple(Ref(last.name, 0, number) for number in range(len(last.inner.outputs)))
    return Graph(tuple(made), inputs, outputs, name, sequential=True)


def _branches(merge: Item) -> tuple[list[Item], tuple[Ref, ...], Item]:
    """Keras 1 ``Sequential([Merge([a, b])])``: the branches' own layers stand in the model (and in the file)."""
    made: list[Item] = []
    inputs: tuple[Ref, ...] = ()
    ends: list[Ref] = []
    for number, entry in enumerate(merge.config["layers"]):
        branch = parse(entry, f"{merge.name}_branch_{number}")
        used = {item.name for item in made}
        renamed = {item.name: f"{item.name}_{number}" if item.name in used else item.name for item in branch.items}

        def change(ref: Ref, renamed: Mapping[str, str] = renamed) -> Ref:
            return replace(ref, layer=renamed[ref.layer])

        for item in branch.items:
            calls = tuple(call.mapped(change) for call in item.calls)
            made.append(replace(item, name=renamed[item.name], calls=calls))
        inputs += tuple(map(change, branch.inputs))
        ends += map(change, branch.outputs)
    config = {key: value for key, value in merge.config.items() if key != "layers"}
    return made, inputs, replace(merge, config=config, calls=(Call((list(ends),)),))


def input_for(first: Item) -> Item:
    """The InputLayer that a Sequential's first layer implies; its shape is None when the file does not tell."""
    if first.inner is not None and first.class_name != "TimeDistributed":
        return replace(_input_like(first.inner.item(first.inner.inputs[0].layer)), name=f"{first.name}_input")
    shape = stored_shape(first)
    dtype = first.config.get("input_dtype") or first.config.get("dtype")
    if isinstance(dtype, Mapping):
        dtype = None
    if shape is None and first.class_name == "Embedding":
        shape = [None, first.config.get("input_length")]
    return Item(
        f"{first.name}_input",
        "InputLayer",
        {"batch_shape": shape, "dtype": dtype if isinstance(dtype, str) else "float32"},
        stored_class="InputLayer",
    )


def _input_like(item: Item) -> Item:
    return replace(item, inner=None, stored=None)


def stored_shape(item: Item) -> list[Any] | None:
    """The batch shape that a layer's config gives for its input, of any generation."""
    config = item.config
    for key in ("batch_input_shape", "batch_shape", "_build_input_shape"):
        shape = config.get(key)
        if isinstance(shape, list) and shape and not isinstance(shape[0], list):
            return list(shape)
    if isinstance(config.get("input_shape"), list):
        shape = config["input_shape"]
        if item.class_name == "Embedding" and len(shape) == 1 and config.get("input_length") is not None:
            return [None, config["input_length"]]
        return [None, *shape]
    if isinstance(config.get("input_dim"), int) and item.class_name != "Embedding":
        if item.class_name in ("LSTM", "GRU", "SimpleRNN", "TimeDistributedDense", "Convolution1D"):
            return [None, config.get("input_length"), config["input_dim"]]
        return [None, config["input_dim"]]
    built = config.get("_build_config")
    shape = built.get("input_shape") if isinstance(built, Mapping) else None
    if isinstance(shape, list) and shape and not isinstance(shape[0], list | Mapping):
        return list(shape)
    return None


def _graph0(config: Mapping[str, Any], name: str, depth: int) -> Graph:
    """Keras 0's ``Graph``: named nodes with one input, or several that are merged."""
    items: list[Item] = []
    for entry in config.get("input_config") or []:
        shape = entry.get("input_shape")
        items.append(
            Item(
                str(entry["name"]),
                "InputLayer",
                {
                    "batch_shape": [None, *shape] if isinstance(shape, list) else None,
                    "dtype": entry.get("dtype", "float32"),
                },
                stored_class="InputLayer",
            )
        )
    nodes = config.get("nodes") or {}
    for entry in config["node_config"]:
        item = replace(item_of(nodes[entry["name"]], str(entry["name"]), depth), name=str(entry["name"]))
        source = _graph0_source(entry, items)
        items.append(replace(item, calls=(Call((source,)),)))
    outputs: list[Ref] = []
    for entry in config.get("output_config") or []:
        outputs.append(_graph0_source(entry, items))
    inputs = tuple(Ref(item.name) for item in items if item.class_name == "InputLayer")
    return Graph(tuple(items), inputs, tuple(outputs), name)


def _graph0_source(entry: Mapping[str, Any], items: list[Item]) -> Ref:
    several = entry.get("inputs") or []
    if not several:
        return Ref(str(entry["input"]))
    merged = Item(
        f"{entry['name']}_merge",
        "Merge",
        {
            "mode": entry.get("merge_mode", "concat"),
            "concat_axis": entry.get("concat_axis", -1),
            "dot_axes": entry.get("dot_axes", -1),
        },
        (Call(([Ref(str(each)) for each in several],)),),
        stored_class="Merge",
        hidden=True,
    )
    items.append(merged)
    return Ref(merged.name)


__all__ = ["call_of", "endpoints", "is_model", "item_of", "parse", "stored_shape", "unwrapped"]
