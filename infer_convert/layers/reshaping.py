"""Layers that only move numbers: InputLayer, Flatten, Reshape, Permute, RepeatVector."""

from __future__ import annotations

import math

from infer_convert.layers.card import Card, Config, Shape
from infer_convert.solve.items import ANY_RANKS, Variant


def _input_flow(config: Config) -> tuple[Variant, ...]:
    return (
        Variant(label="Input", operands=(0, 0), ranks=frozenset((0, rank) for rank in range(1, 6)), channels="any"),
    )


def _flatten_flow(config: Config) -> tuple[Variant, ...]:
    return (
        Variant(label="Flatten", ranks=frozenset((rank, 2) for rank in range(2, 6)), channels="multiple", scale=None),
    )


def _flatten_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    (shape,) = shapes
    return (None,) if None in shape else (math.prod(length for length in shape if length is not None),)


def _reshape_flow(config: Config) -> tuple[Variant, ...]:
    return (Variant(label="Reshape", ranks=ANY_RANKS, channels="any", scale=None),)


def _reshape_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    (shape,) = shapes
    target = config.get("target_shape")
    if target is None:
        return shape
    if None in shape:
        return tuple(None if length == -1 else length for length in target)
    total = math.prod(length for length in shape if length is not None)
    known = math.prod(length for length in target if length != -1)
    if -1 in target:
        fits = known > 0 and total % known == 0
        return tuple(total // known if length == -1 else length for length in target) if fits else None
    return tuple(target) if total == known else None


def _permute_flow(config: Config) -> tuple[Variant, ...]:
    return (Variant(label="Permute", channels="any", scale=None),)


def _permute_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    (shape,) = shapes
    dims = config.get("dims") or list(range(len(shape), 0, -1))
    return tuple(shape[dim - 1] for dim in dims) if len(dims) == len(shape) else None


def _permute_choices(config: Config) -> tuple[Config, ...]:
    return ({"dims": [2, 1]}, {"dims": [3, 1, 2]}, {"dims": [2, 3, 1]}, {"dims": [2, 1, 3]})


def _repeat_flow(config: Config) -> tuple[Variant, ...]:
    return (Variant(label="RepeatVector", ranks=frozenset({(2, 3)}), scale=None),)


def _repeat_choices(config: Config) -> tuple[Config, ...]:
    return (
        ({},)
        if "n" in config
        else tuple({"n": count} for count in (10, 20, 30, 50, 100, 5, 8, 12, 15, 16, 24, 28, 32, 40, 60, 64, 128))
    )


def _repeat_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    return (config.get("n"), *shapes[0]) if len(shapes[0]) == 1 else None


INPUT = Card(
    "InputLayer",
    stems=("input",),
    words=(
        *(("input", 4.0), ("inputs", 4.0), ("inp", 4.0), ("in", 1.5), ("image", 1.5), ("data", 1.5)),
        *(("state", 1.5), ("action", 1.5), ("observation", 2.5), ("obs", 2.5)),  # what agents and their critics read
    ),
    flow=_input_flow,
)

CARDS = (
    INPUT,
    Card(
        "Flatten", words=(("flatten", 5.0), ("flat", 4.5), ("flattened", 5.0)), flow=_flatten_flow, shape=_flatten_shape
    ),
    Card("Reshape", words=(("reshape", 5.0), ("resh", 3.0)), flow=_reshape_flow, shape=_reshape_shape),
    Card(
        "Permute",
        words=(("permute", 5.0), ("transpose", 1.0)),
        flow=_permute_flow,
        shape=_permute_shape,
        choices=_permute_choices,
    ),
    Card(
        "RepeatVector",
        words=(("repeat", 4.0), ("repeated", 3.0)),
        flow=_repeat_flow,
        shape=_repeat_shape,
        choices=_repeat_choices,
    ),
)
