"""A call's arguments as the ordered tensors that ``build`` passes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infer_convert.configs.context import Context
from infer_convert.configs.graph import Call, Graph, Item, refs_in
from infer_convert.errors import NoArchitecture
from infer_convert.plan import Ref

ATTENTION = ("MultiHeadAttention", "GroupQueryAttention")
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_SILENT = ("mask", "name", "inputs_mask", "attention_mask", "use_causal_mask", "return_attention_scores", "training")


def flattened(graph: Graph, context: Context) -> Graph:
    """Every call of one level with tensors only, in the order in which the layer takes them."""
    items = tuple(
        replace(item, calls=tuple(Call(_operands(item, call, context)) for call in item.calls)) for item in graph.items
    )
    return replace(graph, items=items)


def _operands(item: Item, call: Call, context: Context) -> tuple[Ref, ...]:
    kwargs = dict(call.kwargs)
    _check(item, kwargs, context)
    args = list(call.args)
    for value in args[1:]:
        if not refs_in(value) and value not in (None, False):
            context.log.guess(item.name, f"it is called with {value!r:.40} beside its tensors, which is left out", 0.7)
    if item.class_name in ATTENTION:
        return _attention(args, kwargs)
    found = list(refs_in(args))
    if item.class_name in RECURRENT:
        found += refs_in(kwargs.pop("initial_state", None))
    elif "inputs" in kwargs:
        found += refs_in(kwargs.pop("inputs"))
    rest = [key for key, value in kwargs.items() if refs_in(value) and key not in _SILENT]
    if rest:
        raise NoArchitecture(f"layer {item.name}: it reads tensors as {', '.join(rest)}, which no rebuilt layer can")
    return tuple(found)


def _attention(args: list[Any], kwargs: Mapping[str, Any]) -> tuple[Ref, ...]:
    """query, value, key in Keras' order; key is left out where it is the value."""
    positional: list[Any] = [*(ref for arg in args for ref in refs_in(arg)), None, None, None]
    named = [kwargs.get(word) for word in ("query", "value", "key")]
    found = [first or second for first, second in zip(positional, named, strict=False)]
    return tuple(ref for ref in found if isinstance(ref, Ref))


def _check(item: Item, kwargs: dict[str, Any], context: Context) -> None:
    """Call arguments that change the result and that a plan cannot carry."""
    for key in ("use_causal_mask", "return_attention_scores"):
        if kwargs.get(key):
            raise NoArchitecture(f"layer {item.name}: it is called with {key}=True, which a rebuilt layer cannot be")
    if refs_in(kwargs.get("attention_mask")):
        raise NoArchitecture(
            f"layer {item.name}: it is called with an attention_mask tensor, which a rebuilt layer cannot be"
        )
    if kwargs.get("training") is True and context.generation != "keras3":  # Keras 3 models override it when called
        if item.class_name == "BatchNormalization":
            raise NoArchitecture(
                f"layer {item.name}: it is called with training=True: it uses the statistics of each batch"
            )
        context.log.guess(item.name, "it is called with training=True; the rebuilt model predicts without", 0.5)
    if refs_in(kwargs.get("mask")):
        context.log.rewrite(item.name, "the mask that it is called with is computed again by Keras")
