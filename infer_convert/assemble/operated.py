"""Shapes behind the operators that references have in functional code (``keras.ops``).

Shapes are without the batch axis; ``None`` is a length that is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from infer_convert.layers.arithmetic import windows
from infer_convert.layers.card import Card, Config, Shape
from infer_convert.layers.merging import broadcast
from infer_convert.solve.items import Variant

Arguments = Mapping[str, Any]
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


def _taken(arguments: Arguments, shapes: tuple[Shape, ...]) -> Shape | None:
    (shape,) = shapes
    key = list(arguments.get("key", ()))
    if "..." in key:
        place = key.index("...")
        key[place : place + 1] = [None] * (len(shape) + 2 - len(key))
    if len(key) > len(shape) + 1 or not key or key[0] is not None:
        return None
    found: list[int | None] = []
    for part, length in zip([*key[1:], *[None] * (len(shape) + 1 - len(key))], shape, strict=True):
        if isinstance(part, int):
            if length is not None and not -length <= part < length:
                return None
        elif part is None or length is None:
            found.append(length if part is None else _cut(part))
        else:
            found.append(len(range(*slice(*part).indices(length))))
            if not found[-1]:
                return None
    return tuple(found)


def _cut(part: Sequence[int | None]) -> int | None:
    """The length of a slice of an axis whose length is not known, where its ends say it."""
    start, stop, step = [*part, None, None][:3]
    plain = stop is not None and stop >= 0 and (start or 0) >= 0 and step in (None, 1)
    return stop - (start or 0) if plain and stop is not None else None


def _to_space(arguments: Arguments, shapes: tuple[Shape, ...]) -> Shape | None:
    *sizes, channels = shapes[0]
    block = int(arguments["block_size"])
    if channels is None or channels % block**2:
        return None
    return (*(None if size is None else size * block for size in sizes), channels // block**2)


def _to_depth(arguments: Arguments, shapes: tuple[Shape, ...]) -> Shape | None:
    *sizes, channels = shapes[0]
    block = int(arguments["block_size"])
    if channels is None or any(size is not None and size % block for size in sizes):
        return None
    return (*(None if size is None else size // block for size in sizes), channels * block**2)


def _padded(arguments: Arguments, shapes: tuple[Shape, ...]) -> Shape | None:
    widths = arguments["pad_width"][1:]
    if len(widths) != len(shapes[0]):
        return None
    return tuple(None if size is None else size + sum(width) for size, width in zip(shapes[0], widths, strict=True))


def _repeated(arguments: Arguments, shapes: tuple[Shape, ...]) -> Shape | None:
    found = list(shapes[0])
    place = _axis(int(arguments["axis"]), len(found) + 1)
    size = found[place]
    found[place] = None if size is None else size * int(arguments["repeats"])
    return tuple(found)


def _reduced(arguments: Arguments, shapes: tuple[Shape, ...]) -> Shape | None:
    (shape,) = shapes
    axis = arguments.get("axis")
    if axis is None:
        return None
    axes = {item % (len(shape) + 1) for item in (axis if isinstance(axis, Sequence) else (axis,))}
    if 0 in axes:
        return None
    if arguments.get("keepdims"):
        return tuple(1 if place in axes else length for place, length in enumerate(shape, 1))
    return tuple(length for place, length in enumerate(shape, 1) if place not in axes)


def _expanded(arguments: Arguments, shapes: tuple[Shape, ...]) -> Shape | None:
    found = list(shapes[0])
    found.insert(_axis(int(arguments["axis"]), len(found) + 2), 1)
    return tuple(found)


def _reshaped(arguments: Arguments, shapes: tuple[Shape, ...]) -> Shape | None:
    wanted = [int(size) for size in arguments["newshape"][1:]]
    if -1 not in wanted:
        return tuple(wanted)
    known = [size for size in shapes[0] if size is not None]
    whole, part = prod(known), prod(size for size in wanted if size != -1)
    rest = whole // part if len(known) == len(shapes[0]) and part and whole % part == 0 else None
    return tuple(rest if size == -1 else size for size in wanted)


def _stacked(arguments: Arguments, shapes: tuple[Shape, ...]) -> Shape | None:
    shape = broadcast(shapes)
    if shape is None:
        return None
    found = list(shape)
    found.insert(_axis(int(arguments.get("axis", 0)), len(found) + 2), len(shapes))
    return tuple(found)


def _turned(arguments: Arguments, shapes: tuple[Shape, ...]) -> Shape | None:
    (shape,) = shapes
    axes = list(arguments.get("axes") or ())
    if sorted(axes) != list(range(len(shape) + 1)) or axes[0]:
        return None
    return tuple(shape[axis - 1] for axis in axes[1:])


def _side_by_side(arguments: Arguments, shapes: tuple[Shape, ...]) -> Shape | None:
    rank = len(shapes[0])
    axis = arguments.get("axis", 0) % (rank + 1)
    if not axis or any(len(shape) != rank for shape in shapes):
        return None
    rest = broadcast(tuple((*shape[: axis - 1], 1, *shape[axis:]) for shape in shapes))
    if rest is None:
        return None
    lengths = [shape[axis - 1] for shape in shapes]
    total = None if None in lengths else sum(length for length in lengths if length is not None)
    return (*rest[: axis - 1], total, *rest[axis:])


def _pooled(arguments: Arguments, shapes: tuple[Shape, ...]) -> Shape | None:
    *sizes, channels = shapes[0]
    if arguments.get("data_format") == "channels_first":
        return None
    pool = arguments.get("pool_size", 2)
    out = windows(sizes, pool, arguments.get("strides") or pool, 1, arguments.get("padding", "valid"))
    return None if out is None else (*out, channels)


_SHAPES: Mapping[str, Callable[[Arguments, tuple[Shape, ...]], Shape | None]] = {
    "getitem": _taken,
    "depth_to_space": _to_space,
    "space_to_depth": _to_depth,
    "pad": _padded,
    "repeat": _repeated,
    **dict.fromkeys(("mean", "max", "min", "sum", "var", "std", "prod"), _reduced),
    "expand_dims": _expanded,
    "reshape": _reshaped,
    "stack": _stacked,
    "transpose": _turned,
    "concatenate": _side_by_side,
    "average_pool": _pooled,
    "max_pool": _pooled,
}
