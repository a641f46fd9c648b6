"""The numbers of a layer's window, whatever way its config spells them."""

from __future__ import annotations

from typing import Any

from infer_convert.layers.card import Config


def kernel(config: Config) -> int:
    """The longest side of a kernel; 1 where there is none."""
    return int(max(config.get("_inner", config).get("kernel_size", (1,))))


def over_words(config: Config) -> bool:
    """Whether a kernel is as wide as an embedding and a few words long: it has one place across, and no other."""
    size = config.get("kernel_size", ())
    return len(size) == 2 and size[1] > WIDE * size[0]


WIDE = 2
"""A kernel over words is more than so many times as wide as it is long."""


def first(value: Any) -> int:
    """The first axis of an argument that is one number or one per axis."""
    return int(value) if isinstance(value, int) else int(value[0])


def border(choice: Config) -> tuple[int, int]:
    """A ZeroPadding's amounts before and after the first axis."""
    amounts = choice["padding"]
    before, after = amounts if isinstance(amounts[0], int) else amounts[0]
    return int(before), int(after)


def pool(choice: Config) -> tuple[int, int, str]:
    """Pool size, stride and padding of the first axis."""
    return first(choice["pool_size"]), first(choice["strides"]), str(choice["padding"])


def oblong(choice: Config) -> bool:
    """Whether a window or a stride differs from axis to axis."""
    sides = (choice[key] for key in ("pool_size", "strides") if key in choice)
    return any(not isinstance(value, int) and len(set(value)) > 1 for value in sides)


def one_frame(choice: Config) -> bool:
    """Whether a window over a volume leaves its first axis alone and is square in the others."""
    size = choice.get("pool_size", ())
    return not isinstance(size, int) and len(size) == 3 and size[0] == 1 and size[1] == size[2] > 1
