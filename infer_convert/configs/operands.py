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
ATTENTION_MASKS = ("attention_mask", "query_mask", "value_mask", "key_mask")
_SILENT = ("mask", "name", "inputs_mask", "training", *ATTENTION_MASKS)


def flattened(graph: Graph, context: Context) -> Graph:
    """Every call of one level with tensors only, in the order in which the layer takes them."""
    masks = any(
        item.class_name == "Masking" or item.config.get("mask_zero") or item.inner is not None for item in graph.items
    )
    return replace(graph, items=tuple(_flat(item, context, masks) for item in graph.items))


def _flat(item: Item, context: Context, masks: bool) -> Item:
    """One item; what its calls take beside operands must be the same in all of them."""
    made = [_operands(item, call, context, masks) for call in item.calls]
    if not made:
        return item
    _, keywords, named = made[0]
    if any(other[1:] != (keywords, named) for other in made):
        raise NoArchitecture(f"layer {item.name}: its calls differ in their arguments, which a rebuilt layer's cannot")
    calls = tuple(Call(operands) for operands, _, _ in made)
    return replace(item, calls=calls, keywords={**item.keywords, **keywords}, named=named)


Taken = tuple[tuple[Ref, ...], dict[str, Any], tuple[str, ...]]


def _operands(item: Item, call: Call, context: Context, masks: bool) -> Taken:
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
    keywords = {"return_attention_scores": True} if kwargs.get("return_attention_scores") else {}
    if kwargs.get("use_causal_mask"):
        keywords["use_causal_mask"] = True
    mask = kwargs.get("mask")
    if isinstance(mask, Ref) and not masks:  # no layer here makes masks, so it is the model's own tensor
        return (*found, mask), keywords, ("mask",)
    if refs_in(mask):
        context.log.rewrite(item.name, "the mask that it is called with is computed again by Keras")
    return tuple(found), keywords, ()


def _attention(args: list[Any], kwargs: Mapping[str, Any]) -> Taken:
    """query, value, key in Keras' order (key is left out where it is the value), then masks by their names."""
    positional: list[Any] = [*(ref for arg in args[:3] for ref in refs_in(arg)), None, None, None]
    named = [kwargs.get(word) for word in ("query", "value", "key")]
    found = [first or second for first, second in zip(positional, named, strict=False)]
    operands = [ref for ref in found if isinstance(ref, Ref)]
    keywords = {word: True for word in ("use_causal_mask", "return_attention_scores") if kwargs.get(word)}
    given = {word: kwargs[word] for word in ("attention_mask",) if isinstance(kwargs.get(word), Ref)}
    return (*operands, *given.values()), keywords, tuple(given)


def _check(item: Item, kwargs: dict[str, Any], context: Context) -> None:
    """Call arguments that change the result and that a plan cannot carry."""
    if kwargs.get("training") is True and context.generation != "keras3":  # Keras 3 models override it when called
        if item.class_name == "BatchNormalization":
            raise NoArchitecture(
                f"layer {item.name}: it is called with training=True: it uses the statistics of each batch"
            )
        context.log.guess(item.name, "it is called with training=True; the rebuilt model predicts without", 0.5)
