"""A layer's config as the arguments a person would write: no defaults, ``3`` for ``(3, 3)``, names for objects."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from infer_convert.build.classes import CONSTRAINTS, INITIALIZERS, REGULARIZERS
from infer_convert.export.layout import Code, Group, Item, call, identifier, literal, quoted
from infer_convert.kinds import OLD_HARD_SIGMOID

SQUARE: tuple[str, ...] = ("kernel_size", "strides", "pool_size", "dilation_rate", "size")
"""Arguments for which Keras takes one number for all axes (``standardize_tuple``)."""

_OBJECTS = (
    ("_initializer", "initializers", INITIALIZERS),
    ("_regularizer", "regularizers", REGULARIZERS),
    ("_constraint", "constraints", CONSTRAINTS),
)


def layer_call(
    class_name: str, config: Mapping[str, Any], remarks: Mapping[str, str], customs: Mapping[str, type] | None = None
) -> Group:
    """``layers.Conv2D(32, 3, name="conv")``; ``remarks`` by argument name become trailing comments."""
    custom = (customs or {}).get(class_name)
    cls: Any = custom or getattr(keras.layers, class_name)
    parameters = [
        item
        for item in list(inspect.signature(cls.__init__).parameters.values())[1:]
        if item.kind in (item.POSITIONAL_OR_KEYWORD, item.KEYWORD_ONLY)
    ]
    items: list[Item] = []
    positional = True
    for parameter in parameters:
        key = parameter.name
        required = parameter.default is inspect.Parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        if key not in config:
            positional = False
            continue
        positional = positional and required
        if key != "name" and not required and same(key, config[key], parameter.default):
            continue
        items.append(Item(argument(key, config[key]), None if positional else key, remarks.get(key)))
    known = {parameter.name for parameter in parameters}
    for key, value in config.items():
        if key not in known and not same(key, value, BASE_DEFAULTS.get(key, inspect.Parameter.empty)):
            items.append(Item(argument(key, value), key, remarks.get(key)))
    items.sort(key=lambda item: (item.keyword is not None, item.keyword == "name"))
    return call(class_name if custom else f"layers.{class_name}", *items)


BASE_DEFAULTS: dict[str, Any] = {
    "activity_regularizer": None,
    "dtype": None,
    "rms_scaling": False,
    "trainable": True,
    "zero_output_for_mask": False,
}
"""Defaults of arguments that reach ``keras.layers.Layer`` through ``**kwargs``."""


def shown(class_name: str, config: Mapping[str, Any]) -> frozenset[str]:
    """Which keys of a config ``layer_call`` prints."""
    items = layer_call(class_name, config, {key: key for key in config}).items
    return frozenset(item.remark for item in items if item.remark)


def same(key: str, value: Any, default: Any) -> bool:
    """Whether an argument says the same as its default."""
    if default is inspect.Parameter.empty or isinstance(value, Code):
        return False
    return bool(_canonical(key, value) == _canonical(key, default))


def _canonical(key: str, value: Any) -> Any:
    if key == "data_format":
        return value or "channels_last"
    if key == "dtype":
        name = value.get("config", {}).get("name") if isinstance(value, Mapping) else value
        return name or "float32"
    if key.endswith("activation"):
        return value or "linear"
    if key.endswith(("_initializer", "_regularizer", "_constraint")) and value is not None:
        name = value if isinstance(value, str) else str(value.get("class_name"))
        options = {} if isinstance(value, str) else value.get("config") or {}
        return name.replace("_", "").lower(), _options(key, name, options)
    if isinstance(value, list | tuple):
        parts = tuple(_canonical("", part) for part in value)
        return parts[0] if key in SQUARE and parts and len(set(parts)) == 1 else parts
    return value


def argument(key: str, value: Any) -> Group | str:
    """One value as source."""
    if isinstance(value, Code):
        return value.text
    if isinstance(value, Mapping) and "class_name" in value:
        for ending, module, names in _OBJECTS:
            if key.endswith(ending):
                return _object(key, module, names, value)
        if key == "dtype":
            return quoted(str(value.get("config", {}).get("name")))
        return layer_call(str(value["class_name"]), value.get("config", {}), {})
    if isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
        return Group("[", tuple(Item(argument(key, part)) for part in value), "]")
    if key.endswith("activation") and value == OLD_HARD_SIGMOID:
        return OLD_HARD_SIGMOID
    if key in SQUARE and isinstance(value, list | tuple) and value and len(set(value)) == 1:
        return literal(value[0])
    return literal(value)


def _object(key: str, module: str, names: tuple[str, ...], value: Mapping[str, Any]) -> Group:
    wanted = str(value["class_name"]).replace("_", "").lower()
    name = next(name for name in names if name.lower() == wanted)
    items = (Item(literal(item), identifier(option)) for option, item in _options(key, name, value.get("config") or {}))
    return call(f"keras.{module}.{name}", *items)


def _options(key: str, name: str, options: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Options of an initializer, regularizer or constraint that differ from its constructor's defaults."""
    module, names = next((module, names) for ending, module, names in _OBJECTS if key.endswith(ending))
    known = next((item for item in names if item.lower() == name.replace("_", "").lower()), None)
    if known is None:
        return tuple(options.items())
    cls: Any = getattr(getattr(keras, module), known)
    parameters = inspect.signature(cls.__init__).parameters
    return tuple((k, v) for k, v in options.items() if k not in parameters or parameters[k].default != v)
