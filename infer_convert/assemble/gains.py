"""What a true answer would be worth: which values compute the same function, and what a setting's answer tells about
the sizes and settings of the other layers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infer_convert.assemble.settle import Settled
from infer_convert.clues.activations import activation
from infer_convert.draft import Neighbourhood
from infer_convert.layers.arithmetic import borders
from infer_convert.plan import Decision

IDEMPOTENT = ("relu",)
"""Activations that change nothing where they are applied a second time."""


def weighed(settled: Settled, near: Neighbourhood, index: int, decision: Decision) -> Decision:
    """The decision with its options' ``same`` and its ``coupled``."""
    if decision.field == "activation":
        return _marked(decision, _same_activations(near, index, decision))
    if decision.field == "class_name":
        return _marked(decision, _same_classes(near, index, decision))
    open_size = decision.field == "batch_shape" and not settled.size_fixed
    if decision.field not in settled.config(index) or not settled.peaks or open_size:
        return decision
    peaks, same = _peaks(settled, index, decision.field)
    marked = _marked(decision, same)
    own = peaks.get(repr(decision.value), 0.0)
    rest = math.fsum(math.exp(peak - own) for value, peak in peaks.items() if value not in same and peak > -math.inf)
    mine = 0.0 if repr(decision.value) in peaks and repr(decision.value) not in same else 1.0
    return replace(marked, coupled=math.log(max(1.0, rest + mine)))


def _marked(decision: Decision, same: set[str]) -> Decision:
    options = tuple(replace(option, same=repr(option.value) in same) for option in decision.alternatives)
    return replace(decision, alternatives=options) if same else decision


def _peaks(settled: Settled, index: int, field: str) -> tuple[dict[str, float], set[str]]:
    """The best assignment with each value of a field, and the values that compute what the chosen one does."""
    tried, shapes = settled.settings[index], _operands(settled, index)
    mine = _effect({**settled.draft.layers[index].config, **tried[settled.chosen[index]].config}, shapes)
    chosen = repr(tried[settled.chosen[index]].config.get(field))
    best: dict[str, tuple[float, Mapping[str, Any]]] = {}
    for setting, peak in zip(tried, settled.peaks[index], strict=True):
        if field in setting.config:
            key = repr(setting.config[field])
            if peak > best.get(key, (-math.inf, {}))[0]:
                best[key] = peak, setting.config
    config = settled.draft.layers[index].config
    same = {
        value
        for value, (_, setting) in best.items()
        if value != chosen and mine is not None and _effect({**config, **setting}, shapes) == mine
    }
    return {value: peak for value, (peak, _) in best.items()}, same


def _operands(settled: Settled, index: int) -> tuple[int | None, ...]:
    """Sizes of the layer's first operand in its first call, channels excepted."""
    operands = settled.draft.layers[index].operands
    return tuple(settled.shapes[operands[0][0]][:-1]) if operands and operands[0] else ()


def _effect(config: Mapping[str, Any], sizes: tuple[int | None, ...]) -> object:
    """What a window does to maps of these sizes; None where the config is not a window's."""
    window = config.get("kernel_size", config.get("pool_size"))
    if window is None or "padding" not in config or config.get("_transposed"):
        return None
    strides = config.get("strides") or config.get("pool_size") or 1
    if not isinstance(window, int):
        sizes = sizes[-len(window) :]  # a ConvLSTM has time in front
    return borders(sizes, window, strides, config.get("dilation_rate", 1), config["padding"])


def _same_activations(near: Neighbourhood, index: int, decision: Decision) -> set[str]:
    """``relu`` and ``linear`` are one where a relu follows everywhere."""
    values = {decision.value, *(option.value for option in decision.alternatives)}
    consumers = near.consumers[index]
    if not {"relu", "linear"} <= values or not consumers or any(item == index for item, _ in near.draft.outputs):
        return set()
    if not all(_activates(near, item) in IDEMPOTENT for item in consumers):
        return set()
    return {repr(value) for value in ("relu", "linear")} if decision.value in ("relu", "linear") else set()


def _activates(near: Neighbourhood, index: int) -> str | None:
    """The activation that a layer without weights applies, where it is clear."""
    layer = near.draft.layers[index]
    if layer.class_name == "ReLU":
        return "relu"
    belief = activation(near, index) if layer.class_name == "Activation" else None
    return belief.best if belief is not None and belief.shares[belief.best] >= CLEAR else None


CLEAR = 0.9
"""Share of an activation that counts as clear."""


def _same_classes(near: Neighbourhood, index: int, decision: Decision) -> set[str]:
    """``ReLU`` is ``Activation("relu")``: a name that leaves these two leaves nothing open."""
    if decision.value == "ReLU":
        return {repr("Activation")}
    if decision.value == "Activation" and _activates(near, index) == "relu":
        return {repr("ReLU")}
    return set()
