"""One known architecture: layers in the order of ``model.layers``, with what the matcher compares."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class KnownUse:
    """One variable: its shape, the shapes of the stored tensors and the transforms that make it from them."""

    variable: str
    shape: tuple[int, ...]
    sources: Shapes
    transforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownLayer:
    """A layer of a reference. ``operands`` are (layer index, call) per call; ``listed`` is False for operators, which
    no file lists. ``name`` is empty where it says nothing. ``inner`` and ``outputs`` belong to a nested model."""

    class_name: str
    config: Mapping[str, Any]
    uses: tuple[KnownUse, ...] = ()
    operands: tuple[tuple[tuple[int, int], ...], ...] = ()
    listed: bool = True
    name: str = ""
    inner: tuple[KnownLayer, ...] = ()
    outputs: tuple[int, ...] = ()

    def shapes(self) -> Shapes:
        """Shapes of the variables (of the stored tensors, where a transform is between), sorted; inner layers' too.
        Counters, which have no axes, are left out."""
        found = [shape for use in self.uses for shape in (use.sources if use.transforms else (use.shape,)) if shape]
        for layer in self.inner:
            found.extend(layer.shapes())
        return tuple(sorted(found))


def coarse(shapes: Shapes) -> tuple[Any, ...]:
    """What stays when widths change: rank and window of every tensor.

    >>> coarse(((3, 3, 64, 128), (128,)))
    ((1,), (4, 3, 3))
    """
    return tuple(sorted((len(shape), *shape[:-2]) if len(shape) > 2 else (len(shape),) for shape in shapes))


@dataclass(frozen=True)
class Known:
    """A reference: its name and source for the report, its family for leaving it out, its ``number`` in the family."""

    name: str
    family: str
    source: str
    layers: tuple[KnownLayer, ...]
    outputs: tuple[int, ...]
    number: int = 0

    @property
    def title(self) -> str:
        """``ResNet50 (keras.applications)``."""
        return f"{self.name} ({self.source})"

    @cached_property
    def weighted(self) -> tuple[int, ...]:
        """Indices of the layers with weights."""
        return tuple(index for index, layer in enumerate(self.layers) if layer.uses or layer.shapes())

    @cached_property
    def consumers(self) -> tuple[tuple[int, ...], ...]:
        """For every layer the layers that take its result."""
        found: list[list[int]] = [[] for _ in self.layers]
        for index, layer in enumerate(self.layers):
            for producer in dict.fromkeys(item for call in layer.operands for item, _ in call):
                found[producer].append(index)
        return tuple(tuple(row) for row in found)

    def shape(self) -> str:
        """Equal for references that differ in names only."""
        return json.dumps([_plain(layer) for layer in self.layers] + [list(self.outputs)], sort_keys=True)

    def flat(self) -> Known:
        """Nested models dissolved, as a list of bare weights shows them."""
        if not any(layer.inner for layer in self.layers):
            return self
        layers: list[KnownLayer] = []
        place: dict[int, int] = {}
        for index, layer in enumerate(self.layers):
            operands = tuple(tuple((place[item], call) for item, call in inbound) for inbound in layer.operands)
            if not layer.inner:
                place[index] = len(layers)
                layers.append(_moved(layer, operands))
                continue
            within: dict[int, int] = {}
            given: dict[int, int] = {}
            for number, inner in enumerate(layer.inner):
                if inner.class_name == "InputLayer":
                    given[number] = len(given)
                    continue
                within[number] = len(layers)
                layers.append(_moved(inner, tuple(_rows(layer, inner, operands, given, within))))
            place[index] = within[layer.outputs[0]]
        outputs = tuple(place[item] for item in self.outputs)
        return Known(self.name, self.family, self.source, tuple(layers), outputs, self.number)


def _rows(
    layer: KnownLayer,
    inner: KnownLayer,
    operands: tuple[tuple[tuple[int, int], ...], ...],
    given: Mapping[int, int],
    within: Mapping[int, int],
) -> Iterator[tuple[tuple[int, int], ...]]:
    """What an inner layer takes in every call of its model: its own calls, once for each of the model's."""
    for turn, inbound in enumerate(operands):
        for row in inner.operands:
            yield tuple(
                inbound[given[item]] if item in given else (within[item], turn * len(layer.inner[item].operands) + call)
                for item, call in row
            )


def _moved(layer: KnownLayer, operands: tuple[tuple[tuple[int, int], ...], ...]) -> KnownLayer:
    return KnownLayer(layer.class_name, layer.config, layer.uses, operands, layer.listed, layer.name)


def _plain(layer: KnownLayer) -> list[Any]:
    return [
        layer.class_name,
        dict(layer.config),
        [[use.variable, use.shape, use.transforms] for use in layer.uses],
        layer.operands,
        layer.listed,
        [_plain(item) for item in layer.inner],
    ]


GRAM = 4
"""Layers with weights that make up one signature of the index."""


def grams(sequence: Sequence[Sequence[Any]]) -> Iterator[str]:
    """The signatures of a sequence of coarse shapes; shorter sequences are one signature as a whole."""
    words = [json.dumps(item, separators=(",", ":")) for item in sequence]
    for start in range(max(1, len(words) - GRAM + 1)):
        yield "|".join(words[start : start + GRAM])


@dataclass(frozen=True, slots=True)
class Signature:
    """A line of the index: where a reference stands and what its layers with weights look like. ``grams`` are the
    checksums of its coarse signatures, ``exact`` those of the very shapes."""

    family: str
    number: int
    weighted: int
    grams: frozenset[int] = field(default_factory=frozenset)
    exact: frozenset[int] = field(default_factory=frozenset)
