"""A layer's kernel as one matrix (channels in, channels out), and the filters on both of its sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infer_convert.clues.numbers.arrays import Arrays
from infer_convert.clues.numbers.net import Node

Array = NDArray[Any]
CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D")
TRANSPOSED = ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
RECURRENT = ("LSTM", "GRU", "SimpleRNN")
MOST_UNITS = 160
"""Channels whose filters are compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """``taps`` (taps, channels in, channels out); ``diagonal`` for a depthwise kernel, whose taps are (taps, channels).
    ``bias`` may be absent; ``coverage`` is the part of the taps that reaches an output on average."""

    taps: Array
    bias: Array | None
    diagonal: bool = False
    coverage: float = 1.0

    def matrix(self, channels: int | None, channels_first: bool = False) -> Array | None:
        """The sum over taps, and over positions when the kernel takes a flattened map of ``channels`` channels, which
        stand in front of the positions if they are ``channels_first``."""
        whole = self.taps.sum(0) if len(self.taps) > 1 else self.taps[0]
        whole = whole * self.coverage if self.coverage != 1 else whole
        if self.diagonal or channels is None or whole.shape[0] == channels:
            return np.asarray(whole)
        if whole.shape[0] % channels:
            return None
        shape = (channels, -1, whole.shape[1]) if channels_first else (-1, channels, whole.shape[1])
        return np.asarray(whole.reshape(shape).sum(1 if channels_first else 0))

    def flats(self) -> tuple[Array, ...]:
        """(inputs, channels out), each: stacked, what makes each output channel."""
        flat = self.taps.reshape(-1, self.taps.shape[-1])
        return (flat,) if self.bias is None else (flat, self.bias[None])

    def slices(self, channels: int, channels_first: bool = False) -> Array | None:
        """(outputs, channels): what takes each input channel of a map of ``channels`` channels."""
        if self.diagonal:
            return self.taps if self.taps.shape[1] == channels else None
        rows = self.taps.shape[1]
        if rows % channels:
            return None
        if channels_first and rows > channels:
            taps = np.swapaxes(self.taps.reshape(self.taps.shape[0], channels, rows // channels, -1), 1, 2)
        else:
            taps = self.taps.reshape(self.taps.shape[0], rows // channels, channels, -1)
        return np.moveaxis(taps, 2, -1).reshape(-1, channels)


def kernel_of(node: Node, arrays: Arrays) -> Kernel | None:
    """The kernel of a layer that has one; None for any other layer, and for grouped convolutions."""
    name = node.class_name
    if name == "TimeDistributed":
        kernel, bias = arrays.get(node.uses, "layer.kernel"), arrays.get(node.uses, "layer.bias")
        return Kernel(kernel[None], bias) if kernel is not None and kernel.ndim == 2 else None
    bias = arrays.get(node.uses, "bias")
    if name in ("SeparableConv1D", "SeparableConv2D"):
        depth, point = arrays.get(node.uses, "depthwise_kernel"), arrays.get(node.uses, "pointwise_kernel")
        if depth is None or point is None:
            return None
        taps = depth.reshape(-1, depth.shape[-2] * depth.shape[-1])
        return Kernel((taps[:, :, None] * point.reshape(1, taps.shape[1], -1)), bias) if depth.shape[-1] == 1 else None
    kernel = arrays.get(node.uses, "kernel")
    if kernel is None:
        return None
    if name == "Dense":
        return Kernel(kernel[None], bias)
    if name == "DepthwiseConv2D":
        return Kernel(kernel.reshape(-1, kernel.shape[-2]), bias, True) if kernel.shape[-1] == 1 else None
    if name in CONVOLUTIONS:
        if (node.config.get("groups") or 1) > 1:
            return None
        return Kernel(kernel.reshape(-1, *kernel.shape[-2:]), bias)
    if name in TRANSPOSED:
        taps = np.swapaxes(kernel.reshape(-1, *kernel.shape[-2:]), 1, 2)
        return Kernel(taps, bias, False, 1 / _area(node.config.get("strides", 1), kernel.ndim - 2))
    return None


def recurrent_slices(node: Node, arrays: Arrays) -> Array | None:
    """(outputs, channels in) of a recurrent layer's input kernel."""
    kernel = arrays.get(node.uses, "cell.kernel") if node.class_name in RECURRENT else None
    if kernel is None:
        kernel = arrays.get(node.uses, "forward_layer.cell.kernel")
    return None if kernel is None or kernel.ndim != 2 else kernel.T


def _area(strides: Any, axes: int) -> int:
    return int(strides) ** axes if isinstance(strides, int) else int(np.prod(strides))
