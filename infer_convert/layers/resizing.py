"""Zero padding, cropping and upsampling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from infer_convert.layers.across import across, is_across
from infer_convert.layers.card import Card, Config, Shape
from infer_convert.solve.items import Variant

FILLS = "_fills"
"""Entry for a padding that may be along one axis alone, to fill it up to a size that the layer behind it takes."""
MOST_FILLED = 64
"""Zeros at either end of such an axis at most."""
Pairs = tuple[tuple[int, int], ...]


def pairs(value: Any, rank: int) -> Pairs:
    """Keras' int, flat or nested notation as (before, after) per axis."""
    if isinstance(value, int):
        return ((value, value),) * rank
    if rank == 1 and len(value) == 2 and all(isinstance(item, int) for item in value):
        return ((int(value[0]), int(value[1])),)
    return tuple((item, item) if isinstance(item, int) else (int(item[0]), int(item[1])) for item in value)


def _flow(label: str, rank: int, scale: int) -> Callable[[Config], tuple[Variant, ...]]:
    def flow(config: Config) -> tuple[Variant, ...]:
        return (Variant(label=label, ranks=frozenset({(rank + 2, rank + 2)}), scale=scale),)

    return flow


def _border_shape(field: str, sign: int, rank: int) -> Callable[[Config, tuple[Shape, ...]], Shape | None]:
    def shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
        *sizes, channels = shapes[0]
        if len(sizes) != rank:
            return None
        amounts = pairs(config.get(field, 1), rank)
        out = tuple(
            None if size is None else size + sign * (before + after)
            for size, (before, after) in zip(sizes, amounts, strict=True)
        )
        return None if any(size is not None and size < 1 for size in out) else (*out, channels)

    return shape


def _border_choices(
    field: str, rank: int, amounts: tuple[tuple[int, int], ...]
) -> Callable[[Config], tuple[Config, ...]]:
    def choices(config: Config) -> tuple[Config, ...]:
        if rank == 1:
            return tuple({field: [before, after]} for before, after in amounts)
        usual: tuple[Config, ...] = tuple({field: [[before, after]] * rank} for before, after in amounts)
        if FILLS not in config:
            return usual
        filled = [[amount, amount] for amount in range(1, MOST_FILLED + 1)]
        return (*usual, *({field: way} for amount in filled for way in ([[0, 0], amount], [amount, [0, 0]])))

    return choices


def _up_flow(rank: int) -> Callable[[Config], tuple[Variant, ...]]:
    def flow(config: Config) -> tuple[Variant, ...]:
        (variant,) = _flow("UpSampling", rank, 1)(config)
        return (replace(variant, channels="doubled") if is_across(config) else variant,)

    return flow


def _up_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    *sizes, channels = shapes[0]
    size = config.get("size", 2)
    factors = (size,) * len(sizes) if isinstance(size, int) else tuple(size)
    if len(factors) != len(sizes):
        return None
    return (
        *(None if length is None else length * factor for length, factor in zip(sizes, factors, strict=True)),
        channels,
    )


def _up_choices(rank: int) -> Callable[[Config], tuple[Config, ...]]:
    def choices(config: Config) -> tuple[Config, ...]:
        sizes = (2,) if is_across(config) else (2, 4, 3, 8, 7, 16, 5)
        return tuple({"size": size if rank == 1 else [size] * rank} for size in sizes)

    return choices


def _padding(rank: int) -> Card:
    amounts = ((1, 1), (3, 3), (2, 2), (0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2), (4, 4), (10, 10))
    return Card(
        f"ZeroPadding{rank}D",
        words=(("pad", 4.0), ("padding", 4.0), ("zeropad", 4.0), ("zero", 2.0)),
        flow=_flow("ZeroPadding", rank, 0),
        shape=_border_shape("padding", 1, rank),
        choices=_border_choices("padding", rank, amounts),
    )


def _cropping(rank: int) -> Card:
    amounts = ((1, 1), (0, 1), (1, 0), (2, 2), (4, 4), (3, 3), (0, 2), (1, 2), (8, 8), (16, 16), (5, 5), (6, 6))
    return Card(
        f"Cropping{rank}D",
        words=(("crop", 4.0), ("cropping", 4.0)),
        flow=_flow("Cropping", rank, 0),
        shape=_border_shape("cropping", -1, rank),
        choices=_border_choices("cropping", rank, amounts),
    )


def _upsampling(rank: int) -> Card:
    return Card(
        f"UpSampling{rank}D",
        words=(
            ("up", 3.0),
            ("upsample", 4.0),
            ("upsampling", 4.0),
            ("upsampled", 4.0),
            ("unpool", 3.0),
            ("unpooling", 3.0),
        ),
        flow=_up_flow(rank),
        shape=across(_up_shape) if rank == 2 else _up_shape,
        choices=_up_choices(rank),
        assumed={"interpolation": "nearest"} if rank == 2 else {},
    )


CARDS = (
    *(_padding(rank) for rank in (1, 2, 3)),
    *(_cropping(rank) for rank in (1, 2, 3)),
    *(_upsampling(rank) for rank in (1, 2, 3)),
)
