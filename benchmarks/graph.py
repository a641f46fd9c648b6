"""The comparable form of an architecture: calls with ordered operands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Value:
    """Output ``tensor`` of call number ``call`` of a graph."""

    call: int
    tensor: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one layer, in canonical words (``dialects.py``).

    ``leaf`` is the layer's path through nested models, ``encoder/conv2d_1``; ``key`` identifies the layer's stored
    tensors and is None for a layer without weights. ``rank`` counts the axes of the output with the batch axis.
    """

    class_name: str
    fields: Mapping[str, Any]
    operands: tuple[Value, ...]
    leaf: str
    key: str | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as listed, before folding: what hyper-parameter scores look at."""

    leaf: str
    class_name: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """The layers of one model in list order; ``inner`` for those that are models themselves."""

    names: tuple[tuple[str, str], ...]
    inner: Mapping[str, Scope] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Graph:
    """Calls in an order in which operands come first; inputs are calls of class ``Input``."""

    calls: tuple[Call, ...]
    inputs: tuple[int, ...]
    outputs: tuple[Value, ...]
    layers: tuple[Layer, ...] = ()
    scope: Scope = field(default_factory=lambda: Scope(()))
    input_shapes: tuple[tuple[int | None, ...] | None, ...] = ()

    def layer(self, leaf: str) -> Layer | None:
        """The listed layer at ``leaf``."""
        return next((item for item in self.layers if item.leaf == leaf), None)
