"""Put the file's numbers into the model: exactly, by the identity of the tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from infer_convert import transforms
from infer_convert.build.buffers import tensor_of
from infer_convert.build.variables import layers_of, variable_of
from infer_convert.errors import WeightMismatch
from infer_convert.plan import Plan, WeightUse

Array = NDArray[Any]


class TensorStore(Protocol):
    """The numbers of a weight file, by HDF5 path."""

    def read(self, path: str, /) -> Array:
        """The whole tensor, in memory that nobody else uses."""
        ...


@runtime_checkable
class InPieces(Protocol):
    """A store that also gives a tensor's numbers in parts."""

    def pieces(self, path: str, /) -> Iterator[Array]:
        """The tensor flat, in order, each part to be used before the next is asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Assignment:
    """``assigned``: (layer, variable, Keras path) of every variable written; ``sources``: the tensors they came from;
    ``unassigned``: Keras paths of the model's weights that got nothing (seed generators are not weights)."""

    assigned: tuple[tuple[str, str, str], ...]
    sources: tuple[str, ...]
    unassigned: tuple[str, ...]


def assign(model: Any, plan: Plan, store: TensorStore) -> Assignment:
    """Write every WeightUse of the plan into its variable, one tensor in memory at a time.

    Raises WeightMismatch (layer, variable, wanted, found) when a variable does not exist, is written twice or has
    another shape or dtype than the transformed tensor.
    """
    written: dict[int, str] = {}
    assigned: list[tuple[str, str, str]] = []
    sources: list[str] = []
    finalize: list[Any] = []
    for name, layer, use, variable in uses(model, plan):
        where = f"{name}.{use.variable}"
        if id(variable) in written:
            raise WeightMismatch(f"{where}: the same variable was already filled as {written[id(variable)]}")
        variable.assign(tensor_of(fitting(where, use, variable, store)))
        written[id(variable)] = where
        assigned.append((name, use.variable, variable.path))
        sources.extend(use.sources)
        if hasattr(layer, "finalize_state") and layer not in finalize:
            finalize.append(layer)
    for layer in finalize:
        layer.finalize_state()  # Normalization keeps a working copy of its mean and variance
    left = tuple(weight.path for weight in model.weights if id(weight) not in written)
    return Assignment(tuple(assigned), tuple(dict.fromkeys(sources)), left)


def uses(model: Any, plan: Plan) -> Iterator[tuple[str, Any, WeightUse, Any]]:
    """``(full layer name, Keras layer, use, variable)`` for every WeightUse of the plan."""
    for name, item, layer in layers_of(model, plan):
        for use in item.weights:
            yield name, layer, use, variable_of(name, layer, use.variable)


def fitting(where: str, use: WeightUse, variable: Any, store: TensorStore) -> Array:
    """The transformed tensor in native byte order, once its shape and dtype are those of the variable."""
    array = transformed(where, use, store)
    wanted = (tuple(variable.shape), str(variable.dtype))
    found = (tuple(array.shape), str(array.dtype))
    if wanted != found:
        chain = " after " + ", ".join(use.transforms) if use.transforms else ""
        raise WeightMismatch(
            f"{where}: the variable is {_shown(wanted)}, {' + '.join(use.sources)} is {_shown(found)}{chain}"
        )
    return array


def transformed(where: str, use: WeightUse, store: TensorStore) -> Array:
    """Read the sources and run the transforms; WeightMismatch when they do not suit."""
    arrays = [np.asarray(store.read(path)) for path in use.sources]
    try:
        array = np.asarray(transforms.apply(use.transforms, arrays))
    except (KeyError, ValueError, TypeError) as error:
        shapes = ", ".join(f"{path} {array.shape}" for path, array in zip(use.sources, arrays, strict=True))
        raise WeightMismatch(f"{where}: {', '.join(use.transforms) or 'a copy'} of {shapes} fails: {error}") from error
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _shown(kind: tuple[tuple[int, ...], str]) -> str:
    return f"{kind[1]} {kind[0]}"
