"""Stored tensors of one layer of the config -> its variables, through the layer cards.

The config says what the layer is; a card says how its tensors may be read. The reading that agrees with the config is
taken. None that agrees is a contradiction between config and weights: NoArchitecture names both, nothing is averaged.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infer_convert.configs.context import Context
from infer_convert.configs.expected import expected_roles
from infer_convert.configs.graph import Item
from infer_convert.configs.special import PLACERS
from infer_convert.errors import Conflict, NoArchitecture
from infer_convert.facts import Tensor
from infer_convert.hints import toml_key, toml_value
from infer_convert.layers import CARD_OF
from infer_convert.layers.backend import TURNED, turned
from infer_convert.layers.card import Fit, Stored, own_uses, use, within
from infer_convert.plan import WeightUse

FLOATS = ("float16", "float32", "float64", "bfloat16")

NAMED: dict[str, tuple[str, ...]] = {
    "EinsumDense": ("kernel", "bias"),
    "LayerNormalization": ("gamma", "beta"),
    "GroupNormalization": ("gamma", "beta"),
    "RMSNormalization": ("scale",),
    "AdditiveAttention": ("scale",),
    "Attention": ("scale", "concat_score_weight"),
    "ReversibleEmbedding": ("embeddings", "reverse_embeddings"),
    "PReLU": ("alpha",),
    "LSTMCell": ("kernel", "recurrent_kernel", "bias"),
    "GRUCell": ("kernel", "recurrent_kernel", "bias"),
    "Dense": ("kernel", "bias"),
}
"""Variables by position, for classes (or configs) that no card reads."""


def placed(item: Item, context: Context) -> Item:
    """The item with its WeightUses; raises NoArchitecture when config and tensors contradict each other."""
    if item.inner is not None:
        return item
    if item.class_name in context.hints.customs:
        return replace(item, weights=own_uses(item.tensors))
    if not item.tensors:
        return _without(item, context)
    special = PLACERS.get(item.class_name)
    made = special(item, context) if special is not None else None
    if made is None:
        made = _by_card(item, context)
    return _typed(_turned(made, context), context)


def _without(item: Item, context: Context) -> Item:
    trainable, fixed = expected_roles(item.class_name, item.config)
    if trainable or fixed:
        missing = ", ".join((*trainable, *fixed)[:4])
        raise NoArchitecture(
            f"layer {item.name}: the stored config lists a {item.class_name} with {missing}; the file holds no tensor"
            f" for it",
            (f"{item.name}: {missing} expected, nothing stored",),
        )
    return item


def _by_card(item: Item, context: Context) -> Item:
    card = CARD_OF.get(item.class_name)
    fits: tuple[Fit, ...] = ()
    if card is not None and card.fits is not None:
        tensors = {role: tensor for role, tensor in item.tensors.items() if "seed_generator" not in role}
        fits = card.fits(Stored(tensors, context.generation, context.backend))
    agreeing = [fit for fit in fits if not contradictions(item, fit.config)]
    agreeing = [fit for fit in agreeing if _ordered(item, fit, context)] or agreeing
    if agreeing:
        return replace(item, weights=agreeing[0].uses)
    if fits:
        wrong = contradictions(item, fits[0].config)
        raise contradiction(item, "; ".join(wrong), _conflicts(item, fits[0].config))
    uses = _by_name(item)
    if uses is None:
        raise contradiction(item, f"a {item.class_name} has no such tensors")
    return replace(item, weights=uses)


def contradiction(item: Item, what: str, conflicts: tuple[Conflict, ...] = ()) -> NoArchitecture:
    """Config against weights, both named."""
    shapes = ", ".join(f"{tensor.role} {tensor.shape} at {tensor.path}" for tensor in list(item.tensors.values())[:4])
    return NoArchitecture(
        f"layer {item.name}: the stored config ({item.stored_class}) contradicts the stored tensors: {what}; stored:"
        f" {shapes}"
        + (f"; let the weights win with {' '.join(each.answer for each in conflicts)}" if conflicts else ""),
        (f"{item.name}: {what}", *(f"{tensor.path}: {tensor.shape}" for tensor in item.tensors.values())),
        conflicts,
    )


def _conflicts(item: Item, found: Mapping[str, Any]) -> tuple[Conflict, ...]:
    """What config and shapes answer differently, as data; nothing for what a wrapper holds."""
    if "_inner" in found:
        return ()
    paths = tuple(tensor.path for tensor in item.tensors.values())
    return tuple(
        Conflict(item.name, key, stored, value, paths, _answer(item.name, key, value))
        for key, stored, value in _differing(item.config, found)
    )


def _answer(layer: str, key: str, value: Any) -> str:
    """The option under which the weights win, ready for a shell."""
    return "--set " + shlex.quote(f"{toml_key(layer)}.{toml_key(key)}={toml_value(value)}")


_DEFAULTS: dict[str, Any] = {
    "use_bias": True, "center": True, "scale": True, "depth_multiplier": 1, "use_scale": False, "value_dim": None,
    "output_shape": None,
}  # fmt: skip


def contradictions(item: Item, found: Mapping[str, Any]) -> list[str]:
    """Arguments that the config and the shapes answer differently."""
    inner = item.config.get("layer")
    if "_inner" in found and isinstance(inner, Mapping):
        if inner.get("class_name") != found.get("_class"):
            return [f"the config wraps a {inner.get('class_name')}, the tensors fit a {found.get('_class')}"]
        return different(inner.get("config") or {}, found["_inner"])
    return different(item.config, found)


def different(config: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Arguments that two configs answer differently, each as a sentence."""
    return [f"{key} is {stored!r} in the config, {value!r} by the shapes" for key, stored, value in
            _differing(config, found)]  # fmt: skip


def _differing(config: Mapping[str, Any], found: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    wrong = []
    for key, value in found.items():
        if key.startswith("_") or key in ("axis", "recurrent_activation", "groups"):
            continue
        if key in ("value_dim", "output_shape") and config.get(key) is None:
            continue
        stored = config.get(key, _DEFAULTS.get(key))
        if _flat(stored) != _flat(value):
            wrong.append((key, stored, value))
    return wrong


def _flat(value: Any) -> Any:
    if isinstance(value, list | tuple):
        items = [_flat(each) for each in value]
        return items[0] if len(items) == 1 else items
    return value


def _ordered(item: Item, fit: Fit, context: Context) -> bool:
    """Keras 0/1 image kernels: ``th`` ones stand (out, in, rows, cols), ``tf`` ones as today."""
    if context.generation not in ("keras0", "keras1"):
        return True
    config = item.config
    inner = config.get("layer")
    if isinstance(inner, Mapping):
        config = inner.get("config") or {}
    if "data_format" not in config:
        return True
    turned = any(name.startswith("transpose") for use_ in fit.uses for name in use_.transforms)
    return bool(turned == (config["data_format"] == "channels_first"))


def _by_name(item: Item) -> tuple[WeightUse, ...] | None:
    """Variables of the same names; positional roles through ``NAMED``; unknown classes keep the stored names."""
    roles = within(item.tensors)
    positional = all(role.isdigit() for role in roles)
    known = NAMED.get(item.class_name)
    if positional:
        if known is None or len(roles) > len(known):
            return None if item.class_name in CARD_OF else ()
        names = known
        if item.class_name in ("LayerNormalization", "GroupNormalization"):
            names = expected_roles(item.class_name, item.config)[0]
        ordered = [roles[role] for role in sorted(roles, key=int)]
        return tuple(use(name, tensor) for name, tensor in zip(names, ordered, strict=False))
    if known is not None and not set(roles) <= set(known):
        return None
    return tuple(use(role.replace("/", "."), tensor) for role, tensor in roles.items())


def _turned(item: Item, context: Context) -> Item:
    """Theano computed true convolutions: spatial axes of the kernels turn round (once, after every other transform)."""
    if not context.theano:
        return item
    class_name = item.class_name
    inner = item.config.get("layer")
    if class_name in ("TimeDistributed", "Bidirectional") and isinstance(inner, Mapping):
        class_name = str(inner.get("class_name"))
    uses = turned(class_name, item.weights)
    if uses != item.weights:
        context.log.rewrite(item.name, TURNED)
    return replace(item, weights=uses)


def _typed(item: Item, context: Context) -> Item:
    """Stored dtypes are kept where the config leaves them open; a config that names another dtype wins by a cast."""
    stored = {each.dtype for each in item.weights if each.dtype in FLOATS}
    if len(stored) != 1:
        return item
    (dtype,) = stored
    policy = item.config.get("dtype")
    if not isinstance(policy, str):
        if dtype == "float32":
            return item
        return replace(item, config={**item.config, "dtype": dtype})
    variable = "float32" if policy.startswith("mixed_") else policy
    if variable == dtype or variable not in FLOATS:
        return item
    context.log.rewrite(item.name, f"the file stores {dtype}, the config computes in {variable}: the tensors are cast")
    cast = f"cast:{dtype}→{variable}"
    uses = tuple(
        replace(each, transforms=(*each.transforms, cast), dtype=variable) if each.dtype == dtype else each
        for each in item.weights
    )
    return replace(item, weights=uses)


def unused(item: Item) -> tuple[Tensor, ...]:
    """Tensors of the item that no WeightUse reads."""
    used = {source for each in item.weights for source in each.sources}
    return tuple(tensor for tensor in item.tensors.values() if tensor.path not in used)
