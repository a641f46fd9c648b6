"""Shapes behind the operators that references have in functional code (``keras.ops``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from infer_convert.layers.card import Card, Config, Shape
from infer_convert.layers.merging import broadcast
from infer_convert.solve.items import Variant

LISTS = ("stack", "concatenate")
"""Functions of any number of tensors."""
PICTURED = ("getitem", "stack", "pad", "flip", "add", "subtract", "multiply", "divide")
"""Functions that stand between an input and the layer that tells its shape: channels turned and centred, borders."""


def operated(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    """The shape behind an Operation, None where it does not suit; functions that are not known here broadcast."""
    shape = _SHAPES.get(str(config.get("function")))
    return broadcast(shapes) if shape is None else shape(config.get("arguments", {}), shapes)


OPERATION = Card(
    "Operation",
    flow=lambda config: (Variant(label="Operation", operands=(1, 64), broadcasts=True),),
    shape=operated,
)
"""An operator in functional code."""


def _axis(value: int, rank: int) -> int:
    """An axis that counts the batch as a place in a shape without it; ``rank`` has the batch in it."""
    return (value + rank if value < 0 else value) - 1


def _taken(arguments: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Shape | None:
    key, sizes = list(arguments["key"]), (None, *shapes[0])
    if "..." in key:
        place = key.index("...")
        key[place : place + 1] = [None] * (len(sizes) - len(key) + 1)
    if len(key) > len(sizes):
        return None
    found: list[int | None] = []
    for size, part in zip(sizes, [*key, *[None] * (len(sizes) - len(key))], strict=True):
        if isinstance(part, int):
            continue
        known = size is not None and isinstance(part, Sequence)
        found.append(len(range(size)[slice(*part)]) if known and size is not None and part is not None else size)
    return tuple(found[1:])


def _to_space(arguments: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Shape | None:
    *sizes, channels = shapes[0]
    block = int(arguments["block_size"])
    if channels is None or channels % block**2:
        return None
    return (*(None if size is None else size * block for size in sizes), channels // block**2)


def _to_depth(arguments: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Shape | None:
    *sizes, channels = shapes[0]
    block = int(arguments["block_size"])
    if channels is None or any(size is not None and size % block for size in sizes):
        return None
    return (*(None if size is None else size // block for size in sizes), channels * block**2)


def _padded(arguments: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Shape | None:
    widths = arguments["pad_width"][1:]
    if len(widths) != len(shapes[0]):
        return None
    return tuple(None if size is None else size + sum(width) for size, width in zip(shapes[0], widths, strict=True))


def _repeated(arguments: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Shape | None:
    found = list(shapes[0])
    place = _axis(int(arguments["axis"]), len(found) + 1)
    size = found[place]
    found[place] = None if size is None else size * int(arguments["repeats"])
    return tuple(found)


def _reduced(arguments: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Shape | None:
    axis, shape = arguments.get("axis"), shapes[0]
    if axis is None:
        return None
    gone = {_axis(item, len(shape) + 1) for item in ([axis] if isinstance(axis, int) else axis)}
    kept = bool(arguments.get("keepdims"))
    return tuple(1 if place in gone else size for place, size in enumerate(shape) if kept or place not in gone)


def _expanded(arguments: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Shape | None:
    found = list(shapes[0])
    found.insert(_axis(int(arguments["axis"]), len(found) + 2), 1)
    return tuple(found)


def _reshaped(arguments: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Shape | None:
    wanted = [int(size) for size in arguments["newshape"][1:]]
    if -1 not in wanted:
        return tuple(wanted)
    known = [size for size in shapes[0] if size is not None]
    whole, part = prod(known), prod(size for size in wanted if size != -1)
    rest = whole // part if len(known) == len(shapes[0]) and part and whole % part == 0 else None
    return tuple(rest if size == -1 else size for size in wanted)


def _stacked(arguments: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Shape | None:
    shape = broadcast(shapes)
    if shape is None:
        return None
    found = list(shape)
    found.insert(_axis(int(arguments.get("axis", 0)), len(found) + 2), len(shapes))
    return tuple(found)


_SHAPES: Mapping[str, Callable[[Mapping[str, Any], tuple[Shape, ...]], Shape | None]] = {
    "getitem": _taken,
    "depth_to_space": _to_space,
    "space_to_depth": _to_depth,
    "pad": _padded,
    "repeat": _repeated,
    **dict.fromkeys(("mean", "max", "min", "sum", "var", "std", "prod"), _reduced),
    "expand_dims": _expanded,
    "reshape": _reshaped,
    "stack": _stacked,
}
