"""Inputs for a model and its outputs with and without the output activations; works on both libraries' models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
OPEN_SIZE = 12
"""What an open dimension becomes in a probe."""


def leaves(model: Any) -> Iterator[Any]:
    """Every layer of a model and of the models nested in it, in list order."""
    for layer in model.layers:
        if isinstance(getattr(layer, "layers", None), list):
            yield from leaves(layer)
        else:
            yield layer


def class_of(layer: Any) -> str:
    """The class name."""
    return type(layer).__name__


def shapes(model: Any) -> list[tuple[int | None, ...]]:
    """Shape of every input without the batch axis."""
    return [tuple(tensor.shape)[1:] for tensor in model.inputs]


def random_inputs(model: Any, seed: int, batch: int = 4) -> list[Array]:
    """One array per input: tokens for integer inputs, 0..1 for images, normal numbers for the rest."""
    rng = np.random.default_rng(seed)
    words = min((layer.input_dim for layer in leaves(model) if class_of(layer) == "Embedding"), default=10)
    scaled = any(class_of(layer) == "Rescaling" for layer in leaves(model))
    found = []
    for tensor in model.inputs:
        shape = (batch, *(OPEN_SIZE if size is None else int(size) for size in tensor.shape[1:]))
        if "int" in str(getattr(tensor.dtype, "name", tensor.dtype)):
            found.append(rng.integers(0, words, shape).astype("int32"))
        elif len(shape) >= 4:
            found.append((rng.random(shape) * (255 if scaled else 1)).astype("float32"))
        else:
            found.append(rng.normal(size=shape).astype("float32"))
    return found


def outputs(model: Any, arrays: list[Array]) -> list[Array]:
    """The model's outputs, computed eagerly and without training behaviour."""
    result = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    return [np.asarray(item, dtype="float32") for item in (result if isinstance(result, list | tuple) else [result])]


def logits(model: Any, arrays: list[Array]) -> list[Array]:
    """The outputs with every output activation taken off: an ``activation=`` argument or a last activation layer."""
    changed = []
    try:
        for layer in _last(model):
            changed.append((layer, layer.activation))
            layer.activation = _same
        return outputs(model, arrays)
    finally:
        for layer, activation in changed:
            layer.activation = activation


def _same(value: Any, *args: Any, **kwargs: Any) -> Any:
    return value


def _last(model: Any) -> Iterator[Any]:
    """The layers that own an output activation; passes over reshapes and dropout."""
    for tensor in model.outputs:
        layer = tensor._keras_history[0]
        for _ in range(4):
            while isinstance(getattr(layer, "layers", None), list) and hasattr(layer, "outputs"):
                layer = layer.outputs[0]._keras_history[0]
            if class_of(layer) == "TimeDistributed":
                layer = layer.layer
            if class_of(layer) in ("Softmax", "ReLU"):
                break
            if callable(getattr(layer, "activation", None)) and not hasattr(layer, "return_sequences"):
                yield layer
                break
            if class_of(layer) not in ("Reshape", "Flatten", "Dropout", "Permute"):
                break
            layer = layer.input._keras_history[0]


def agree(expected: list[Array], found: list[Array], tolerance: float = 1e-3) -> bool:
    """Same shapes and a largest error below ``tolerance`` standard deviations of the expected output."""
    if len(expected) != len(found) or any(a.shape != b.shape for a, b in zip(expected, found, strict=True)):
        return False
    for a, b in zip(expected, found, strict=True):
        if not np.isfinite(a).all() or not np.isfinite(b).all():
            return False
        if np.abs(a - b).max(initial=0.0) > tolerance * max(float(a.std()), 1e-6):
            return False
    return True
