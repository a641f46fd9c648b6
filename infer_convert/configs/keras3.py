"""The last steps, for every generation: values that only Keras 3 spells, and nothing that it would refuse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infer_convert.configs.arguments import ARGUMENTS
from infer_convert.configs.context import Context
from infer_convert.configs.graph import Item
from infer_convert.errors import NoArchitecture

OLD_HARD_SIGMOID = "hard_sigmoid_keras2"
"""What ``build/`` calls clip(0.2 x + 0.5, 0, 1), the hard_sigmoid of Keras 0 to 2 (FORMATS §5)."""


def vocabularies(item: Item, context: Context) -> Item:
    """A lookup layer whose words are not in the file would answer with one index for everything: a hole."""
    if item.class_name not in ("StringLookup", "IntegerLookup", "TextVectorization"):
        return item
    words = item.config.get("vocabulary")
    if not isinstance(words, list):
        raise NoArchitecture(
            f"layer {item.name}: the vocabulary of this {item.class_name} is not in the file"
            f" ({'it names ' + words[:60] if isinstance(words, str) else 'it was learnt by adapt()'}); give it with"
            f" --set '{item.name}.vocabulary=[...]'"
        )
    return item


def policies(item: Item, context: Context) -> Item:
    """A dtype policy in any spelling -> its name."""
    dtype = item.config.get("dtype")
    if dtype is None:
        return replace(item, config={key: value for key, value in item.config.items() if key != "dtype"})
    if not isinstance(dtype, Mapping):
        return item
    inner = dtype.get("config")
    if "Quantized" in str(dtype.get("class_name")) or "Int4" in str(dtype.get("class_name")):
        return item
    name = inner.get("name") if isinstance(inner, Mapping) else None
    if name is None:
        return replace(item, config={key: value for key, value in item.config.items() if key != "dtype"})
    if dtype.get("class_name") not in ("DTypePolicy", "Policy", "PolicyV1"):
        context.log.rewrite(item.name, f"the dtype policy {dtype.get('class_name')!r:.40} is read as {name!r:.40}")
    return replace(item, config={**item.config, "dtype": name})


QUANTISED = ("Dense", "EinsumDense", "Embedding", "ReversibleEmbedding")
"""Layers that Keras 3 quantises."""
MODES = re.compile(r"(int8|int4(/-?\d+)?|float8)")


def quantised(item: Item, context: Context) -> Item:
    """A quantised layer is built as one, under the policy's own name (``int8_from_float32``; Keras 3.15
    ``dtype_policies/dtype_policy.py``); modes and layers that are not known are refused."""
    dtype = item.config.get("dtype")
    if not isinstance(dtype, Mapping):
        return item
    inner = dtype.get("config")
    words = inner if isinstance(inner, Mapping) else {}
    mode, source = words.get("mode"), words.get("source_name")
    if item.class_name not in QUANTISED or not isinstance(mode, str) or MODES.fullmatch(mode) is None:
        raise NoArchitecture(
            f"layer {item.name}: it is quantised ({dtype.get('class_name')!s:.40}, {mode!s:.20}); a model of"
            " floating-point layers would compute something else"
        )
    context.log.rewrite(item.name, f"it stays quantised ({mode}); its numbers are those of the file")
    return replace(item, config={**item.config, "dtype": f"{mode}_from_{source}"})


def activations(item: Item, context: Context) -> Item:
    """Functions as names; ``hard_sigmoid`` of Keras 0 to 2 is another function than Keras 3's."""
    config = dict(item.config)
    for key in [key for key in config if key.endswith("activation")]:
        config[key] = _activation(item, key, config[key], context)
    return replace(item, config=config)


_ALIASES = {"softmax_v2": "softmax", "relu_v2": "relu", "sigmoid_v2": "sigmoid", "hard_swish": "hard_silu"}


def _activation(item: Item, key: str, value: Any, context: Context) -> Any:
    if isinstance(value, Mapping):
        inner = value.get("config")
        if isinstance(inner, str):
            value = inner
        elif isinstance(value.get("class_name"), str) and isinstance(inner, Mapping):
            if value["class_name"] in ("__lambda__", "Lambda"):
                raise NoArchitecture(
                    f"layer {item.name}: its {key} is code, which is never run; --set {item.name}.{key}=NAME"
                )
            return value
    if value is None:
        return "linear"
    if not isinstance(value, str):
        raise NoArchitecture(f"layer {item.name}: {key} is {value!r:.60}, which names no function")
    value = _ALIASES.get(value.rpartition(">")[2], value.rpartition(">")[2])
    if value == "hard_sigmoid" and context.generation != "keras3":
        context.log.rewrite(item.name, "hard_sigmoid keeps its old slope (Keras 3 changed the formula)")
        return OLD_HARD_SIGMOID
    return value


_INITIALIZERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "uniform": ("RandomUniform", ("minval", "maxval", "seed")),
    "randomuniform": ("RandomUniform", ("minval", "maxval", "seed")),
    "normal": ("RandomNormal", ("mean", "stddev", "seed")),
    "randomnormal": ("RandomNormal", ("mean", "stddev", "seed")),
    "truncatednormal": ("TruncatedNormal", ("mean", "stddev", "seed")), "zero": ("Zeros", ()), "zeros": ("Zeros", ()),
    "one": ("Ones", ()), "ones": ("Ones", ()), "constant": ("Constant", ("value",)),
    "orthogonal": ("Orthogonal", ("gain", "seed")), "identity": ("Identity", ("gain",)),
    "variancescaling": ("VarianceScaling", ("scale", "mode", "distribution", "seed")),
    "glorotuniform": ("GlorotUniform", ("seed",)), "glorotnormal": ("GlorotNormal", ("seed",)),
    "heuniform": ("HeUniform", ("seed",)), "henormal": ("HeNormal", ("seed",)),
    "lecununiform": ("LecunUniform", ("seed",)), "lecunnormal": ("LecunNormal", ("seed",)),
    "l1": ("L1", ("l1",)), "l2": ("L2", ("l2",)), "l1l2": ("L1L2", ("l1", "l2")), "weight": ("L1L2", ("l1", "l2")),
    "maxnorm": ("MaxNorm", ("max_value", "axis")), "nonneg": ("NonNeg", ()), "unitnorm": ("UnitNorm", ("axis",)),
    "minmaxnorm": ("MinMaxNorm", ("min_value", "max_value", "rate", "axis")),
}  # fmt: skip
"""Squashed name -> Keras 3 class and the arguments to keep. They matter for training on, never for the result."""


def initializers(item: Item, context: Context) -> Item:
    """Initializers, regularizers and constraints: known ones with known arguments, the rest is left out and said."""
    config: dict[str, Any] = {}
    for key, value in item.config.items():
        if not key.endswith(("_initializer", "_regularizer", "_constraint")):
            config[key] = value
            continue
        made = _object(value)
        if made is not None:
            config[key] = made
            if isinstance(value, Mapping) and "dtype" in (value.get("config") or {}):
                context.log.rewrite(item.name, "initializers take no dtype any more")
        elif value is not None:
            context.log.rewrite(item.name, f"{key} {_word(value)} is left out; it acts in training only")
    return replace(item, config=config)


def _word(value: Any) -> str:
    return str(value.get("class_name", "?") if isinstance(value, Mapping) else value)[:40]


def _object(value: Any) -> dict[str, Any] | None:
    inner: Mapping[str, Any] = {}
    if isinstance(value, str):
        name: Any = value
    elif isinstance(value, Mapping):
        name = value.get("class_name") or value.get("name") or ""
        stored = value.get("config")
        own = {key: item for key, item in value.items() if key not in ("name", "class_name")}
        inner = stored if isinstance(stored, Mapping) else own
    else:
        return None
    squashed = str(name).replace("_", "").lower()
    found = None
    for ending in ("", "v1", "v2", "initializer", "regularizer", "constraint"):
        found = found or _INITIALIZERS.get(squashed.removesuffix(ending) if ending else squashed)
    if found is None:
        return None
    new, known = found
    kept = {
        key: item for key, item in inner.items() if key in known and isinstance(item, str | int | float | list | None)
    }
    if new == "VarianceScaling" and kept.get("distribution") == "normal":
        kept["distribution"] = "truncated_normal"
    if any(isinstance(item, list) for key, item in kept.items() if key != "axis"):
        return None
    return {"class_name": new, "config": kept}


def trainable(item: Item, context: Context) -> Item:
    """Some classes refuse ``trainable`` (SpatialDropout); True is everyone's default."""
    if "trainable" not in item.config:
        return item
    config = dict(item.config)
    frozen = config.pop("trainable") is False
    if frozen and item.class_name in ARGUMENTS and not item.class_name.startswith("SpatialDropout"):
        config["trainable"] = False
    return replace(item, config=config)


_HARMLESS = frozenset(
    [
        "activity_regularizer",
        "autocast",
        "rng_type",
        "auto_vectorize",
        "quantization_config",
        "build_config",
        "registered_name",
        "module",
        "shared_object_id",
        "_metadata",
        "vocabulary_size",
        "value_range",
        "noise_shape",
        "seed",
        "seed_generator",
        "implementation",
        "fused",
        "virtual_batch_size",
        "adjustment",
        "input_dtype",
        "ragged",
        "sparse",
        "experimental_run_tf_function",
        "lora_rank",
        "lora_alpha",
        "input_spec",
        "generator",
        "batch_input_shape",
        "_build_config",
        "lora_weights",
        "use_legacy_format",
        "jit_compile",
        "dynamic",
        "expects_training_arg",
        "synchronized",
    ]
)
"""Arguments that never change a prediction."""


def unknown_arguments(item: Item, context: Context) -> Item:
    """Only what the Keras 3 class takes; what changes nothing goes silently, the rest is said and lowers the
    confidence.
    """
    known = ARGUMENTS.get(item.class_name)
    if known is None or item.inner is not None:
        return item
    config: dict[str, Any] = {}
    for key, value in item.config.items():
        ending = key.endswith(("_initializer", "_regularizer", "_constraint"))
        if key in known or key in ("dtype", "trainable") or ending or key.startswith("_"):
            config[key] = value
        elif key in _HARMLESS or value is None or value is False or value in ([], {}, ""):
            context.log.rewrite(item.name, f"{key} is no argument of {item.class_name} in Keras 3")
        else:
            context.log.guess(
                item.name, f"{item.class_name} takes no {key} ({value!r:.40}) in Keras 3; it is left out", 0.8
            )
    return replace(item, config=config)
