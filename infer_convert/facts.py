"""What a weight file says, and nothing else.

Facts are frozen, carry their HDF5 addresses and can be written to JSON and read back (``WeightFile.to_json`` /
``from_json``): a 100 MB file is about 45 kB of facts. No conclusion lives here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Generation = Literal["keras0", "keras1", "keras2", "keras3", "flat"]
"""Which writer family laid the file out (glossary: *generation*)."""

Order = Literal["stored", "recovered", "lost"]
"""``stored``: listed by an attribute; ``recovered``: read from the local heap; ``lost``: neither."""


METRIC_STATE = "the state of a metric, not of a layer"
"""Why the sums that a compiled model's metrics keep are unread: like an optimizer's slots they are no weights."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A dataset of the file: a handle, not its numbers.

    ``path`` is the absolute HDF5 path. ``role`` is the tensor's name relative to its layer, with the layer's own
    name and a trailing ``:0`` removed: ``kernel``, ``forward_lstm/lstm_cell/kernel``, ``query/kernel``,
    ``conv2d_3/kernel`` (a nested model in a legacy file). Where the file only numbers its tensors the role is
    positional: ``0``, ``cell/1``, ``query_dense/0``. Keras 1 suffixes are in Keras 2 words: ``W`` -> ``kernel``,
    ``b`` -> ``bias``, ``U`` -> ``recurrent_kernel``, ``W_i`` -> ``kernel_i``, ``running_mean`` -> ``moving_mean``,
    ``running_std`` -> ``moving_variance``, ``alphas`` -> ``alpha``; the original stays in ``name``.
    ``dtype`` is numpy's name, or ``bfloat16``.
    """

    path: str
    name: str
    role: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of its numbers in memory."""
        bits = self.dtype[len(self.dtype.rstrip("0123456789")) :]
        return self.size * (int(bits) // 8 if bits else 1)


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """A layer entry as the file has it.

    ``name`` is the Keras layer name when the file knows it, else the group's key. ``path`` is the HDF5 group.
    ``stem`` is the snake-case class that a Keras 3 group key spells (``conv2d`` for ``conv2d_4``), else None;
    ``key`` is that whole key. ``children`` are the layers of a nested model where the file lists them (Keras 3 trees),
    in file order; their tensors are not repeated in ``tensors``.
    """

    name: str
    path: str
    tensors: tuple[Tensor, ...] = ()
    stem: str | None = None
    key: str | None = None
    children: tuple[StoredLayer, ...] = ()

    def all_tensors(self) -> Iterator[Tensor]:
        """Own tensors, then those of the children, depth first."""
        yield from self.tensors
        for child in self.children:
            yield from child.all_tensors()


@dataclass(frozen=True, slots=True)
class WeightFile:
    """Everything one input file says about its layers.

    ``layers`` stand in the order of ``model.layers`` as far as ``order`` tells. ``lists_weightless`` is True when
    layers without weights are listed too (legacy and Keras 3 files do, flat dumps and Keras 0 names do not);
    ``names_are_real`` is False where layer names are only group keys or numbers.
    ``model_config`` and ``training_config`` are parsed JSON, never executed. ``optimizer`` are the optimizer's slots
    in file order. ``vocabularies`` are the words of adapted lookup layers in an archive, each with the layer's group.
    ``unread`` are datasets that no reader could place, each with the reason.
    """

    file: str
    bytes: int
    generation: Generation
    layout: str
    kind: Literal["weights-only", "full"]
    order: Order
    layers: tuple[StoredLayer, ...]
    lists_weightless: bool = True
    names_are_real: bool = True
    keras_version: str | None = None
    backend: str | None = None
    sha256: str | None = None
    model_name: str | None = None
    model_config: Mapping[str, Any] | None = None
    training_config: Mapping[str, Any] | None = None
    optimizer: tuple[Tensor, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    vocabularies: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def all_tensors(self) -> Iterator[Tensor]:
        """Every weight tensor, in layer order."""
        for layer in self.layers:
            yield from layer.all_tensors()

    def to_json(self) -> dict[str, Any]:
        """A JSON-able copy; ``from_json`` reverses it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> WeightFile:
        """Rebuild frozen facts from ``to_json``'s result (also after a trip through ``json``)."""
        fields = dict(data)
        fields["layers"] = tuple(_layer(item) for item in data["layers"])
        fields["optimizer"] = tuple(_tensor(item) for item in data.get("optimizer", ()))
        fields["unread"] = tuple((path, reason) for path, reason in data.get("unread", ()))
        fields["vocabularies"] = tuple((place, tuple(words)) for place, words in data.get("vocabularies", ()))
        fields["warnings"] = tuple(data.get("warnings", ()))
        return cls(**fields)


def _tensor(data: Mapping[str, Any]) -> Tensor:
    return Tensor(**{**data, "shape": tuple(data["shape"])})


def _layer(data: Mapping[str, Any]) -> StoredLayer:
    return StoredLayer(
        **{
            **data,
            "tensors": tuple(_tensor(item) for item in data["tensors"]),
            "children": tuple(_layer(item) for item in data["children"]),
        }
    )
