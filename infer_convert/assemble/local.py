"""Locally connected layers, which Keras 3 no longer has, told by their tensors: an own kernel for every place.

Keras 2.2.4 ``layers/local.py``, implementation 1: kernel (places, window · in, filters) and bias (rows, columns,
filters) or (places, filters). No other layer has a bias of several axes. The window is what divides the features; the
neighbours' channels say which of several, and the map that goes in says the strides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from infer_convert.assemble.composites import planned
from infer_convert.configs.context import Context
from infer_convert.configs.graph import Call, Item
from infer_convert.configs.removed import locally_connected
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints
from infer_convert.layers.card import Card, Config, Fit, Shape, layout, within
from infer_convert.layers.names import stem, words
from infer_convert.layers.recognise import Reading
from infer_convert.plan import Plan
from infer_convert.solve.items import Variant

WINDOWS = (3, 5, 2, 4, 7, 9, 11, 1, 6, 8)
"""Sides of windows, the usual ones first."""
UNUSUAL = 0.7
"""Nats for every step down that list."""
MOST_STRIDES = 4
SURE = 0.9


@dataclass(frozen=True, slots=True)
class _Local:
    """One reading of the tensors. The strides follow from the size of what goes in."""

    layer: StoredLayer
    tensors: dict[str, Tensor]
    grid: tuple[int, ...]
    window: int
    channels: int
    context: Context
    made: dict[int, Plan] = field(default_factory=dict)

    @property
    def filters(self) -> int:
        return self.tensors["kernel"].shape[-1]

    def sizes(self, stride: int) -> tuple[int, ...]:
        """The least map that gives the grid."""
        return tuple((count - 1) * stride + self.window for count in self.grid)

    def stride(self, shape: Shape) -> int | None:
        """The strides with which a map of this shape gives the grid; None where none do."""
        *sizes, channels = shape
        if len(sizes) != len(self.grid) or channels not in (None, self.channels):
            return None
        for stride in range(1, MOST_STRIDES + 1):
            pairs = zip(sizes, self.grid, strict=True)
            if all(size is None or (size - self.window) // stride + 1 == count for size, count in pairs):
                return stride
        return None

    def plan(self, number: int, operands: tuple[Shape, ...]) -> Plan:
        """The recipe for a map of this shape, as a model of its own."""
        stride = self.stride(operands[0]) or 1
        if stride not in self.made:
            rank = len(self.grid)
            config = {"kernel_size": [self.window] * rank, "strides": [stride] * rank, "activation": "relu"}
            item = Item(self.layer.name, f"LocallyConnected{rank}D", config, (Call(()),), tensors=self.tensors)
            steps = locally_connected(item, self.context)
            shapes = ", ".join(f"{tensor.role} {tensor.shape}" for tensor in self.layer.tensors)
            because = f"{shapes} are a LocallyConnected{rank}D's; its activation is taken to be relu"
            given = (*operands[0][:-1], self.channels)
            self.made[stride] = planned(self.layer.name, steps, given, False, SURE, because)
        return self.made[stride]


def local_readings(layer: StoredLayer, facts: WeightFile, hints: Hints) -> tuple[Reading, ...]:
    """The stored layer as a locally connected one, a reading per window, best first; empty when it is none."""
    roles = within({tensor.role: tensor for tensor in layer.tensors})
    tensors = None if layer.children else layout(roles, "kernel", optional=("bias",))
    if tensors is None or len(tensors["kernel"].shape) != 3:
        return ()
    places, features, filters = tensors["kernel"].shape
    grid = _grid(layer, tensors.get("bias"), places, filters)
    if grid is None:
        return ()
    context = Context(facts.generation, (2, 0), facts.backend, False, hints)
    found = []
    for rank, window in enumerate(_windows(features, len(grid))):
        made = _Local(layer, tensors, grid, window, features // window ** len(grid), context)
        shapes = ", ".join(f"{tensor.role} {tensor.shape}" for tensor in layer.tensors)
        config = {"_choice": made, "_input_shape": (*made.sizes(1), made.channels), "_channels_in": made.channels}
        because = f"{shapes} are kernels of {places} places, as LocallyConnected{len(grid)}D keeps them"
        found.append(Reading(_card(made), Fit(config), -UNUSUAL * rank, because))
    return tuple(found)


def _grid(layer: StoredLayer, bias: Tensor | None, places: int, filters: int) -> tuple[int, ...] | None:
    if bias is not None and len(bias.shape) == 3:
        return bias.shape[:2] if math.prod(bias.shape[:2]) == places and bias.shape[2] == filters else None
    named = "locallyconnected" in stem(layer.name) or {"local", "locally"} & set(words(layer.name))
    if bias is not None and bias.shape == (places, filters) and named:
        return (places,)
    return None


def _windows(features: int, rank: int) -> Iterator[int]:
    return (window for window in WINDOWS if features % window**rank == 0)


def _card(made: _Local) -> Card:
    rank = len(made.grid) + 2

    def flow(config: Config) -> tuple[Variant, ...]:
        ranks = frozenset({(rank, rank)})
        return (Variant(label="Model", ranks=ranks, channels_in=made.channels, channels_out=made.filters,
                        channels="fixed", scale=None),)  # fmt: skip

    def shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
        return None if made.stride(shapes[0]) is None else (*made.grid, made.filters)

    return Card("Functional", flow=flow, shape=shape)
