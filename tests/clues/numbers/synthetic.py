"""Nets whose stored numbers are what sampling gives: the truth is known because it was put there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infer_convert.draft import Draft
from infer_convert.plan import WeightUse
from tests.clues.drafts import draft

Array = NDArray[Any]
SAMPLES = 4000


class Memory:
    """A tensor store of arrays."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}

    def read(self, path: str, /) -> Array:
        return self.arrays[path]

    def use(self, layer: str, variable: str, array: Array) -> WeightUse:
        path = f"/{layer}/{variable}"
        self.arrays[path] = np.asarray(array, np.float32)
        return WeightUse(variable, (path,), self.arrays[path].shape, "float32", variable)


def uses(memory: Memory, layer: str, **arrays: Array) -> tuple[WeightUse, ...]:
    return tuple(memory.use(layer, name, array) for name, array in arrays.items())


def sampled(
    text: str, seed: int = 0, width: int = 24, inputs: int = 12, trained: bool = True
) -> tuple[Draft, Memory]:
    """A net of Dense, BatchNormalization, Activation (relu), Add and Concatenate layers with random kernels; every
    normalisation stores the moments that samples of the input give it, and has random scale and shift.

    With ``trained`` False scale and shift are those of the initialiser; the moments stay those of the data.
    """
    rng = np.random.default_rng(seed)
    memory = Memory()
    made = draft(text)
    values: list[Array] = []
    layers = []
    for layer in made.layers:
        taken = [values[index] for call in layer.operands for index, _ in call]
        if layer.class_name == "InputLayer":
            value = rng.normal(size=(SAMPLES, inputs))
        elif layer.class_name == "Dense":
            fan = taken[0].shape[1]
            kernel, bias = rng.normal(size=(fan, width)) / np.sqrt(fan), rng.normal(size=width) * 0.1
            value = taken[0] @ kernel + bias
            config = {"_channels_in": fan, "units": width, "use_bias": True}
            layer = replace(
                layer, config={**layer.config, **config}, uses=uses(memory, layer.name, kernel=kernel, bias=bias)
            )
        elif layer.class_name == "BatchNormalization":
            mean, variance = taken[0].mean(0), taken[0].var(0)
            count = len(mean)
            gamma = rng.uniform(0.5, 1.5, count) if trained else np.ones(count)
            beta = rng.normal(size=count) * 0.5 if trained else np.zeros(count)
            value = gamma * (taken[0] - mean) / np.sqrt(variance + 1e-3) + beta
            found = uses(memory, layer.name, gamma=gamma, beta=beta, moving_mean=mean, moving_variance=variance)
            layer = replace(layer, config={**layer.config, "_channels_in": count}, uses=found)
        elif layer.class_name == "Activation":
            value = np.maximum(taken[0], 0)
        elif layer.class_name == "Add":
            value = np.sum(taken, axis=0)
        else:
            assert layer.class_name == "Concatenate"
            value = np.concatenate(taken, axis=1)
        values.append(value)
        layers.append(layer)
    return Draft(tuple(layers), made.outputs), memory


def rewired(made: Draft, **operands: str) -> Draft:
    """The draft with other operands: ``add="r1 r2"``."""
    names = [layer.name for layer in made.layers]
    layers = tuple(
        replace(layer, operands=(tuple((names.index(word), 0) for word in operands[layer.name].split()),))
        if layer.name in operands
        else layer
        for layer in made.layers
    )
    return Draft(layers, made.outputs)
