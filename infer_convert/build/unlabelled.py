"""Inputs without outputs: what they let a rebuilt model say of itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from infer_convert.build.assign import Array
from infer_convert.plan import Plan, PlanLayer

MOMENTS_NATS, LEAST_MOMENTS = 20.0, 0.01
"""Nats for a model whose moments are nearer by a factor e; differences far below the least one are rounding. The same
inputs go through every model, so that their own chance moves all distances alike."""


@dataclass(frozen=True, slots=True)
class Heard:
    """``nats`` for a model beside others of the same file; ``distance`` of its moments from the stored ones."""

    nats: float
    distance: float


def hear(model: Any, plan: Plan, arrays: list[Array], found: Sequence[Array]) -> Heard:
    """What a model says of itself by the inputs ``arrays`` and the outputs ``found`` that it gives for them."""
    distance = finite(moments(model, arrays))
    nats = -MOMENTS_NATS * math.log(distance + LEAST_MOMENTS)
    return Heard(nats + undecided(plan, found) + telling(plan, found), distance)


def finite(value: float) -> float:
    return value if np.isfinite(value) else float("inf")


def moments(model: Any, arrays: list[Array]) -> float:
    """Mean distance between the moments of what reaches each BatchNormalization and the stored ones: of the means in
    stored deviations, of the deviations as the log of their ratio, each capped at 3 so that one layer cannot outvote
    the rest. 0 for a model without BatchNormalization of its own (nested models are not looked into)."""
    import keras

    found = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not found:
        return 0.0
    fronts = keras.Model(model.inputs, [layer.input for layer in found])
    values = fronts(arrays[0] if len(arrays) == 1 else arrays, training=False)
    values = values if isinstance(values, list | tuple) else [values]
    distances = []
    for layer, value in zip(found, values, strict=True):
        axis = layer.axis if isinstance(layer.axis, int) else layer.axis[0]
        flat = np.moveaxis(np.asarray(value, dtype="float64"), axis, -1)
        flat = flat.reshape(-1, flat.shape[-1])
        mean, deviation = np.asarray(layer.moving_mean), np.sqrt(np.asarray(layer.moving_variance) + 1e-6)
        distances.append(np.minimum(np.abs(flat.mean(0) - mean) / deviation, 3).mean())
        distances.append(np.minimum(np.abs(np.log((flat.std(0) + 1e-3) / (deviation + 1e-3))), 3).mean())
    return float(np.mean(distances))


UNDECIDED = -2.0
"""Nats for a softmax or sigmoid that does not know what the examples are: on the tune split of the zoo's trained nets 2
of 22 of them were (both hardly trained), and all 17 outputs without one would have been, had they been given one."""
UNDECIDED_SOFTMAX, UNDECIDED_SIGMOID = 0.9, 0.85
"""From this part of the largest possible entropy on, and of the largest possible mean of p (1 - p)."""


def undecided(plan: Plan, found: Sequence[Array]) -> float:
    """Nats (at most 0) against the output activations of a plan by what the model gives for the examples: what is no
    score of a classifier stands in the narrow middle of a sigmoid and makes a softmax nearly even."""
    nats = 0.0
    for ref, values in zip(plan.outputs, found, strict=False):
        layer, p = plan.layer(ref.layer), np.clip(values.astype("float64"), 0, 1)
        function = "softmax" if layer.class_name == "Softmax" else layer.config.get("activation")
        if function == "sigmoid":
            even = 4 * float((p * (1 - p)).mean()) > UNDECIDED_SIGMOID
        elif function == "softmax" and p.shape[-1] > 1:
            even = float(_entropy(p).mean()) > UNDECIDED_SOFTMAX * math.log(p.shape[-1])
        else:
            continue
        nats += UNDECIDED if even else 0.0
    return nats


TELLING_NATS, LEAST_TELLING = 5.0, 0.02
"""Nats for a model whose outputs tell more of the examples apart by a factor e; differences far below the least part of
what they could tell are chance."""


def telling(plan: Plan, found: Sequence[Array]) -> float:
    """Nats for a plan by how much its classes say about the examples (their mutual information, position by position,
    as a part of the largest possible; the mean over the outputs): another function of the same weights sees them all
    alike. 0 where no output has classes. Outputs of any shape are heard, so that a plan which gives another shape is
    weighed as the rest."""
    parts = []
    for ref, values in zip(plan.outputs, found, strict=False):
        if values.ndim >= 2 and values.shape[-1] >= 2:
            scores = _scores(plan.layer(ref.layer), values.astype("float64"))
            p = np.exp(scores - scores.max(-1, keepdims=True))
            p /= p.sum(-1, keepdims=True)
            part = float(np.mean(_entropy(p.mean(0)))) - float(np.mean(_entropy(p)))
            parts.append(math.log(max(part / math.log(p.shape[-1]), 0.0) + LEAST_TELLING))
    return TELLING_NATS * math.fsum(parts) / len(parts) if parts else 0.0


def _entropy(p: Array) -> Any:
    return -(p * np.log(p + 1e-12)).sum(-1)


def _scores(layer: PlanLayer, values: Array) -> Array:
    """(examples, …, classes): the numbers in front of a softmax or sigmoid; those of other activations, which keep the
    order, as they are. Numbers that are none say nothing of any class."""
    function = "softmax" if layer.class_name == "Softmax" else layer.config.get("activation") or "linear"
    if not np.isfinite(values).all():
        return np.zeros_like(values)
    p = np.clip(values, 1e-12, 1)
    if function == "sigmoid":
        return np.asarray(np.log(p / np.maximum(1 - p, 1e-12)))
    return np.asarray(np.log(p)) if function == "softmax" else values
