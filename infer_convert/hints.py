"""What the user already knows: hard constraints with basis USER."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Hints:
    """Pinned answers.

    ``input_shapes`` maps an input layer's name (or ``""`` for the inputs in order) to shapes without the batch axis,
    None for an unknown dimension. ``answers`` maps (layer, field) to a value: ``("conv2d_1", "strides") -> [2, 2]``,
    ``("add_3", "inbound") -> ["relu_2", "conv2d_9"]``. ``outputs`` names the model's outputs in order. ``library`` is
    False under ``--no-library``. ``data_format`` is ``keep`` or ``channels_last``, None when not given.
    """

    input_shapes: Mapping[str, tuple[tuple[int | None, ...], ...]] = field(default_factory=dict)
    answers: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    library: bool = True
    data_format: str | None = None

    def answer(self, layer: str, name: str) -> Any:
        """The pinned value of one field, or None."""
        return self.answers.get((layer, name))
