"""Layers compute in the type in which the file keeps their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infer_convert.plan import Plan, PlanLayer

FLOATS = ("float16", "float32", "float64", "bfloat16")
_WRAPPED = ("layer", "backward_layer", "cell")
_WITHOUT = ("Operation",)


def with_stored_dtypes(plan: Plan) -> Plan:
    """The plan with ``dtype`` where the stored numbers are not float32. Where all of them are of one other type, that
    was the model's own (``floatx``): layers without weights and float inputs have it too."""
    found = {use.dtype for _, layer in plan.walk() for use in layer.weights if use.dtype in FLOATS}
    if not found - {"float32"}:
        return plan
    return _typed(plan, next(iter(found)) if len(found) == 1 else None)


def _typed(plan: Plan, common: str | None) -> Plan:
    return plan.with_layers(tuple(_layer(layer, common) for layer in plan.layers))


def _layer(layer: PlanLayer, common: str | None) -> PlanLayer:
    if layer.inner is not None:
        return replace(layer, inner=_typed(layer.inner, common))
    own = {use.dtype for use in layer.weights if use.dtype in FLOATS}
    dtype = common if common is not None else next(iter(own)) if len(own) == 1 else None
    if dtype in (None, "float32") or layer.class_name in _WITHOUT:
        return layer
    if layer.class_name == "InputLayer" and layer.config.get("dtype", "float32") != "float32":
        return layer
    return replace(layer, config=_config(layer.config, str(dtype)))


def _config(config: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    made = {**config, "dtype": dtype}
    for key in _WRAPPED:
        inner = made.get(key)
        if isinstance(inner, Mapping) and isinstance(inner.get("config"), Mapping):
            made[key] = {**inner, "config": _config(inner["config"], dtype)}
    return made
