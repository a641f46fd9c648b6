"""What shape an operator's result has: those that keep the broadcast shape of their operands, and those that do not.

Shapes are without the batch axis; ``None`` is a length that is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from infer_convert.layers.card import Config, Shape
from infer_convert.layers.merging import broadcast

Arguments = Mapping[str, Any]


def operated(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    """The shape that ``keras.ops.<function>`` gives; None where the operands do not suit."""
    rule = _RULES.get(str(config.get("function")))
    return broadcast(shapes) if rule is None else rule(config.get("arguments") or {}, shapes)


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
    start, stop, step = (*part, *[None] * (3 - len(part)))
    plain = stop is not None and stop >= 0 and (start or 0) >= 0 and step in (None, 1)
    return stop - (start or 0) if plain and stop is not None else None


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
    (shape,) = shapes
    if arguments.get("data_format") == "channels_first":
        return None
    count = len(shape) - 1
    window = _each(arguments.get("pool_size"), count)
    strides = window if arguments.get("strides") is None else _each(arguments["strides"], count)
    padded = arguments.get("padding") == "same"
    found: list[int | None] = []
    for length, size, step in zip(shape, window, strides, strict=False):
        found.append(None if length is None else -(-length // step) if padded else (length - size) // step + 1)
    return None if any(length is not None and length < 1 for length in found) else (*found, shape[-1])


def _each(value: Any, count: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, Sequence) else (value,) * count


_RULES: Mapping[str, Callable[[Arguments, tuple[Shape, ...]], Shape | None]] = {
    "getitem": _taken,
    "transpose": _turned,
    "concatenate": _side_by_side,
    "average_pool": _pooled,
    "max_pool": _pooled,
    **dict.fromkeys(("mean", "sum", "max", "min", "prod", "std", "var"), _reduced),
}
