"""How large the last map of a net is: classifiers shrink what they see to a few places before they give up places
altogether, and how many channels they have by then tells how large the picture was.

Counted over the last maps of the reference library's classifiers of pictures and of the benchmark's tune split, where
every net of a family of n counts 1/sqrt(n) (``python -m benchmarks count-maps``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infer_convert.draft import Neighbourhood
from infer_convert.layers.card import Shape
from infer_convert.layers.passed import SHAPE_KEEPING

SHALLOW, DEEP = 10, 20
"""Convolutions up to which this does not count, and from which on it counts in full: small nets pool large maps."""
VERY_DEEP, LARGE = 60, 128
"""Convolutions from which on a wide net is tried with large pictures alone: on the small maps that others would leave,
strides change nothing, and a search that has to be narrow ends there."""
WIDE = 512
"""Channels of the last map of a net that is a backbone without a head."""

Sides = tuple[tuple[int, float], ...]
"""Sides of a map or picture with nats."""


@dataclass(frozen=True, slots=True)
class Width:
    """Nets whose last map has at least ``channels``: nats of that map by the places along its longest side at most
    (``larger`` beyond), and sides of pictures that stand for an open size."""

    channels: int
    places: Sides
    larger: float
    pictures: Sides


_FEW_PLACES = ((2, -16.0), (3, -8.0), (4, -0.7), (12, 0.0), (16, -2.0), (32, -5.5), (64, -8.5))
WIDTHS = (
    Width(1024, _FEW_PLACES, -11.0, ((224, -0.1), (299, -2.5), (128, -3.0), (64, -5.0), (32, -5.0))),
    Width(512, _FEW_PLACES, -11.0, ((224, -0.3), (32, -2.0), (64, -3.0), (128, -3.0), (299, -3.0))),
    Width(256, _FEW_PLACES, -11.0, ((224, -0.9), (32, -0.9), (64, -2.3), (128, -2.3), (96, -3.0))),
    Width(
        0, ((2, -10.0), (3, -5.0), (4, -1.0), (16, 0.0), (32, -2.4), (64, -5.0)), -7.0,
        ((32, -0.5), (64, -1.2), (224, -3.0), (128, -3.0), (96, -3.0)),
    ),
)  # fmt: skip
"""Of nets with fewer than 128 channels in their last map 3.6 read pictures of up to 36 places a side and 2.1 of 37
to 80, and 13 to 16 places are left in 2.1, 5 to 12 in 3.2 and 4 in 0.4; of nets with 512 or more 19.6 read pictures of
more than 80 and 1.6 smaller ones, and 4 places are left in 1.4, 5 to 12 in 16.5, 13 to 16 in 2.5, 17 to 32 in 0.8 and
more in none. In none are fewer than 4: on such maps strides cost nothing and mean nothing, which the nats make up for,
too. Set by hand after these counts."""
REDUCTIONS = {5: 0.0, 4: -1.6, 6: -2.0, 3: -2.3}
OTHER_REDUCTION = -5.0
"""Nats by how often the side of a large picture that is told is halved down to the last map of a net of 512 channels
or more: 5 times in 15.3, 4 in 2.0, 6 in 1.4, 3 in 0.8, else in none; drawn nearer to even."""
GATES = ("Multiply", "UpSampling2D", "UpSampling3D", "Conv2DTranspose", "Conv3DTranspose", "Add", "Resizing")
"""What is behind a global pooling that does not end a net."""
GATED = ("Multiply", "Add")
"""Of these, what nets of one map may have all the same."""
JOINING = (*SHAPE_KEEPING, "Add", "Concatenate")

Nats = Callable[[tuple[Shape, ...]], float]


def last_map(near: Neighbourhood) -> int | None:
    """The layer that takes the last map of a net: its only global pooling over pictures or volumes, gates apart; of a
    net of many convolutions without any, the layer that gives its one output, where that is wide."""
    if "last map" not in near.notes:
        near.notes["last map"] = _last_map(near)
    kept: int | None = near.notes["last map"]
    return kept


def _last_map(near: Neighbourhood) -> int | None:
    layers = near.draft.layers
    found = [index for index, layer in enumerate(layers) if _pools_all(layer.class_name) and _ends(near, index)]
    sources = {producer for index in found for producer in near.draft.producers(index)}
    if len(sources) == 1:
        return found[0]
    outputs = {index for index, _ in near.draft.outputs}
    shaped = any(layer.class_name in (*GATES, "Flatten") and layer.class_name not in GATED for layer in layers)
    if sources or shaped or len(outputs) != 1 or _convolutions(near) < DEEP:
        return None
    (output,) = outputs
    return output if layers[output].class_name in SHAPE_KEEPING and widest(near, output) >= WIDE else None


def _pools_all(name: str) -> bool:
    return name.startswith("Global") and name.endswith(("2D", "3D"))


def _convolutions(near: Neighbourhood) -> int:
    return sum("Conv" in layer.class_name for layer in near.draft.layers)


def _ends(near: Neighbourhood, index: int) -> bool:
    seen, waiting = {index}, [index]
    while waiting:
        for behind in near.consumers[waiting.pop()]:
            if near.draft.layers[behind].class_name in GATES:
                return False
            if behind not in seen:
                seen.add(behind)
                waiting.append(behind)
    return True


def widest(near: Neighbourhood, index: int) -> int:
    """Channels of the map that a layer takes, as far as the convolutions in front and a Dense behind tell."""
    layers = near.draft.layers
    behind = [layers[item].config for item in near.after(index, SHAPE_KEEPING) if layers[item].class_name == "Dense"]
    if behind:
        return max(int(config.get("_channels_in") or 0) for config in behind)
    front = list(near.before(index, (*SHAPE_KEEPING, "Add")))
    joined = any(layers[item].class_name == "Concatenate" for item in front)
    made = [int(layers[item].config.get("filters") or 0) for item in near.before(index, JOINING)]
    return sum(made) if joined else max(made, default=0)


def favour(near: Neighbourhood, index: int, given: Mapping[str, Shape]) -> Nats | None:
    """Nats for the map that layer ``index`` takes, by the shape of its operand; None where it does not end a net.
    ``given`` are the shapes of inputs that are told."""
    if index != last_map(near) or _convolutions(near) <= SHALLOW:
        return None
    weight = min(1.0, (_convolutions(near) - SHALLOW) / (DEEP - SHALLOW))
    width = _width(near, index)
    told = max([_longest(shape) for shape in given.values() if len(shape) > 2], default=0)
    reduces = told >= LARGE and widest(near, index) >= WIDE

    def nats(operands: tuple[Shape, ...]) -> float:
        side = _longest(operands[0])
        if reduces:
            return weight * REDUCTIONS.get(round(math.log2(told / side)), OTHER_REDUCTION)
        return weight * next((value for most, value in width.places if side <= most), width.larger)

    return nats


def _longest(shape: Shape) -> int:
    return max([side for side in shape[:-1] if side is not None], default=1)


def pictures(near: Neighbourhood) -> Sides | None:
    """Sides of pictures to try where no layer depends on them, with nats; None where no map ends the net."""
    index = last_map(near)
    if index is None:
        return None
    tried = _width(near, index).pictures
    large = tuple((side, nats) for side, nats in tried if side >= LARGE)
    return large if widest(near, index) >= WIDE and _convolutions(near) >= VERY_DEEP else tried


def _width(near: Neighbourhood, index: int) -> Width:
    channels = widest(near, index)
    return next(width for width in WIDTHS if channels >= width.channels)
