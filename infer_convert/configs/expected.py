"""How many tensors a layer stores, and under which roles, as its config tells (FORMATS §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Roles = tuple[tuple[str, ...], tuple[str, ...]]
"""Trainable roles, then those of statistics; files list all of the first before the second."""

_KERNEL = [
    "Dense",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Conv1DTranspose",
    "Conv2DTranspose",
    "Conv3DTranspose",
    "TimeDistributedDense",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "AtrousConvolution1D",
    "AtrousConvolution2D",
    "Deconvolution2D",
    "Deconvolution3D",
    "EinsumDense",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "MaxoutDense",
]
_MERGED = (
    "LSTM",
    "GRU",
    "SimpleRNN",
    "CuDNNLSTM",
    "CuDNNGRU",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "LSTMCell",
    "GRUCell",
    "SimpleRNNCell",
)


def expected_roles(class_name: str, config: Mapping[str, Any]) -> Roles:
    """Roles in stored order; two empty tuples for a layer without weights and for classes unknown here."""
    bias = ("bias",) if config.get("use_bias", config.get("bias", True)) else ()
    if class_name in _KERNEL:
        return ("kernel", *bias), ()
    if class_name.startswith("DepthwiseConv"):
        return ("depthwise_kernel", *bias), ()
    if class_name.startswith("Separable"):
        return ("depthwise_kernel", "pointwise_kernel", *bias), ()
    if class_name == "BatchNormalization":
        gamma = ("gamma",) if config.get("scale", True) else ()
        beta = ("beta",) if config.get("center", True) else ()
        return (*gamma, *beta), ("moving_mean", "moving_variance")
    if class_name in ("LayerNormalization", "GroupNormalization"):
        gamma = ("gamma",) if config.get("scale", True) else ()
        return (*gamma, *(("beta",) if config.get("center", True) else ())), ()
    if class_name == "Embedding":
        return ("embeddings",), ()
    if class_name == "PReLU":
        return ("alpha",), ()
    if class_name in _MERGED:
        return _recurrent(class_name, config, bias), ()
    if class_name == "Bidirectional":
        inner, fixed = _inner(config)
        return tuple(f"{half}/{role}" for half in ("forward", "backward") for role in inner), fixed
    if class_name == "TimeDistributed":
        return _inner(config)
    if class_name == "Normalization":
        return (), () if config.get("mean") is not None else ("mean", "variance", "count")
    return (), ()


def _recurrent(class_name: str, config: Mapping[str, Any], bias: tuple[str, ...]) -> tuple[str, ...]:
    parts = ("kernel", "recurrent_kernel", "bias")
    if "inner_init" in config and config.get("consume_less") != "gpu":
        gates = {"LSTM": "icfo", "GRU": "zrh", "ConvLSTM2D": "icfo"}.get(class_name)
        if gates:
            return tuple(f"{part}_{gate}" for gate in gates for part in parts)
    return (*parts[:2], *bias)


def _inner(config: Mapping[str, Any]) -> Roles:
    inner = config.get("layer")
    if not isinstance(inner, Mapping):
        return (), ()
    inner_config = inner.get("config")
    return expected_roles(str(inner.get("class_name")), inner_config if isinstance(inner_config, Mapping) else {})
