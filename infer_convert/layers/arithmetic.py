"""Spatial sizes of windows, per axis. Source: Keras 3.15 ``keras/src/ops/operation_utils.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def axes(value: Any, count: int) -> tuple[int, ...]:
    """An int or a sequence as one int per spatial axis."""
    if isinstance(value, int):
        return (value,) * count
    return tuple(int(item) for item in value)


def window(size: int | None, kernel: int, stride: int, dilation: int, padding: str) -> int | None:
    """Output size of a convolution or a pool; 0 or less means that the window does not fit."""
    if size is None:
        return None
    if padding in ("same", "causal"):
        return -(-size // stride)
    return (size - dilation * (kernel - 1) - 1) // stride + 1


def transposed(size: int | None, kernel: int, stride: int, dilation: int, padding: str) -> int | None:
    """Output size of a transposed convolution without ``output_padding``."""
    if size is None:
        return None
    if padding == "same":
        return size * stride
    return size * stride + max(dilation * (kernel - 1) + 1 - stride, 0)


def windows(
    sizes: Sequence[int | None], kernel: Any, strides: Any, dilation: Any, padding: str
) -> tuple[int | None, ...] | None:
    """``window`` on every axis; None when one axis has no room."""
    count = len(sizes)
    result = tuple(
        window(size, k, s, d, padding)
        for size, k, s, d in zip(sizes, axes(kernel, count), axes(strides, count), axes(dilation, count), strict=True)
    )
    return None if any(size is not None and size < 1 for size in result) else result


def convolved(config: Mapping[str, Any], sizes: Sequence[int | None]) -> tuple[int | None, ...] | None:
    """Sizes behind a convolution with these settings; None when the window does not fit."""
    return windows(
        sizes,
        config["kernel_size"],
        config.get("strides", 1),
        config.get("dilation_rate", 1),
        config.get("padding", "valid"),
    )


def borders(
    sizes: Sequence[int | None], kernel: Any, strides: Any, dilation: Any, padding: str
) -> tuple[tuple[int | None, ...], ...]:
    """What a window does on every axis: its size, dilation, zeros before and behind, and stride (None where it stops
    once). Equal answers compute the same for maps of these sizes; of an open size only windows of one are known."""
    count = len(sizes)
    found: list[tuple[int | None, ...]] = []
    for size, k, s, d in zip(
        sizes, axes(kernel, count), axes(strides, count), axes(dilation, count), strict=True
    ):
        out = window(size, k, s, d, padding)
        reach = d * (k - 1) + 1
        if padding == "valid" or k == 1:
            zeros: tuple[int | None, int | None] = (0, 0)
        elif padding == "causal":
            zeros = (reach - 1, 0)
        elif out is None or size is None:
            zeros = (None, None)
        else:
            needed = max((out - 1) * s + reach - size, 0)
            zeros = (needed // 2, needed - needed // 2)
        found.append((k, d if k > 1 else 1, *zeros, None if out == 1 else s))
    return tuple(found)
