"""Arguments of Keras 0.3 to 1.2 in Keras 2's words. Sources: the ``get_config`` of Keras 0.3.3, 1.0.8, 1.2.2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infer_convert.configs.context import Context
from infer_convert.configs.graph import Item
from infer_convert.errors import NoArchitecture

OLD = ("keras0", "keras1")

ORDERINGS = {"th": "channels_first", "tf": "channels_last"}

HAS_FORMAT = (
    "Convolution2D", "Convolution3D", "AtrousConvolution2D", "Deconvolution2D", "SeparableConvolution2D", "ConvLSTM2D",
    "LocallyConnected2D", "MaxPooling2D", "MaxPooling3D", "AveragePooling2D", "AveragePooling3D",
    "GlobalMaxPooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling3D", "GlobalAveragePooling3D",
    "UpSampling2D", "UpSampling3D", "ZeroPadding2D", "ZeroPadding3D", "Cropping2D", "Cropping3D",
)  # fmt: skip

RENAMED: dict[str, str] = {
    "nb_filter": "filters",
    "bias": "use_bias",
    "subsample": "strides",
    "subsample_length": "strides",
    "atrous_rate": "dilation_rate",
    "inner_activation": "recurrent_activation",
    "pool_length": "pool_size",
    "stride": "strides",
    "p": "rate",
    "sigma": "stddev",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
}
"""Keras 1 -> Keras 2; a layer class may differ (``_BY_CLASS``)."""

_BY_CLASS: dict[str, dict[str, str]] = {
    "Embedding": {
        "init": "embeddings_initializer", "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
        "output_dim": "output_dim", "dropout": "_dropout",
    },
    "PReLU": {"init": "alpha_initializer"},
    "UpSampling1D": {"length": "size"},
    "Dropout": {}, "MaxPooling1D": {}, "AveragePooling1D": {},
}  # fmt: skip

_UNITS = ("Dense", "TimeDistributedDense", "LSTM", "GRU", "SimpleRNN", "MaxoutDense")

_WITHOUT_USE = (
    "forget_bias_init", "consume_less", "cache_enabled", "custom_name", "trainable_weights", "alpha_init", "beta_init",
    "weights", "gamma_init", "node_indices", "tensor_indices", "output_mask", "output_mask_type", "output_shape_type",
    "mode_type", "arguments",
)  # fmt: skip


def border_and_ordering(item: Item, context: Context) -> Item:
    """``border_mode`` -> ``padding``, ``dim_ordering`` th/tf -> ``data_format``; layers that do not say follow the
    rest.
    """
    if context.generation not in OLD:
        return item
    config = dict(item.config)
    if "border_mode" in config:
        config["padding"] = config.pop("border_mode")
    ordering = config.pop("dim_ordering", None)
    if item.class_name in HAS_FORMAT:
        config["data_format"] = ORDERINGS.get(str(ordering), context.ordering)
        if ordering in ORDERINGS:
            context.log.rewrite(item.name, "`dim_ordering` is `data_format` now")
        else:
            context.log.rewrite(
                item.name, f"the config gives no image layout; {context.ordering} is taken as in the rest of the model"
            )
    return replace(item, config=config)


def kernel_sizes(item: Item, context: Context) -> Item:
    """``nb_row``/``nb_col``, ``kernel_dim1..3`` and ``filter_length`` -> ``kernel_size``."""
    config = dict(item.config)
    for keys in (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3"), ("filter_length",)):
        if all(key in config for key in keys):
            config["kernel_size"] = [config.pop(key) for key in keys]
    return replace(item, config=config)


def renamed_arguments(item: Item, context: Context) -> Item:
    """The table above, and arguments that meant nothing for the result."""
    if context.generation not in OLD:
        return item
    own = {**RENAMED, **_BY_CLASS.get(item.class_name, {})}
    if item.class_name in _UNITS:
        own["output_dim"] = "units"
    config: dict[str, Any] = {}
    renamed = []
    for key, value in item.config.items():
        if key in _WITHOUT_USE and not (key == "arguments" and value):
            continue
        name = own.get(key, key)
        config[name] = value
        if name != key:
            renamed.append(f"{key} → {name}")
    if item.class_name == "Embedding" and config.pop("_dropout", 0):
        context.log.rewrite(item.name, "Embedding's own dropout is left out; it acted in training only")
    if renamed:
        context.log.rewrite(item.name, "Keras 1 arguments in Keras 3's words: " + ", ".join(sorted(renamed)))
    for key in ("strides", "dilation_rate", "pool_size"):
        if key in config and item.class_name.endswith("1D") and isinstance(config[key], int):
            config[key] = [config[key]]
    if item.class_name.endswith("UpSampling1D") and isinstance(config.get("size"), list):
        config["size"] = config["size"][0]
    return replace(item, config=config)


MERGES = {
    "sum": "Add", "mul": "Multiply", "concat": "Concatenate", "ave": "Average", "max": "Maximum", "dot": "Dot",
    "cos": "Dot",
    "min": "Minimum",
}  # fmt: skip


def merge_modes(item: Item, context: Context) -> Item:
    """Keras 0/1 ``Merge(mode)`` -> a layer per mode (Keras 1.2.2 ``engine/topology.py``, ``Merge.call``)."""
    if item.class_name != "Merge":
        return item
    mode = item.config.get("mode", "sum")
    if mode not in MERGES or item.config.get("mode_type", "raw") != "raw":
        raise NoArchitecture(
            f"layer {item.name}: Merge with the mode {mode!r:.40} holds code, which is never run;"
            f" give it with --set {item.name}.class_name=CLASS"
        )
    config: dict[str, Any] = {}
    if mode == "concat":
        config["axis"] = item.config.get("concat_axis", -1)
    if mode in ("dot", "cos"):
        axes = item.config.get("dot_axes", -1)
        config["axes"] = [a[0] if isinstance(a, list) else a for a in axes] if isinstance(axes, list) else axes
        config["normalize"] = mode == "cos"
    context.log.rewrite(item.name, f"Merge with mode {mode!r} is {MERGES[mode]} now")
    return replace(item, class_name=MERGES[mode], config=config)


def paddings(item: Item, context: Context) -> Item:
    """Keras 1's ways of writing ZeroPadding and Cropping: flat lists of four and dicts."""
    key = "padding" if item.class_name.startswith("ZeroPadding") else "cropping"
    if not item.class_name.startswith(("ZeroPadding", "Cropping")) or key not in item.config:
        return item
    value = item.config[key]
    if isinstance(value, Mapping):
        words = (("left", "right"),) if item.class_name.endswith("1D") else (("top", "bottom"), ("left", "right"))
        value = [[value.get(f"{a}_pad", 0), value.get(f"{b}_pad", 0)] for a, b in words]
        value = value[0] if len(value) == 1 else value
    elif isinstance(value, list) and len(value) == 4 and item.class_name.endswith("2D"):
        value = [value[:2], value[2:]]
    elif isinstance(value, list) and len(value) == 1:
        value = value[0]
    return replace(item, config={**item.config, key: value})


def transposed_output(item: Item, context: Context) -> Item:
    """Deconvolution's ``output_shape`` -> ``output_padding`` where it is not the size that Keras 3 gives."""
    if not item.class_name.startswith("Deconvolution"):
        return item
    config = dict(item.config)
    shape = config.pop("output_shape", None)
    padding, strides, kernel = config.get("padding", "valid"), config["strides"], config["kernel_size"]
    if isinstance(shape, list) and len(shape) == len(kernel) + 2:
        sizes = shape[2:] if config.get("data_format") == "channels_first" else shape[1:-1]
        extra = []
        for size, stride, length in zip(sizes, strides, kernel, strict=True):
            if size is None:
                return replace(item, config=config)
            if padding == "same":
                operand = -(-size // stride)
                standard, least = operand * stride, (operand - 1) * stride + length - 2 * (length // 2)
            else:
                operand = (size - length) // stride + 1
                standard, least = operand * stride + max(length - stride, 0), (operand - 1) * stride + length
            extra.append((size - standard, size - least))
        if any(difference for difference, _ in extra):
            config["output_padding"] = [amount for _, amount in extra]
            context.log.rewrite(item.name, f"output_shape {shape} became output_padding {config['output_padding']}")
    return replace(item, config=config)


def sampled_normalization(item: Item, context: Context) -> Item:
    """BatchNormalization's ``mode``: 0 is today's layer; 1 and 2 are marked for ``removed``."""
    if item.class_name != "BatchNormalization" or "mode" not in item.config:
        return item
    config = dict(item.config)
    mode = config.pop("mode")
    if mode == 1:
        context.log.rewrite(item.name, "BatchNormalization(mode=1) normalises each sample: LayerNormalization")
        return replace(item, class_name="LayerNormalization", config={**config, "axis": -1, "_mode": 1})
    if mode == 2:
        return replace(item, class_name="BatchwiseNormalization", config=config)
    return replace(item, config=config)


def input_arguments(item: Item, context: Context) -> Item:
    """``input_shape``, ``input_dim``, ``input_length``, ``batch_input_shape``, ``input_dtype`` said what the
    InputLayer says.
    """
    if item.class_name == "InputLayer":
        return item
    drop = {"input_shape", "batch_input_shape", "input_dtype", "input_length", "_build_input_shape", "_build_config"}
    if item.class_name != "Embedding":
        drop.add("input_dim")
    if item.class_name not in ("InputLayer",):
        drop.add("batch_size")
    found = sorted(key for key in drop & set(item.config) if not key.startswith("_"))
    if found:
        context.log.rewrite(item.name, f"{', '.join(found)} went into the InputLayer")
    return replace(item, config={key: value for key, value in item.config.items() if key not in drop})
