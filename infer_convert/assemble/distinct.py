"""Plans that are one model count once: their shares add up.

Assignments of one draft may differ in what the model does not have: the nominal size of an input that stays open, the
padding of a kernel of one place, which adds nothing at any stride.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infer_convert.plan import Plan, PlanLayer


def distinct(plans: Iterable[Plan]) -> list[tuple[Plan, float, int]]:
    """Every model once, in the order in which they first come: the plan, the confidence of all that are equal to it,
    and the place of the first."""
    found: dict[str, list[Any]] = {}
    for place, plan in enumerate(plans):
        row = found.setdefault(architecture(plan), [plan, 0.0, place])
        row[1] += plan.confidence
    return [(plan, confidence, place) for plan, confidence, place in found.values()]


def architecture(plan: Plan) -> str:
    """Equal for plans that are one model."""
    return repr((tuple(map(_layer, plan.layers)), plan.inputs, plan.outputs))


def _layer(layer: PlanLayer) -> tuple[Any, ...]:
    kernel = layer.config.get("kernel_size")
    single = kernel is not None and set(kernel if isinstance(kernel, (list, tuple)) else (kernel,)) == {1}
    config = sorted((key, repr(value)) for key, value in layer.config.items() if not (single and key == "padding"))
    inner = None if layer.inner is None else architecture(layer.inner)
    return layer.name, layer.class_name, config, layer.inbound, layer.weights, inner
