"""Arguments that leave no trace in the file: epsilons, slopes, caps. Shares of what people write, by kind of net."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from infer_convert.draft import Neighbourhood
from infer_convert.layers.passed import ACTIVATIONS
from infer_convert.plan import Basis, Decision, Evidence, Option

Shares = Mapping[Any, float]

_LEAKY: Shares = {0.2: 0.42, 0.3: 0.28, 0.1: 0.2, 0.01: 0.1}
"""0.3 is the Keras default; GANs write 0.2, YOLO 0.1, PyTorch's default is 0.01."""
_BATCH_EPSILON: Shares = {1e-3: 0.88, 1e-5: 0.1, 2e-5: 0.02}
_EVEN_EPSILON: Shares = {1e-5: 0.62, 1e-3: 0.25, 2e-5: 0.13}
"""1e-3 is the Keras default since 1.2; what was written first for other frameworks has theirs, 1e-5 (ResNet and
DenseNet of keras.applications 1.001e-5, MXNet's nets 2e-5), and pads as these do, by as much on either side. Counted
are known nets (``python -m benchmarks count-epsilons``), drawn a little to the middle; without the family of ResNet or
of DenseNet 1e-5 is the likeliest of those that pad evenly, too. 1.001e-5 is counted as 1e-5: where a variance is not
near 0, the two sums round to one number."""
_OLD_BATCH_EPSILON: Shares = {1e-3: 0.4, 1e-5: 0.4, 1e-6: 0.2}
"""1.0 had 1e-5, 1.2 has 1e-3 (FORMATS §5); weights-only files of Keras 1 do not say their version."""
_FIRST_BATCH_EPSILON: Shares = {1e-6: 0.9, 1e-5: 0.05, 1e-3: 0.05}
"""Keras 0.3 had 1e-6 (FORMATS §5)."""


_ONE_CONSTANT: Mapping[str, tuple[str, Shares, str]] = {
    "ELU": ("alpha", {1.0: 0.88, 0.5: 0.06, 0.1: 0.06}, "1.0 is the default"),
    "ThresholdedReLU": ("theta", {1.0: 0.7, 0.5: 0.15, 0.1: 0.15}, "1.0 is the default"),
    "UpSampling2D": ("interpolation", {"nearest": 0.86, "bilinear": 0.14}, "nearest is the default"),
    "Rescaling": ("scale", {1 / 255: 0.8, 1 / 127.5: 0.2}, "images are brought to 0..1, more rarely to -1..1"),
}

CENTRED = (1 / 127.5, 1 / 128)
"""Scales that bring bytes to -1..1: what is scaled so is moved by -1 behind it."""


def offset_for(scale: object) -> float:
    """The ``offset`` of a ``Rescaling`` that goes with its ``scale``."""
    return -1.0 if isinstance(scale, float) and any(abs(scale - usual) < 1e-6 for usual in CENTRED) else 0.0


RECURRENT = ("LSTM", "GRU", "SimpleRNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")


_ENLARGED_AT_ONCE: Shares = {"bilinear": 0.75, "nearest": 0.25}
"""Of maps that are enlarged four times or more at once, or that are what the net gives: DeepLab, PSPNet and BiSeNet
smooth them; of the zoo's and the gallery's six such layers five are bilinear, and the sixth repeats a vector."""
AT_ONCE = 4


def pads_evenly(borders: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a net has several borders of zeros (``ZeroPadding2D``, by their configs), all as wide on either side."""
    pairs = [pair for config in borders for pair in _pairs(config["padding"])]
    return len(pairs) >= 4 and all(before == after for before, after in pairs)


def _pairs(padding: Any) -> list[tuple[int, int]]:
    """What is added before and after rows and columns."""
    rows, columns = (padding, padding) if isinstance(padding, int) else padding
    return [(each, each) if isinstance(each, int) else (each[0], each[1]) for each in (rows, columns)]


def constants(
    near: Neighbourhood,
    index: int,
    generation: str,
    version: str | None,
    config: Mapping[str, Any] | None = None,
    evenly: bool = False,
) -> tuple[Decision, ...]:
    """Decisions about the constants of one layer. ``version`` is the Keras version that the file names; ``config`` are
    the settings that were chosen for it, ``evenly`` is what ``pads_evenly`` says of the net."""
    layer = near.draft.layers[index]
    name = layer.class_name
    if name == "UpSampling2D" and (_ends(near, index) or _times(config or {}) >= AT_ONCE):
        return (_decision("interpolation", _ENLARGED_AT_ONCE, "what is enlarged by much, or in the end, is smoothed"),)
    if name == "LeakyReLU":
        return (_decision("negative_slope", _LEAKY, "Keras' default is 0.3; people write 0.2 and 0.1 as often"),)
    if name in _ONE_CONSTANT:
        return (_decision(*_ONE_CONSTANT[name]),)
    if name == "ReLU":
        mobile = any(item.class_name == "DepthwiseConv2D" for item in near.draft.layers)
        shares: Shares = {6.0: 0.72, None: 0.28} if mobile else {None: 0.96, 6.0: 0.04}
        because = "nets with depthwise convolutions cap their ReLUs at 6" if mobile else "a plain ReLU has no cap"
        return (_decision("max_value", shares, because),)
    if name == "BatchNormalization":
        if evenly and generation not in ("keras0", "keras1"):
            return (_decision("epsilon", _EVEN_EPSILON, "nets that pad evenly are mostly ports, with another epsilon"),)
        shares = {"keras0": _FIRST_BATCH_EPSILON, "keras1": _OLD_BATCH_EPSILON}.get(generation, _BATCH_EPSILON)
        return (_decision("epsilon", shares, "Keras' default of the time"),)
    if name == "LayerNormalization":
        attends = any(item.class_name == "MultiHeadAttention" for item in near.draft.layers)
        shares = {1e-6: 0.72, 1e-3: 0.25, 1e-5: 0.03} if attends else {1e-3: 0.6, 1e-6: 0.38, 1e-5: 0.02}
        because = "transformers are written with 1e-6, Keras' default is 1e-3"
        return (_decision("epsilon", shares, because),)
    if (
        name in RECURRENT
        and layer.config.get("_class", name) != "SimpleRNN"
        and "recurrent_activation" not in layer.config
    ):
        shares, because = _recurrent_activation(layer.config.get("_class", name), generation, version)
        return (_decision("recurrent_activation", shares, because),)
    if name == "Embedding" and any(near.draft.layers[i].class_name in RECURRENT for i in near.consumers[index]):
        return (_decision("mask_zero", {False: 0.8, True: 0.2}, "masking of padded steps is off by default"),)
    if name == "Normalization" and not layer.uses and index not in near.draft.preferred:
        return _normalisation(near, index)
    return ()


def _times(config: Mapping[str, Any]) -> int:
    size = config.get("size", 1)
    return int(size if isinstance(size, int) else max(size))


def _ends(near: Neighbourhood, index: int) -> bool:
    """Whether nothing but activations stands behind a layer."""
    while near.consumers[index]:
        if len(near.consumers[index]) > 1 or near.draft.layers[near.consumers[index][0]].class_name not in ACTIVATIONS:
            return False
        index = near.consumers[index][0]
    return True


_PICTURES = ([0.485, 0.456, 0.406], [0.229**2, 0.224**2, 0.225**2])
"""Mean and variance of ImageNet's channels between 0 and 1 (keras.applications ``efficientnet_v2.py``)."""
_BEHIND_RESCALING, _ELSEWHERE = 0.6, 0.1
"""How often these, and 0 and 1, are the numbers of a Normalization whose constructor got them; set by hand: most have
numbers of their own."""


def _normalisation(near: Neighbourhood, index: int) -> tuple[Decision, ...]:
    """``mean`` and ``variance`` of a Normalization without tensors, which no file keeps."""
    pictures = any(near.draft.layers[item].class_name == "Rescaling" for item in near.before(index))
    values, share = (_PICTURES, _BEHIND_RESCALING) if pictures else ((0.0, 1.0), _ELSEWHERE)
    because = "its constructor got the numbers, which no file of weights keeps"
    return tuple(
        Decision(field, value, share, Basis.ASSUMED, (), (Evidence("habits", 0.0, because),))
        for field, value in zip(("mean", "variance"), values, strict=True)
    )


OLD = "hard_sigmoid_keras2"
"""The piecewise linear function clip(0.2 x + 0.5) that Keras 0-2 called hard_sigmoid."""


def _recurrent_activation(class_name: str, generation: str, version: str | None) -> tuple[Shares, str]:
    """Defaults by version (FORMATS §5): hard_sigmoid up to Keras 2.2 and in tf.keras 1.x, sigmoid from Keras 2.3 and in
    TensorFlow 2; ConvLSTM kept hard_sigmoid until Keras 3."""
    if generation in ("keras0", "keras1"):
        return {OLD: 0.97, "sigmoid": 0.03}, "Keras 0 and 1 had hard_sigmoid as the default"
    if generation == "keras3" or version is None:
        return {"sigmoid": 0.97, OLD: 0.03}, "sigmoid is the default since TensorFlow 2 and in Keras 3"
    numbers = version.removesuffix("-tf").split(".")
    early = numbers[0] == "2" and int(numbers[1]) <= 2
    if class_name.startswith("ConvLSTM"):
        return {OLD: 0.95, "sigmoid": 0.05}, f"Keras {version}'s ConvLSTM had hard_sigmoid as the default"
    if version == "2.2.4-tf":
        return {
            "sigmoid": 0.6,
            OLD: 0.4,
        }, "TensorFlow 1.13 to 2.1 all call themselves 2.2.4-tf; only 1.x had hard_sigmoid"
    if early:
        return {OLD: 0.95, "sigmoid": 0.05}, f"Keras {version} had hard_sigmoid as the default"
    return {"sigmoid": 0.97, OLD: 0.03}, f"Keras {version} has sigmoid as the default"


def _decision(field: str, shares: Shares, because: str) -> Decision:
    value = max(shares, key=lambda key: shares[key])
    others = tuple(Option(other, share) for other, share in shares.items() if other != value)
    return Decision(field, value, shares[value], Basis.ASSUMED, others, (Evidence("habits", 0.0, because),))
