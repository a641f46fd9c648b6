"""Config -> Keras layer, from explicit lists only.

Nothing here imports, evaluates or deserialises what a file says: class names are looked up in the tuples below (and
in the user's own ``custom_objects``), keys in the constructor's signature, values are plain JSON.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import keras

from infer_convert.errors import NoArchitecture, RefusedForSafety
from infer_convert.kinds import ACTIVATIONS, OLD_HARD_SIGMOID


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LAYER_CLASSES: tuple[str, ...] = _names(
    """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention Average
    AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization Bidirectional CategoryEncoding CenterCrop
    Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D
    Cropping1D Cropping2D Cropping3D Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense
    Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
    GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization
    GroupQueryAttention HashedCrossing Hashing Identity IntegerLookup LSTM LSTMCell LayerNormalization LeakyReLU
    Masking MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum MultiHeadAttention Multiply
    Normalization PReLU Permute RMSNormalization RNN RandomBrightness RandomContrast RandomCrop RandomFlip
    RandomRotation RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding
    STFTSpectrogram SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D
    SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup Subtract TextVectorization TimeDistributed
    UnitNormalization UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """
)
"""Layers we build. Left out on purpose: Lambda, TFSMLayer, JaxLayer, FlaxLayer, TorchModuleWrapper, Pipeline (foreign
code), and the abstract Layer and Wrapper."""

INITIALIZERS: tuple[str, ...] = _names(
    """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones Orthogonal
    RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros
    """
)
REGULARIZERS: tuple[str, ...] = ("L1", "L2", "L1L2", "OrthogonalRegularizer")
CONSTRAINTS: tuple[str, ...] = ("MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm")
DTYPES: tuple[str, ...] = _names(
    """
    float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 bool string
    mixed_float16 mixed_bfloat16
    """
)

QUANTISED = re.compile(r"(int8|int4(/-?\d+)?|float8)_from_(float32|float16|bfloat16|mixed_float16|mixed_bfloat16)")
"""Names of quantised dtype policies."""

POPPED: dict[str, tuple[str, ...]] = {
    "Embedding": ("input_length",),
    "GRU": ("implementation",),
    "LSTM": ("implementation",),
    "LSTMCell": ("implementation",),
    "LayerNormalization": ("rms_scaling",),
}
"""Arguments that a class takes out of its ``**kwargs`` (Keras 3.15.1)."""

_WRAPPED = ("layer", "backward_layer", "cell", "cells")
_NAMES_A_FILE = ("vocabulary", "idf_weights")


def construct(
    class_name: str,
    config: Mapping[str, Any],
    custom_objects: Mapping[str, type] | None = None,
    wrapped: Any = None,
) -> Any:
    """A Keras layer from its class name and JSON config (``name`` included).

    ``wrapped`` is a ready layer for the ``layer`` argument (a nested model under TimeDistributed). Raises
    NoArchitecture for a class, key or value that is not allowed, RefusedForSafety for code or file names.
    """
    customs = custom_objects or {}
    cls = _layer_class(class_name, customs)
    allowed = allowed_arguments(cls)
    arguments: dict[str, Any] = {}
    for key, value in config.items():
        if key not in allowed and key not in POPPED.get(class_name, ()):
            raise NoArchitecture(f"{class_name} takes no argument {key!r} (in Keras {keras.__version__})")
        arguments[key] = _value(class_name, key, value, customs)
    if wrapped is not None:
        arguments["layer"] = wrapped
    if "data_format" in inspect.signature(cls.__init__).parameters and class_name in LAYER_CLASSES:
        arguments.setdefault("data_format", "channels_last")  # never what a keras.json on this machine says
    return cls(**arguments)


def _layer_class(class_name: str, customs: Mapping[str, type]) -> Any:
    if class_name in customs:
        return customs[class_name]
    if class_name == "Lambda":
        raise RefusedForSafety("a Lambda layer holds code, which is never run; give the class with --custom-objects")
    if class_name not in LAYER_CLASSES or not hasattr(keras.layers, class_name):
        raise NoArchitecture(
            f"{class_name!r} is no layer class that Keras {keras.__version__} has and we build; a class of your own is"
            " given with --custom-objects MODULE:NAME"
        )
    return getattr(keras.layers, class_name)


@lru_cache(maxsize=256)
def allowed_arguments(cls: type) -> frozenset[str]:
    """Constructor arguments by name, through ``**kwargs`` up to ``keras.layers.Layer``'s own."""
    names: set[str] = {"name", "dtype", "trainable"}
    for base in cls.__mro__:
        if "__init__" not in base.__dict__:
            continue
        parameters = inspect.signature(base.__dict__["__init__"]).parameters.values()
        names.update(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
        if base is keras.layers.Layer or not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return frozenset(names - {"self"})


def _value(class_name: str, key: str, value: Any, customs: Mapping[str, type]) -> Any:
    if value is None:
        return None
    if key in _WRAPPED:
        return _wrapped(class_name, key, value, customs)
    if key.endswith("activation"):
        return _activation(class_name, value, customs)
    for ending, module, names in (
        ("_initializer", keras.initializers, INITIALIZERS),
        ("_regularizer", keras.regularizers, REGULARIZERS),
        ("_constraint", keras.constraints, CONSTRAINTS),
    ):
        if key.endswith(ending):
            return _named_object(class_name, key, value, module, names)
    if key == "dtype":
        return _dtype(class_name, value)
    if key in _NAMES_A_FILE and isinstance(value, str):
        raise RefusedForSafety(f"{class_name}: {key} names a file ({value!r}), which is never opened; give a list")
    if not _plain(value):
        raise NoArchitecture(f"{class_name}: the value of {key} is not plain data: {value!r:.80}")
    return value


def _wrapped(class_name: str, key: str, value: Any, customs: Mapping[str, type]) -> Any:
    if isinstance(value, list | tuple):
        return [_wrapped(class_name, key, item, customs) for item in value]
    if not isinstance(value, Mapping) or not isinstance(value.get("class_name"), str):
        raise NoArchitecture(f"{class_name}: {key} should be a wrapped layer {{class_name, config}}, not {value!r:.80}")
    config = dict(value.get("config", {}))
    config.setdefault("name", value["class_name"].lower())
    return construct(value["class_name"], config, customs)


def _activation(class_name: str, value: Any, customs: Mapping[str, type]) -> Any:
    if isinstance(value, Mapping):
        return _wrapped(class_name, "activation", value, customs)
    if value == OLD_HARD_SIGMOID:
        return old_hard_sigmoid()
    if value in customs:
        return customs[value]
    if value not in ACTIVATIONS or not hasattr(keras.activations, str(value)):
        raise NoArchitecture(f"{class_name}: {value!r} is no activation of Keras {keras.__version__}")
    return value


def old_hard_sigmoid() -> Callable[[Any], Any]:
    """Keras 1 and 2's hard_sigmoid out of parts that Keras 3 can save and load again."""
    model: Callable[[Any], Any] = keras.Sequential(
        [keras.layers.Rescaling(0.2, 0.5, name="slope"), keras.layers.ReLU(max_value=1.0, name="clip")],
        name=OLD_HARD_SIGMOID,
    )
    return model


def _named_object(class_name: str, key: str, value: Any, module: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        value = {"class_name": value, "config": {}}
    wanted = value.get("class_name") if isinstance(value, Mapping) else None
    found = next((name for name in names if _squash(name) == _squash(str(wanted))), None)
    if found is None:
        raise NoArchitecture(f"{class_name}: {key}={value!r:.80} is none of {', '.join(names)}")
    cls = getattr(module, found)
    config = dict(value.get("config") or {})
    known = inspect.signature(cls.__init__).parameters
    for name, item in config.items():
        if name not in known or not _plain(item):
            raise NoArchitecture(f"{class_name}: {found} (of {key}) takes no argument {name}={item!r:.60}")
    return cls(**config)


def _squash(name: str) -> str:
    return name.replace("_", "").lower()


def _dtype(class_name: str, value: Any) -> str:
    if isinstance(value, Mapping) and value.get("class_name") == "DTypePolicy":
        value = dict(value.get("config") or {}).get("name")
    if value not in DTYPES and not (isinstance(value, str) and QUANTISED.fullmatch(value)):
        raise NoArchitecture(f"{class_name}: dtype {value!r:.80} is none that we build")
    return str(value)


def _plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_plain(item) for item in value)
    if isinstance(value, Mapping):
        return not {"class_name", "module"} & set(value) and all(_plain(item) for item in value.values())
    return value is None or isinstance(value, bool | int | float | str)
