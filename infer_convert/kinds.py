"""What kind of value a field takes, whatever the layer: what no Keras layer takes is refused before anything is
searched.

Only fields that mean the same in every class stand here; the rest is for the shapes, and in the end for Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from infer_convert.errors import UsageError
from infer_convert.hints import Hints

ACTIVATIONS: tuple[str, ...] = (
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish",
    "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid",
    "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax",
    "squareplus", "swish", "tanh", "tanh_shrink", "threshold",
)  # fmt: skip
"""Names of ``keras.activations`` (3.15.1)."""

OLD_HARD_SIGMOID = "hard_sigmoid_keras2"
"""``clip(0.2 x + 0.5, 0, 1)``, what ``hard_sigmoid`` meant up to Keras 2 (FORMATS §5); Keras 3 has another slope."""


def _count(value: Any) -> bool:
    return type(value) is int and value > 0


def _sizes(value: Any) -> bool:
    """One size, or one for each axis."""
    return _count(value) or (isinstance(value, list | tuple) and bool(value) and all(map(_count, value)))


def _window(value: Any) -> bool:
    """Sizes; of a pool that the list does not show, all its settings or the word ``none``."""
    return _sizes(value) or value == "none" or isinstance(value, Mapping)


def _padding(value: Any) -> bool:
    """How a window meets the border, or how many zeros a ZeroPadding adds."""
    if isinstance(value, list | tuple):
        return all(_padding(item) and not isinstance(item, str) for item in value)
    return value in ("valid", "same", "causal") if isinstance(value, str) else type(value) is int and value >= 0


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _word(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _function(value: Any) -> bool:
    """An activation: its name, or a stored config's entry."""
    return value in (*ACTIVATIONS, OLD_HARD_SIGMOID) or isinstance(value, Mapping)


def _operands(value: Any) -> bool:
    """Names, or a list of names for every call."""
    calls = value if isinstance(value, list | tuple) else ()
    names = [name for call in calls for name in (call if isinstance(call, list | tuple) else [call])]
    return bool(calls) and all(map(_word, names))


KINDS: tuple[tuple[tuple[str, ...], Callable[[Any], bool], str], ...] = (
    (("strides", "kernel_size", "dilation_rate", "size"), _sizes, "a whole number above 0, or one for each axis"),
    (("pool_size",), _window, "a whole number above 0, one for each axis, or a table of settings"),
    (("filters", "units", "num_heads", "key_dim", "depth_multiplier", "input_dim", "output_dim"), _count,
     "a whole number above 0"),
    (("padding",), _padding, '"valid", "same", "causal", or how many zeros'),
    (("return_sequences", "return_state", "go_backwards", "use_bias", "mask_zero", "center", "reset_after"), _flag,
     "true or false"),
    (("activation", "recurrent_activation"), _function, "the name of an activation"),
    (("class_name",), _word, "a name"),
    (("inbound",), _operands, 'names of layers, ["conv2d", "relu:1"], or a list of them for every call'),
)  # fmt: skip
"""Fields, what they take, and that in words."""


def check_kinds(hints: Hints) -> None:
    """Raises UsageError for a value that no layer's field of this name takes. The user's own classes may take what they
    like; None says nothing."""
    for (layer, name), value in hints.answers.items() if not hints.customs else ():
        _check(layer, name, value)


def _check(layer: str, name: str, value: Any) -> None:
    if isinstance(value, Mapping) and name == "pool_size":
        for key, each in value.items():
            _check(layer, str(key), each)
    for names, takes, words in KINDS:
        if name in names and value is not None and not takes(value):
            raise UsageError(f"{layer}.{name}: expected {words}, found {value!r}")
