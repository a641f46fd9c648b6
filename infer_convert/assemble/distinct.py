"""Plans that are one model count once: their shares add up.

Assignments of one draft may differ in what the model does not have: the nominal size of an input that stays open, the
padding of a kernel of one place, which adds nothing at any stride.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infer_convert.assemble.decide import target_shape
from infer_convert.assemble.settle import Settled
from infer_convert.layers.card import Config
from infer_convert.plan import Plan, PlanLayer


def distinct(plans: Iterable[Plan]) -> list[tuple[Plan, float, int]]:
    """Every model once, in the order in which they first come: the plan, the confidence of all that are equal to it,
    and the place of the first."""
    found: dict[str, list[Any]] = {}
    for place, plan in enumerate(plans):
        row = found.setdefault(architecture(plan), [plan, 0.0, place])
        row[1] += plan.confidence
    return [(plan, confidence, place) for plan, confidence, place in found.values()]


def assignment(settled: Settled) -> str:
    """Equal for assignments of one draft that make one model: a nominal size of an input that stays open is not in it.

    Told before the plans are made, which costs more than all that leads to them in large nets."""
    open_layers = (
        index
        for index, tried in enumerate(settled.settings)
        if len(tried) > 1 or "_plan" in settled.draft.layers[index].config
    )
    return repr([_chosen(settled, index) for index in open_layers])


def _chosen(settled: Settled, index: int) -> Any:
    layer = settled.draft.layers[index]
    shape = settled.shapes[index, 0]
    if layer.class_name == "Reshape":
        return target_shape(settled, index)
    if "_plan" in layer.config:  # which of its variants it is, its operands' shapes tell
        return settled.chosen[index], shape, [settled.shapes[item] for call in layer.operands for item in call]
    if layer.class_name == "InputLayer" and not settled.size_fixed and len(shape) > 1:
        return len(shape), shape[-1]
    return _told(settled.config(index))


def architecture(plan: Plan) -> str:
    """Equal for plans that are one model."""
    return repr((tuple(map(_layer, plan.layers)), plan.inputs, plan.outputs))


def _layer(layer: PlanLayer) -> tuple[Any, ...]:
    inner = None if layer.inner is None else architecture(layer.inner)
    return layer.name, layer.class_name, _told(layer.config), layer.inbound, layer.weights, inner


def _told(config: Config) -> list[tuple[str, str]]:
    """What the config says about the model."""
    kernel = config.get("kernel_size")
    single = kernel is not None and set(kernel if isinstance(kernel, (list, tuple)) else (kernel,)) == {1}
    return sorted((key, repr(value)) for key, value in config.items() if not (single and key == "padding"))
