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
