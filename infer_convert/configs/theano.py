"""``padding="same"`` on Theano: another border than TensorFlow's for strides above 1 and even windows.

Theano pads k//2 on both sides and crops the end (Keras 2.2.4 ``theano_backend.py``, ``_preprocess_padding`` and
``_postprocess_conv2d_output``), so k//2 before and (k - 1)//2 after; TensorFlow puts the odd one after, and counts the
stride. tf_keras and Keras ignore the difference, and so do we unless ``--set LAYER.padding=theano`` asks for the
original's border.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from infer_convert.configs.context import Context
from infer_convert.configs.graph import Graph, Item
from infer_convert.configs.steps import INPUT, Step, inlined
from infer_convert.errors import NoArchitecture
from infer_convert.plan import Basis, Decision, Evidence, Option

SAME_AS_THE_ORIGINAL = 0.5
"""Confidence in TensorFlow's border; the borders differ, the outputs often only at the edge."""

ASKED = "theano"


def bordered(graph: Graph, context: Context) -> Graph:
    """Layers with ``padding="theano"`` as ZeroPadding and valid convolution; doubtful ones with their alternative."""
    items = tuple(_doubted(item, context) for item in graph.items)
    graph = replace(graph, items=items)
    for item in graph.items:
        if item.config.get("padding") == ASKED:
            graph = inlined(graph, item.name, _padded(item))
            context.log.rewrite(item.name, "padded as Theano did: a ZeroPadding, then a valid convolution")
    return graph


def _doubted(item: Item, context: Context) -> Item:
    if not context.theano or item.config.get("padding") != "same" or not _differs(item, context):
        return item
    why = "Theano pads k//2 on both sides, TensorFlow by the stride: with this window and stride the borders differ"
    context.log.guess(
        item.name, "padding='same' is computed with TensorFlow's border, not Theano's", SAME_AS_THE_ORIGINAL
    )
    said = Evidence("stored config", 0.0, why)
    doubt = Decision(
        "padding", "same", SAME_AS_THE_ORIGINAL, Basis.READ, (Option(ASKED, 1 - SAME_AS_THE_ORIGINAL),), (said,)
    )
    return replace(item, decisions=(*item.decisions, doubt))


def _differs(item: Item, context: Context) -> bool:
    config = item.config
    window = config.get("kernel_size") or config.get("pool_size")
    if window is None or "recurrent_activation" in config:
        return False
    if item.class_name.startswith("AveragePooling") and context.version == (2, 0):
        return True  # Keras 2.0 counted the border into the average on Theano
    sizes = _listed(window, 1)
    strides = _listed(config.get("strides") or (window if "pool_size" in config else 1), len(sizes))
    return any(size % 2 == 0 for size in sizes) or any(
        stride > 1 and size > 1 for size, stride in zip(sizes, strides, strict=False)
    )


def _listed(value: Any, count: int) -> list[int]:
    return [int(each) for each in value] if isinstance(value, list | tuple) else [int(value)] * count


def _padded(item: Item) -> Sequence[Step]:
    if item.class_name not in ("Conv1D", "Conv2D", "Conv3D"):
        raise NoArchitecture(
            f"layer {item.name}: padding='theano' is known for convolutions, not for {item.class_name}"
        )
    rank = int(item.class_name[4])
    sizes = _listed(item.config["kernel_size"], rank)
    rates = _listed(item.config.get("dilation_rate", 1), rank)
    spans = [(size - 1) * rate + 1 for size, rate in zip(sizes, rates, strict=True)]
    amounts: Any = [[span // 2, (span - 1) // 2] for span in spans]
    config: dict[str, Any] = {"padding": amounts[0] if rank == 1 else amounts}
    if rank > 1 and "data_format" in item.config:
        config["data_format"] = item.config["data_format"]
    return (
        Step("border", f"ZeroPadding{rank}D", config, (INPUT,)),
        Step("", item.class_name, {**item.config, "padding": "valid"}, (0,), item.weights),
    )
