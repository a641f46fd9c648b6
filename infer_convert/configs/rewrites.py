"""From any Keras' words to Keras 3's: the ordered table of all rewrites.

Each rewrite is ``(Item, Context) -> Item``; the first that changes nothing returns its item. Wrapped layers
(Bidirectional, TimeDistributed, RNN cells) go through the same table. A change is logged as a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from infer_convert.configs import keras1, keras2, keras3
from infer_convert.configs.context import Context
from infer_convert.configs.graph import Graph, Item
from infer_convert.configs.operations import is_operation

Rewrite = Callable[[Item, Context], Item]

WRAPPED = ("layer", "backward_layer", "forward_layer", "cell", "cells")


def wrapped_layers(item: Item, context: Context) -> Item:
    """Run the table over the layers that a wrapper's config holds."""
    config = dict(item.config)
    for key in WRAPPED:
        if isinstance(config.get(key), Mapping | list):
            config[key] = _rewritten(config[key], item.name, context)
    for key in [key for key in config if key.endswith("activation")]:
        value = config[key]
        if (
            isinstance(value, Mapping)
            and isinstance(value.get("config"), Mapping)
            and value.get("class_name") != "__lambda__"
        ):
            config[key] = _rewritten(value, item.name, context)
    return replace(item, config=config)


def _rewritten(value: Any, owner: str, context: Context) -> Any:
    if isinstance(value, list):
        return [_rewritten(each, owner, context) for each in value]
    if not isinstance(value, Mapping) or not isinstance(value.get("class_name"), str):
        return value
    inner = value.get("config")
    config = dict(inner) if isinstance(inner, Mapping) else {}
    name = config.pop("name", None)
    class_name = value["class_name"].rpartition(">")[2]
    made = rewritten(Item(f"{owner}/{name or class_name}", class_name, config, stored_class=class_name), context)
    named = {"name": name} if isinstance(name, str) else {}
    return {"class_name": made.class_name, "config": {**named, **made.config}}


REWRITES: tuple[Rewrite, ...] = (
    keras2.plain_values,
    keras2.user_answers,
    wrapped_layers,
    keras1.border_and_ordering,
    keras1.kernel_sizes,
    keras1.renamed_arguments,
    keras1.merge_modes,
    keras1.paddings,
    keras1.transposed_output,
    keras1.sampled_normalization,
    keras1.input_arguments,
    keras2.renamed_classes,
    keras2.input_layer,
    keras2.separable_arguments,
    keras2.attention_arguments,
    keras2.preprocessing_words,
    keras2.causal_attention,
    keras2.score_modes,
    keras2.axis_lists,
    keras2.normalization_axis,
    keras2.leaky_slopes,
    keras2.thresholds,
    keras2.cudnn,
    keras2.recurrent_defaults,
    keras2.bidirectional_direction,
    keras2.epsilon_defaults,
    keras2.time_major,
    keras2.groups,
    keras2.strides_of_one,
    keras3.vocabularies,
    keras3.policies,
    keras3.quantised,
    keras3.activations,
    keras3.initializers,
    keras3.trainable,
    keras3.unknown_arguments,
)
"""In the order in which they run."""


FIRST: tuple[Rewrite, ...] = REWRITES[:2]
"""What operations go through as well."""


def rewritten(item: Item, context: Context) -> Item:
    """One item through the whole table (a nested model's own items are rewritten by ``rewrite``); an operation, whose
    arguments are a function's and not a layer's, through the first rules alone."""
    for rule in FIRST if is_operation(item) else REWRITES:
        item = rule(item, context)
    return item


def rewrite(graph: Graph, context: Context) -> Graph:
    """Every item of a graph and of its nested models."""
    return graph.mapped(lambda item: rewritten(item, context))
