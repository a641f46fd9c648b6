"""Pooling over windows and over everything."""

from __future__ import annotations

import math
from collections.abc import Callable

from infer_convert.layers.across import across, is_across
from infer_convert.layers.arithmetic import windows
from infer_convert.layers.card import RARE, Card, Config, Shape
from infer_convert.solve.items import Channels, Variant


def _flow(rank: int) -> Callable[[Config], tuple[Variant, ...]]:
    def flow(config: Config) -> tuple[Variant, ...]:
        channels: Channels = "halved" if is_across(config) else "same"
        return (Variant(label="Pool", ranks=frozenset({(rank + 2, rank + 2)}), channels=channels, scale=-1),)

    return flow


WHOLE = "whole"
"""A window as large as the map, until the map's size is known (``sized``)."""


def _shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    *sizes, channels = shapes[0]
    pool = config.get("pool_size", 2)
    if pool == WHOLE:
        return None if None in sizes or math.prod(map(int, filter(None, sizes))) < 2 else (*(1,) * len(sizes), channels)
    if not isinstance(pool, int) and len(pool) != len(sizes):
        return None
    strides = config.get("strides") or pool
    out = windows(sizes, pool, strides, 1, config.get("padding", "valid"))
    return None if out is None else (*out, channels)


def sized(config: Config, shape: Shape) -> Config:
    """The config with the size of its window, for an operand of this shape (without the batch axis)."""
    sizes = [int(size or 1) for size in shape[:-1]]
    return {key: list(sizes) if value == WHOLE else value for key, value in config.items()}


def _choices(rank: int) -> Callable[[Config], tuple[Config, ...]]:
    options = [
        (2, 2, "valid"),
        (2, 2, "same"),
        (3, 2, "same"),
        (3, 2, "valid"),
        (3, 3, "valid"),
        (3, 1, "same"),
        (2, 1, "same"),
        (4, 4, "valid"),
        (2, 1, "valid"),
        (5, 5, "valid"),
        (8, 8, "valid"),
        (7, 7, "valid"),
        (3, 3, "same"),
        (4, 4, "same"),
        (6, 6, "valid"),
        (5, 2, "same"),
        (5, 1, "same"),
        (5, 3, "valid"),
        (5, 5, "same"),
        (1, 2, "valid"),
    ]

    def choices(config: Config) -> tuple[Config, ...]:
        if is_across(config):
            return tuple({"pool_size": [2, 2], "strides": [2, 2], "padding": padding} for padding in ("valid", "same"))
        usual: tuple[Config, ...] = tuple(
            {"pool_size": [pool] * rank, "strides": [stride] * rank, "padding": padding}
            for pool, stride, padding in options
        )
        if rank == 3:
            usual = (*usual, *_still())
        return (*usual, *_oblong(rank)) if config.get(RARE) else usual

    return choices


def _still() -> tuple[Config, ...]:
    """Windows over one frame: the first pool of a video net leaves time alone (C3D, Tran et al. 2015)."""
    return tuple(
        {"pool_size": [1, pool, pool], "strides": [1, stride, stride], "padding": padding}
        for pool, stride, padding in ((2, 2, "valid"), (2, 2, "same"), (3, 2, "same"), (3, 2, "valid"))
    )


LONGEST = 40
"""The longest window that is tried along one axis."""


def _oblong(rank: int) -> tuple[Config, ...]:
    """Windows along one axis, and small ones with sides of their own (spectrograms, signals of several channels)."""
    long = range(9 if rank == 1 else 2, LONGEST + 1)
    if rank == 1:
        sides: list[tuple[int, ...]] = [(side,) for side in long]
    elif rank == 2:
        sides = [side for count in long for side in ((1, count), (count, 1))]
        sides += [(a, b) for a in range(2, 7) for b in range(2, 7) if a != b]
    else:
        sides = [(1, 3, 3), (1, 4, 4), (2, 1, 1), (2, 2, 1)]
    return tuple({"pool_size": list(side), "strides": list(side), "padding": "valid"} for side in sides)


def _global_flow(rank: int) -> Callable[[Config], tuple[Variant, ...]]:
    def flow(config: Config) -> tuple[Variant, ...]:
        kept = rank + 2 if config.get("keepdims") else 2
        ranks = {(rank + 2, kept)} if "keepdims" in config else {(rank + 2, 2), (rank + 2, rank + 2)}
        return (Variant(label="GlobalPool", ranks=frozenset(ranks), scale=None),)

    return flow


def _global_shape(rank: int) -> Callable[[Config, tuple[Shape, ...]], Shape | None]:
    def shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
        if len(shapes[0]) != rank + 1:
            return None
        return (*(1,) * rank, shapes[0][-1]) if config.get("keepdims") else (shapes[0][-1],)

    return shape


def _global_choices(config: Config) -> tuple[Config, ...]:
    return ({},) if "keepdims" in config else ({"keepdims": False}, {"keepdims": True})


ENDS_AN_ENCODER = (("encoder", 0.5), ("encoded", 0.5))
"""Convolutional autoencoders written after https://blog.keras.io/building-autoencoders-in-keras.html end their first
half in a pool of the image and call it so, to find it again."""


def _window(kind: str, rank: int, *words: tuple[str, float]) -> Card:
    usual = 3.0 if kind == "Max" else 1.1
    ends = ENDS_AN_ENCODER if kind == "Max" and rank > 1 else ()
    return Card(
        f"{kind}Pooling{rank}D",
        words=(("pool", usual), ("pooling", usual), *ends, *words),
        flow=_flow(rank),
        shape=across(_shape) if rank == 2 else _shape,
        choices=_choices(rank),
    )


def _global(kind: str, rank: int, *words: tuple[str, float]) -> Card:
    """Text nets mostly take the maximum, image nets the mean."""
    usual = 2.0 if kind == ("Max" if rank == 1 else "Average") else 1.0
    return Card(
        f"Global{kind}Pooling{rank}D",
        words=(("global", 4.0), ("pool", usual), ("pooling", usual), *words),
        flow=_global_flow(rank),
        shape=_global_shape(rank),
        choices=_global_choices,
    )


MAX = (("max", 3.0), ("maxpool", 4.0), ("maxpooling", 4.0), ("mp", 2.0))
AVERAGE = (("avg", 3.0), ("average", 3.0), ("avgpool", 4.0), ("avgpooling", 4.0), ("ap", 1.0), ("mean", 1.0))

CARDS = (
    *(_window("Max", rank, *MAX) for rank in (1, 2, 3)),
    *(_window("Average", rank, *AVERAGE) for rank in (1, 2, 3)),
    *(_global("Average", rank, ("avg", 3.0), ("average", 3.0), ("gap", 5.0), ("squeeze", 3.0)) for rank in (1, 2, 3)),
    *(_global("Max", rank, ("max", 2.0), ("gmp", 5.0)) for rank in (1, 2, 3)),
)
