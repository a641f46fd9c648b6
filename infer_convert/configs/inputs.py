"""Shapes of inputs: the user's, the config's, or what the first layer's weights ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infer_convert.configs.context import Context
from infer_convert.configs.graph import Graph, Item
from infer_convert.errors import NoArchitecture


def with_shapes(graph: Graph, context: Context, outer: bool = True) -> Graph:
    """Every InputLayer with a ``batch_shape``; raises NoArchitecture that names ``--input-shape`` where none is
    known.
    """
    given: Mapping[str, Any] = context.hints.input_shapes if outer else {}
    unnamed = list(given.get("", ()))
    items = []
    order = [ref.layer for ref in graph.inputs]
    for item in graph.items:
        if item.inner is not None:
            item = replace(item, inner=with_shapes(_with_built_shape(item), context, False))
        if item.class_name == "InputLayer":
            position = order.index(item.name) if item.name in order else len(unnamed)
            told = given.get(item.name, unnamed[position : position + 1])
            if told:
                item = replace(item, config={**item.config, "batch_shape": [None, *told[0]]})
                context.log.rewrite(item.name, "its shape is as the user gave it")
            elif item.config.get("batch_shape") is None:
                item = replace(item, config={**item.config, "batch_shape": _asked(graph, item, context)})
        items.append(item)
    return replace(graph, items=tuple(items))


def _with_built_shape(item: Item) -> Graph:
    """A nested model that was given its shape late keeps it as ``build_config``."""
    assert item.inner is not None
    built = item.config.get("_build_config")
    shape = built.get("input_shape") if isinstance(built, Mapping) else None
    if not isinstance(shape, list) or len(item.inner.inputs) != 1 or any(isinstance(size, list) for size in shape):
        return item.inner
    name = item.inner.inputs[0].layer
    items = tuple(
        replace(each, config={**each.config, "batch_shape": shape})
        if each.name == name and each.config.get("batch_shape") is None
        else each
        for each in item.inner.items
    )
    return replace(item.inner, items=items)


def _asked(graph: Graph, entry: Item, context: Context) -> list[int | None]:
    readers = [
        item for item in graph.items if any(ref.layer == entry.name for call in item.calls for ref in call.refs())
    ]
    for reader in readers:
        kernel = next((use for use in reader.weights if use.role in ("kernel", "depthwise_kernel")), None)
        if kernel is None:
            continue
        rows = kernel.shape[0] if len(kernel.shape) == 2 else kernel.shape[-2]
        spatial = len(kernel.shape) - 2
        shape: list[int | None]
        if reader.class_name in ("LSTM", "GRU", "SimpleRNN", "Bidirectional"):
            shape = [None, None, rows]
        elif reader.config.get("data_format") == "channels_first":
            shape = [None, rows, *[None] * spatial]
        else:
            shape = [None, *[None] * spatial, rows]
        context.log.guess(
            entry.name, f"the config gives no input shape; {shape} is what {reader.name}'s kernel takes", 0.8
        )
        return shape
    raise NoArchitecture(
        f"layer {entry.name}: the stored config gives no input shape and no kernel reads the input; give --input-shape"
    )
