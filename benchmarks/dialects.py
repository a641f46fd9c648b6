"""Layer configs of every Keras generation in one set of words.

``canonical`` turns a class name and its config (Keras 0.3 to 3.x, or a plan's partial arguments) into a canonical class
and those fields that change what the layer computes and that its weights do not already fix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Fields = dict[str, Any]

RENAMED_CLASSES = {
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Deconvolution2D": "Conv2DTranspose",
    "Convolution2DTranspose": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
    "SeparableConvolution1D": "SeparableConv1D",
    "TimeDistributedDense": "Dense",
    "CuDNNLSTM": "LSTM",
    "CuDNNGRU": "GRU",
    "LSTMV1": "LSTM",
    "GRUV1": "GRU",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    "AvgPool2D": "AveragePooling2D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "ParametricSoftplus": "ParametricSoftPlus",
}
RENAMED_FIELDS = {
    "subsample": "strides",
    "border_mode": "padding",
    "inner_activation": "recurrent_activation",
    "atrous_rate": "dilation_rate",
    "subsample_length": "strides",
    "filter_length": "kernel_size",
    "pool_length": "pool_size",
    "stride": "strides",
    "dim_ordering": "data_format",
    "dims_": "dims",
    "negative_slope": "alpha",
}
NO_OPS = frozenset(
    {
        "Dropout",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
        "GaussianNoise",
        "GaussianDropout",
        "AlphaDropout",
        "ActivityRegularization",
        "Identity",
        "RandomFlip",
        "RandomRotation",
        "RandomZoom",
        "RandomCrop",
        "RandomContrast",
        "RandomTranslation",
        "RandomBrightness",
        "StochasticDepth",
    }
)
COMMUTATIVE = frozenset({"Add", "Multiply", "Average", "Maximum", "Minimum"})
MERGE_MODES = {
    "concat": "Concatenate",
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "dot": "Dot",
    "cos": "Dot",
}
OPERATORS = {
    "__operators__.add": "Add",
    "math.add": "Add",
    "add": "Add",
    "math.multiply": "Multiply",
    "multiply": "Multiply",
    "math.subtract": "Subtract",
    "subtract": "Subtract",
    "concat": "Concatenate",
    "math.maximum": "Maximum",
    "nn.relu": "Activation:relu",
    "nn.softmax": "Activation:softmax",
    "math.sigmoid": "Activation:sigmoid",
    "math.tanh": "Activation:tanh",
    "nn.relu6": "Activation:relu6",
    "nn.gelu": "Activation:gelu",
    "nn.silu": "Activation:silu",
}
KERAS_OPERATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Gelu": "gelu",
    "Silu": "silu",
    "HardSwish": "hard_swish",
    "HardSigmoid": "hard_sigmoid",
}
ALIASES = {
    "swish": "silu",
    "hard_silu": "hard_swish",
    "leaky_relu": "leaky_relu:0.2",
    "elu": "elu:1",
    "relu_6": "relu6",
    "LeakyReLU": "leaky_relu:0.3",
    "hard_sigmoid_keras2": "hard_sigmoid",
}
_RECURRENT = {"activation": "tanh", "return_sequences": False, "go_backwards": False}
_CONV = {"strides": 1, "padding": "valid", "dilation_rate": 1}
DEFAULTS: dict[str, Fields] = {
    **{f"Conv{n}D": {**_CONV, "groups": 1, "activation": "linear"} for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": {**_CONV, "output_padding": None, "activation": "linear"} for n in (1, 2, 3)},
    **{f"SeparableConv{n}D": {**_CONV, "activation": "linear"} for n in (1, 2)},
    **{f"DepthwiseConv{n}D": {**_CONV, "activation": "linear"} for n in (1, 2)},
    **{f"LocallyConnected{n}D": {"strides": 1, "padding": "valid", "activation": "linear"} for n in (1, 2)},
    **{
        f"{kind}Pooling{n}D": {"pool_size": 2, "strides": None, "padding": "valid"}
        for kind in ("Max", "Average")
        for n in (1, 2, 3)
    },
    **{
        f"Global{kind}Pooling{n}D": {"keepdims": False, "data_format": "channels_last"}
        for kind in ("Max", "Average")
        for n in (1, 2, 3)
    },
    **{f"ZeroPadding{n}D": {"padding": 1} for n in (1, 2, 3)},
    **{f"Cropping{n}D": {"cropping": 0 if n != 1 else 1} for n in (1, 2, 3)},
    "UpSampling1D": {"size": 2},
    "UpSampling2D": {"size": 2, "interpolation": "nearest"},
    "UpSampling3D": {"size": 2},
    "Dense": {"activation": "linear"},
    "EinsumDense": {"equation": None, "activation": "linear"},
    "Embedding": {"mask_zero": False},
    "BatchNormalization": {"epsilon": 1e-3, "axis": -1, "center": True, "scale": True},
    "LayerNormalization": {"epsilon": 1e-3, "axis": -1},
    "GroupNormalization": {"epsilon": 1e-3, "axis": -1, "groups": 32},
    "UnitNormalization": {"axis": -1},
    "Normalization": {"axis": -1},
    "LSTM": {**_RECURRENT, "recurrent_activation": "sigmoid"},
    "GRU": {**_RECURRENT, "recurrent_activation": "sigmoid", "reset_after": True},
    "SimpleRNN": dict(_RECURRENT),
    **{f"ConvLSTM{n}D": {**_RECURRENT, **_CONV, "recurrent_activation": "sigmoid"} for n in (1, 2, 3)},
    "Activation": {"activation": "linear"},
    "Reshape": {"target_shape": None},
    "Permute": {"dims": None},
    "RepeatVector": {"n": None},
    "Concatenate": {"axis": -1},
    "Dot": {"axes": None, "normalize": False},
    "MultiHeadAttention": {"num_heads": None, "key_dim": None, "use_causal_mask": False, "attention_axes": None},
    "Attention": {"use_scale": False, "score_mode": "dot"},
    "AdditiveAttention": {"use_scale": True},
    "Rescaling": {"scale": 1.0, "offset": 0.0},
    "Masking": {"mask_value": 0.0},
    "Flatten": {},
    "PReLU": {},
    "Resizing": {"height": None, "width": None, "interpolation": "bilinear"},
}
"""Canonical class -> fields that matter, with Keras 3.15's default."""

OUTPUT_ACTIVATION = frozenset(
    name
    for name in DEFAULTS
    if "activation" in DEFAULTS[name] and "return_sequences" not in DEFAULTS[name] and name != "Activation"
)
WEIGHTED = frozenset(
    {
        "Dense",
        "EinsumDense",
        "Embedding",
        "BatchNormalization",
        "LayerNormalization",
        "GroupNormalization",
        "Normalization",
        "LSTM",
        "GRU",
        "SimpleRNN",
        "MultiHeadAttention",
        "AdditiveAttention",
        "PReLU",
        "Bidirectional",
        "GroupQueryAttention",
        "RMSNormalization",
        "SpectralNormalization",
        "RNN",
        "Highway",
        "MaxoutDense",
        *(name for name in DEFAULTS if "Conv" in name or name.startswith("Locally")),
    }
)


def spatial_rank(class_name: str) -> int:
    """The number of spatial axes that a class name spells, or 0."""
    match = re.search(r"(\d)D", class_name)
    return int(match.group(1)) if match else 0


def activation_name(value: Any) -> str:
    """An activation argument (None, a word, a serialised function or layer) as one canonical word."""
    if value is None:
        return "linear"
    if isinstance(value, Mapping):
        inner = value.get("config")
        if isinstance(inner, Mapping) and value.get("class_name") not in (None, "function"):
            return str(canonical(str(value["class_name"]), inner)[1].get("activation", value["class_name"]))
        value = inner if isinstance(inner, str) else value.get("class_name", "unknown")
    return ALIASES.get(str(value), str(value))


def canonical(class_name: str, config: Mapping[str, Any]) -> tuple[str, Fields]:
    """A canonical class and the fields that matter; unknown classes come back with no fields."""
    name = class_name.rpartition(">")[2]
    name = RENAMED_CLASSES.get(name, name)
    given = {RENAMED_FIELDS.get(key, key): value for key, value in config.items()}
    if name == "Merge":
        name = MERGE_MODES.get(str(given.get("mode")), "Merge")
        given["axis"], given["axes"] = given.get("concat_axis", -1), given.get("dot_axes")
    if name in NO_OPS:
        return "NoOp", {}
    if name in ("TFOpLambda", "TensorFlowOpLayer"):
        name = OPERATORS.get(str(given.get("function")), f"Op:{given.get('function')}")
        if name.startswith("Activation:"):
            return "Activation", {"activation": name.partition(":")[2]}
        return name, {"axis": given.get("axis", -1)} if name == "Concatenate" else {}
    if name in ("Functional", "Model", "Sequential"):
        return "Model", {}
    activation = _as_activation(name, given)
    if activation is not None:
        return "Activation", {"activation": activation}
    if name in ("TimeDistributed", "Bidirectional"):
        return _wrapped(name, given)
    if name not in DEFAULTS:
        return name, {}
    fields = {key: _plain(given.get(key, default)) for key, default in DEFAULTS[name].items()}
    return _normalised(name, fields, given)


def _as_activation(name: str, given: Mapping[str, Any]) -> str | None:
    if name in KERAS_OPERATIONS:
        return KERAS_OPERATIONS[name]
    if name == "Activation":
        return activation_name(given.get("activation"))
    if name == "ReLU":
        cap, slope = given.get("max_value"), float(given.get("alpha") or 0.0)
        threshold = float(given.get("threshold") or 0.0)
        if slope or threshold:
            return f"relu:{cap}:{slope:g}:{threshold:g}"
        if cap is None:
            return "relu"
        return "relu6" if float(cap) == 6.0 else f"relu:{float(cap):g}"
    if name == "LeakyReLU":
        return f"leaky_relu:{float(_number(given.get('alpha', 0.3))):.3g}"
    if name == "ELU":
        return f"elu:{float(_number(given.get('alpha', 1.0))):.3g}"
    if name == "ThresholdedReLU":
        return f"relu:None:0:{float(_number(given.get('theta', 1.0))):g}"
    if name == "Softmax":
        return "softmax" if given.get("axis", -1) == -1 else f"softmax:{given['axis']}"
    return None


def _number(value: Any) -> Any:
    return value.get("value", 0.0) if isinstance(value, Mapping) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _wrapped(name: str, given: Mapping[str, Any]) -> tuple[str, Fields]:
    inner = given.get("layer") or {}
    inner_class, fields = canonical(str(inner.get("class_name", "?")), inner.get("config") or {})
    if name == "Bidirectional":
        return "Bidirectional", {"layer": inner_class, "merge_mode": given.get("merge_mode", "concat"), **fields}
    if inner_class in ("Dense", "Activation", "NoOp", "BatchNormalization", "LayerNormalization", "Embedding"):
        return inner_class, fields
    return "TimeDistributed", {"layer": inner_class, **fields}


def _normalised(name: str, fields: Fields, given: Mapping[str, Any]) -> tuple[str, Fields]:
    rank = spatial_rank(name)
    for key in ("activation", "recurrent_activation"):
        if key in fields:
            fields[key] = activation_name(fields[key])
    if name.startswith("Global") and fields["data_format"] in (None, "default", "tf"):
        fields["data_format"] = "channels_last"
    if name.startswith("Conv") and given.get("data_format") in ("channels_first", "th"):
        fields["data_format"] = "channels_first"
    if "Pooling" in name and not name.startswith("Global"):
        fields["pool_size"] = _tuple(fields["pool_size"], rank)
        fields["strides"] = _tuple(fields["strides"] or fields["pool_size"], rank)
        fields["padding"] = _padding(fields["padding"])
    elif "strides" in fields:
        fields.update({key: _tuple(fields[key], rank) for key in ("strides", "dilation_rate") if key in fields})
        fields["padding"] = _padding(fields["padding"])
        size = _kernel_size(given, rank)
        if size and set(size) == {1}:
            fields.pop("padding", None)
            fields.pop("dilation_rate", None)
        if fields.get("output_padding") is not None:
            fields["output_padding"] = _tuple(fields["output_padding"], rank)
    elif name.startswith("ZeroPadding"):
        fields["padding"] = _pairs(fields["padding"], rank)
    elif name.startswith("Cropping"):
        fields["cropping"] = _pairs(fields["cropping"], rank)
    elif name.startswith("UpSampling"):
        fields["size"] = _tuple(given.get("length", fields["size"]) if rank == 1 else fields["size"], rank)
    elif name == "Reshape" and fields["target_shape"] is not None:
        return _reshape([int(item) for item in fields["target_shape"]])
    elif name == "Permute" and fields["dims"] is not None:
        fields["dims"] = [int(item) for item in fields["dims"]]
    elif name == "Dot":
        fields["axes"] = _dot_axes(fields["axes"])
        fields["normalize"] = bool(fields["normalize"]) or given.get("mode") == "cos"
    for key in ("epsilon", "scale", "offset", "mask_value"):
        if isinstance(fields.get(key), float):
            fields[key] = float(f"{fields[key]:.6g}")
    if isinstance(fields.get("axis"), list) and len(fields["axis"]) == 1:
        fields["axis"] = fields["axis"][0]
    return name, fields


def _reshape(target: list[int]) -> tuple[str, Fields]:
    if len(target) == 1:
        return "Flatten", {}
    if -1 not in target:
        target = [-1, *target[1:]]
    return "Reshape", {"target_shape": target}


def _dot_axes(axes: Any) -> Any:
    if isinstance(axes, list) and len(axes) == 1:
        axes = axes[0]
    if isinstance(axes, list) and axes and isinstance(axes[0], list):
        axes = [axes[0][0], axes[1][0]]
    return [axes, axes] if isinstance(axes, int) else axes


def _padding(value: Any) -> str:
    return {"half": "same", "full": "full"}.get(str(value), str(value))


def _kernel_size(given: Mapping[str, Any], rank: int) -> list[int] | None:
    if "nb_row" in given:
        return [int(given["nb_row"]), int(given["nb_col"])]
    if "kernel_dim1" in given:
        return [int(given[f"kernel_dim{axis}"]) for axis in (1, 2, 3)]
    return _tuple(given["kernel_size"], rank) if given.get("kernel_size") is not None else None


def _tuple(value: Any, rank: int) -> list[int]:
    if isinstance(value, Sequence):
        items = [int(item) for item in value]
        return items if len(items) != 1 else items * max(1, rank)
    return [int(value)] * max(1, rank)


def _pairs(value: Any, rank: int) -> list[list[int]]:
    if isinstance(value, Mapping):
        return [
            [value.get("top_pad", 0), value.get("bottom_pad", 0)],
            [value.get("left_pad", 0), value.get("right_pad", 0)],
        ]
    if isinstance(value, int):
        return [[value, value]] * rank
    items = list(value)
    if rank == 1 and len(items) == 2 and all(isinstance(item, int) for item in items):
        return [items]
    if rank == 2 and len(items) == 4:
        return [items[:2], items[2:]]
    return [[item, item] if isinstance(item, int) else list(item) for item in items]
