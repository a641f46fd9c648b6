"""Arguments of Keras 2 and tf.keras that Keras 3 names otherwise, lists otherwise or refuses (FORMATS §6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infer_convert.configs.arguments import ARGUMENTS
from infer_convert.configs.context import Context
from infer_convert.configs.graph import Item
from infer_convert.errors import NoArchitecture
from infer_convert.plan import Basis, Decision

CLASSES: dict[str, str] = {
    "Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "Convolution3D": "Conv3D", "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D", "AtrousConv1D": "Conv1D", "AtrousConv2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose", "Deconv2D": "Conv2DTranspose", "Deconv3D": "Conv3DTranspose",
    "Convolution2DTranspose": "Conv2DTranspose", "Convolution3DTranspose": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D", "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense", "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization", "LSTMV1": "LSTM", "LSTMV2": "LSTM", "GRUV1": "GRU", "GRUV2": "GRU",
    "UnifiedLSTM": "LSTM", "UnifiedGRU": "GRU", "MaxPool1D": "MaxPooling1D", "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D", "AvgPool1D": "AveragePooling1D", "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D", "GlobalMaxPool1D": "GlobalMaxPooling1D", "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalMaxPool3D": "GlobalMaxPooling3D", "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D", "GlobalAvgPool3D": "GlobalAveragePooling3D",
    "GroupedQueryAttention": "GroupQueryAttention",
    "NormalizationV1": "Normalization", "DenseV1": "Dense", "RandomHeight": "Identity", "RandomWidth": "Identity",
}  # fmt: skip
"""Old class -> the Keras 3 class that computes the same."""


def plain_values(item: Item, context: Context) -> Item:
    """``{"type": "ndarray", "value": 0.2}`` -> ``0.2`` (Keras 2 wrote numpy scalars so); tuples marked by Keras 3 ->
    lists.
    """
    return replace(item, config={key: _plain(value) for key, value in item.config.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get("type") == "ndarray" and "value" in value:
            return value["value"]
        if value.get("class_name") in ("__tuple__", "__list__") and "items" in value:
            return [_plain(each) for each in value["items"]]
        if value.get("class_name") == "TensorShape":
            return _plain(value.get("items") or value.get("config"))
    return value


def user_answers(item: Item, context: Context) -> Item:
    """``--set LAYER.FIELD=VALUE`` beats the config; ``class_name`` replaces the class and its arguments."""
    answers = {field: value for (layer, field), value in context.hints.answers.items() if layer == item.name}
    answers.pop("inbound", None)
    if not answers:
        return item
    config = dict(item.config)
    class_name = answers.pop("class_name", item.class_name)
    if class_name != item.class_name:
        config = {key: value for key, value in config.items() if key in ("dtype", "data_format")}
        if class_name == "Operation":
            config = {"function": answers.pop("function", None), "arguments": {}}
            config["arguments"] = dict(answers)
            answers_left: dict[str, Any] = {}
        else:
            answers_left = answers
    else:
        answers_left = answers
    decisions = tuple(Decision(field, value, 1.0, Basis.USER) for field, value in answers.items())
    context.log.rewrite(item.name, "as the user set it")
    return replace(
        item, class_name=class_name, config={**config, **answers_left}, decisions=(*item.decisions, *decisions)
    )


def renamed_classes(item: Item, context: Context) -> Item:
    """The table above; ``CuDNN`` layers have their own rule."""
    new = CLASSES.get(item.class_name)
    if new is None:
        return item
    context.log.rewrite(item.name, f"{item.class_name} is {new} now")
    if new == "Identity":
        return replace(item, class_name=new, config={})
    return replace(item, class_name=new)


def input_layer(item: Item, context: Context) -> Item:
    """One spelling: ``batch_shape`` and ``dtype``."""
    if item.class_name != "InputLayer":
        return item
    config = item.config
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    if shape is None and isinstance(config.get("input_shape"), list):
        shape = [config.get("batch_size"), *config["input_shape"]]
    if config.get("ragged"):
        context.log.guess(item.name, "a ragged input is taken as a dense one", 0.7)
    dtype = config.get("dtype") or config.get("input_dtype") or "float32"
    if isinstance(dtype, Mapping):
        dtype = (dtype.get("config") or {}).get("name", "float32")
    return replace(item, config={"batch_shape": shape, "dtype": str(dtype)})


def separable_arguments(item: Item, context: Context) -> Item:
    """SeparableConv2D takes no ``kernel_*`` (it has depthwise_ and pointwise_)."""
    if not item.class_name.startswith(("SeparableConv", "DepthwiseConv")):
        return item
    words = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
    found = [key for key in words if key in item.config]
    if item.class_name.startswith("DepthwiseConv"):
        found += [key for key in ("filters",) if key in item.config]
    if found:
        context.log.rewrite(item.name, f"{item.class_name} takes no {', '.join(found)}")
    return replace(item, config={key: value for key, value in item.config.items() if key not in found})


def attention_arguments(item: Item, context: Context) -> Item:
    """MultiHeadAttention stored the shapes that it was built with."""
    words = ("query_shape", "key_shape", "value_shape")
    found = [key for key in words if key in item.config]
    if not found:
        return item
    context.log.rewrite(item.name, f"{', '.join(found)} follow from the operands")
    return replace(item, config={key: value for key, value in item.config.items() if key not in found})


_PREPROCESSING = {"max_tokens": "num_tokens", "bins": "bin_boundaries"}
_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def preprocessing_words(item: Item, context: Context) -> Item:
    """TensorFlow 2.3 to 2.5 called outputs ``binary`` and ``tf-idf``, CategoryEncoding's size ``max_tokens``."""
    config = dict(item.config)
    if config.get("output_mode") in _MODES:
        config["output_mode"] = _MODES[config["output_mode"]]
    if item.class_name in ("CategoryEncoding", "Discretization"):
        config = {_PREPROCESSING.get(key, key): value for key, value in config.items()}
    return replace(item, config=config)


def causal_attention(item: Item, context: Context) -> Item:
    """``causal`` was an argument of the layer up to TensorFlow 2.10, since then it is one of its calls."""
    if item.class_name not in ("Attention", "AdditiveAttention") or "causal" not in item.config:
        return item
    config = dict(item.config)
    if not config.pop("causal"):
        return replace(item, config=config)
    context.log.rewrite(item.name, "causal is said at the call now (use_causal_mask)")
    return replace(item, config=config, keywords={"use_causal_mask": True})


def score_modes(item: Item, context: Context) -> Item:
    """``score_mode`` stored as ``<function dot at 0x...>`` -> ``dot`` (a name in text, never looked up)."""
    mode = item.config.get("score_mode")
    if isinstance(mode, Mapping):
        mode = mode.get("config")
    if not isinstance(mode, str) or mode in ("dot", "concat"):
        return item
    found = re.search(r"\b(dot|concat)\b", mode)
    context.log.rewrite(item.name, f"score_mode {mode[:40]!r} is read as {found[1] if found else 'dot'!r}")
    return replace(item, config={**item.config, "score_mode": found[1] if found else "dot"})


def axis_lists(item: Item, context: Context) -> Item:
    """``axis: [3]`` -> ``3`` where Keras 3 takes one axis. Softmax and UnitNormalization keep all their axes."""
    axis = item.config.get("axis")
    if not isinstance(axis, list) or len(axis) != 1:
        return item
    if item.class_name not in (
        "BatchNormalization",
        "LayerNormalization",
        "Softmax",
        "UnitNormalization",
        "Concatenate",
    ):
        return item
    context.log.rewrite(item.name, "the axis in a list of one is unwrapped")
    return replace(item, config={**item.config, "axis": axis[0]})


def normalization_axis(item: Item, context: Context) -> Item:
    """BatchNormalization over several axes has no Keras 3 counterpart."""
    axis = item.config.get("axis")
    if item.class_name == "BatchNormalization" and isinstance(axis, list):
        raise NoArchitecture(f"layer {item.name}: BatchNormalization over the axes {axis}; Keras 3 normalises one axis")
    return item


def leaky_slopes(item: Item, context: Context) -> Item:
    """LeakyReLU's ``alpha`` is ``negative_slope`` in Keras 3."""
    if item.class_name != "LeakyReLU" or "alpha" not in item.config:
        return item
    config = dict(item.config)
    config["negative_slope"] = config.pop("alpha")
    context.log.rewrite(item.name, "LeakyReLU's alpha is negative_slope now")
    return replace(item, config=config)


def thresholds(item: Item, context: Context) -> Item:
    """ThresholdedReLU(theta) = ReLU(threshold=theta): both are x where x > theta, else 0."""
    if item.class_name != "ThresholdedReLU":
        return item
    theta = item.config.get("theta", 1.0)
    context.log.rewrite(item.name, "ThresholdedReLU is ReLU with a threshold now")
    kept = {key: item.config[key] for key in ("dtype", "trainable") if key in item.config}
    return replace(item, class_name="ReLU", config={**kept, "threshold": theta})


def cudnn(item: Item, context: Context) -> Item:
    """CuDNNLSTM and CuDNNGRU: sigmoid gates, GRU with ``reset_after`` (Keras 2.2.4 ``layers/cudnn_recurrent.py``)."""
    if item.class_name not in ("CuDNNLSTM", "CuDNNGRU"):
        return item
    new = item.class_name.removeprefix("CuDNN")
    config = {**item.config, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True}
    if new == "GRU":
        config["reset_after"] = True
    context.log.rewrite(item.name, f"{item.class_name} is {new} with its gates' sigmoid now")
    return replace(item, class_name=new, config=config)


GATED = ("LSTM", "GRU", "LSTMCell", "GRUCell", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")


def recurrent_defaults(item: Item, context: Context) -> Item:
    """What a version took when the config does not say (FORMATS §5): recurrent activation, ``reset_after``."""
    if item.class_name not in GATED:
        return item
    config = dict(item.config)
    config.pop("implementation", None)
    old = context.generation in ("keras0", "keras1") or context.standalone
    if "recurrent_activation" not in config:
        taken = (
            "hard_sigmoid" if old or (item.class_name.startswith("ConvLSTM") and context.version[0] < 3) else "sigmoid"
        )
        config["recurrent_activation"] = taken
        context.log.rewrite(item.name, f"recurrent_activation is not stored; {taken} was this version's default")
    if item.class_name in ("GRU", "GRUCell") and "reset_after" not in config:
        taken_after = not old and context.generation in ("keras2", "keras3")
        config["reset_after"] = taken_after
        context.log.rewrite(item.name, f"reset_after is not stored; {taken_after} was this version's default")
    return replace(item, config=config)


def bidirectional_direction(item: Item, context: Context) -> Item:
    """Around a layer that itself runs backwards, the second one ran forwards (Keras 2.15 ``bidirectional.py``); Keras 3
    would run both backwards, so the second is written out."""
    inner = item.config.get("layer")
    if item.class_name != "Bidirectional" or not isinstance(inner, Mapping) or item.config.get("backward_layer"):
        return item
    config = inner.get("config") or {}
    if not config.get("go_backwards"):
        return item
    name = f"backward_{config.get('name', 'layer')}"
    second = {"class_name": inner["class_name"], "config": {**config, "go_backwards": False, "name": name}}
    context.log.rewrite(item.name, "the wrapped layer runs backwards, so its twin runs forwards")
    return replace(item, config={**item.config, "backward_layer": second})


EPSILONS: tuple[tuple[tuple[int, int], float], ...] = (((1, 2), 1e-3), ((1, 0), 1e-5), ((0, 0), 1e-6))
"""BatchNormalization's default epsilon from this version on, newest first (Keras 0.3.3, 1.0.8, 1.2.2)."""


def epsilon_defaults(item: Item, context: Context) -> Item:
    """BatchNormalization's epsilon where the config does not store it."""
    if item.class_name != "BatchNormalization" or "epsilon" in item.config:
        return item
    taken = next(value for since, value in EPSILONS if context.version >= since)
    context.log.rewrite(item.name, f"epsilon is not stored; {taken:g} was this version's default")
    return replace(item, config={**item.config, "epsilon": taken})


def time_major(item: Item, context: Context) -> Item:
    """Dropped where it is False. True is marked for ``removed``, which exchanges the first two axes around it."""
    if "time_major" not in item.config:
        return item
    config = dict(item.config)
    if config.pop("time_major"):
        if config.get("return_state") or config.get("stateful"):
            raise NoArchitecture(f"layer {item.name}: time_major=True with states, which no Keras 3 layer has")
        return replace(item, config={**config, "_time_major": True})
    context.log.rewrite(item.name, "time_major (False) is no argument any more")
    return replace(item, config=config)


def groups(item: Item, context: Context) -> Item:
    """``groups: 1`` on layers that take no groups."""
    if "groups" not in item.config or "groups" in ARGUMENTS.get(item.class_name, ("groups",)):
        return item
    if item.config["groups"] != 1:
        raise NoArchitecture(f"layer {item.name}: {item.class_name} with groups={item.config['groups']}")
    context.log.rewrite(item.name, f"groups (1) is no argument of {item.class_name} any more")
    return replace(item, config={key: value for key, value in item.config.items() if key != "groups"})


def strides_of_one(item: Item, context: Context) -> Item:
    """A ``strides`` of None where Keras 3 wants a number; an empty ``data_format``."""
    config = {key: value for key, value in item.config.items() if not (key == "data_format" and value is None)}
    if item.class_name.startswith(("Conv", "Depthwise", "Separable")) and config.get("strides", 1) is None:
        del config["strides"]
    return replace(item, config=config)
