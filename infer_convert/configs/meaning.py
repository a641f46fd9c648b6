"""What an expression over tensors means as Keras 3 layers and operations: functions are known by their usual names.

``K`` is taken for Keras' backend, ``tf`` for TensorFlow, ``ops`` for keras.ops, ``np`` for numpy, as everybody imports
them; a file does not store what its globals were, so this is a reading, not a fact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from infer_convert.configs.code.expressions import (
    Argument,
    Attribute,
    Binary,
    Called,
    Constant,
    Cut,
    Item,
    Name,
    Several,
    Unary,
    text,
)
from infer_convert.configs.code.marshalled import Unreadable
from infer_convert.configs.functions import SIGNATURES, TENSORFLOW
from infer_convert.configs.operations import NEW, make, sliced
from infer_convert.configs.steps import Step
from infer_convert.plan import Ref

USUAL = 0.96
"""Confidence that names mean what they usually mean, in code that was read to its end."""
UNDOTTED = 0.8
"""The same for a function that stands without its module."""
WITHOUT_NOISE = 0.5
"""Confidence in a sampling layer's mean as what the model should give."""
ONLY_A_NAME = 0.75
"""Confidence in a function of which nothing but the name is stored."""

_X = ("x",)
_REDUCED = ("x", "axis", "keepdims")
BACKEND: dict[str, tuple[str, tuple[str, ...]]] = {
    **{name: (name, _REDUCED) for name in ("mean", "sum", "max", "min", "prod", "var", "std")},
    **{name: (name, _X) for name in ("square", "exp", "log", "sigmoid", "tanh", "softplus", "softsign",
       "hard_sigmoid", "round", "sign", "sin", "cos", "identity")},
    **{name: (name, ("x1", "x2")) for name in ("maximum", "minimum", "equal", "not_equal", "greater", "greater_equal",
       "less", "less_equal")},
    "abs": ("absolute", _X), "sqrt": ("root", _X), "pow": ("power", ("x1", "x2")), "argmax": ("argmax", ("x", "axis")),
    "softmax": ("softmax", ("x", "axis")), "l2_normalize": ("l2_normalize", ("x", "axis")),
    "expand_dims": ("expand_dims", ("x", "axis")), "squeeze": ("squeeze", ("x", "axis")),
    "reshape": ("reshape", ("x", "newshape")), "permute_dimensions": ("transpose", ("x", "axes")),
    "concatenate": ("concatenate", ("xs", "axis")), "stack": ("stack", ("xs", "axis")),
    "dot": ("matmul", ("x1", "x2")), "batch_dot": ("batch_dot", ("x1", "x2", "axes")),
    "relu": ("relu", ("x", "alpha", "max_value", "threshold")), "elu": ("elu", ("x", "alpha")),
    "clip": ("clip", ("x", "x_min", "x_max")), "cast": ("cast", ("x", "dtype")), "reverse": ("flip", ("x", "axis")),
    "repeat": ("repeat_vector", ("x", "n")), "repeat_elements": ("repeat", ("x", "repeats", "axis")),
    "tile": ("tile", ("x", "repeats")), "batch_flatten": ("flatten", _X), "stop_gradient": ("identity", _X),
    "spatial_2d_padding": ("border", ("x", "padding")), "temporal_padding": ("border", ("x", "padding")),
    "resize_images": ("upsample", ("x", "height_factor", "width_factor", "data_format")),
    "one_hot": ("one_hot", ("x", "num_classes")), "cumsum": ("cumsum", ("x", "axis")),
    "shape": ("shape", _X), "int_shape": ("shape", _X),
}  # fmt: skip
"""Functions of Keras' backend (Keras 2.15 ``backend.py``), as canonical names with our arguments in their order."""

_DEFAULTS: dict[str, dict[str, Any]] = {
    "argmax": {"axis": -1}, "expand_dims": {"axis": -1}, "softmax": {"axis": -1}, "concatenate": {"axis": -1},
}  # fmt: skip
_TF_ALSO: dict[str, tuple[str, tuple[str, ...]]] = {
    "norm": ("norm", ("x:tensor", "ord", "axis", "keepdims")), "shape": ("shape", ("x:input",)),
    "round": ("round", _X), "math.round": ("round", _X), "sign": ("sign", _X), "math.sign": ("sign", _X),
    "sin": ("sin", _X), "cos": ("cos", _X), "math.sin": ("sin", _X), "math.cos": ("cos", _X),
    "floor": ("floor", _X), "math.floor": ("floor", _X), "one_hot": ("one_hot", ("x:indices", "num_classes:depth")),
    "to_float": ("to_float", _X), "repeat": ("repeat", ("x:input", "repeats", "axis")),
    "image.resize_images": ("resize", ("x:images", "size", "interpolation:method")),
    "image.resize_bilinear": ("resize", ("x:images", "size")),
    "image.per_image_standardization": ("standardized", ("x:image",)),
    "image.rgb_to_grayscale": ("grey", ("x:images",)),
    "cumsum": ("cumsum", ("x", "axis")), "math.cumsum": ("cumsum", ("x", "axis")),
    **{f"math.{name}": (name, ("x1:x", "x2:y")) for name in ("greater", "greater_equal", "less", "less_equal", "equal",
       "not_equal")},
    "keras.layers.concatenate": ("concatenate", ("xs", "axis")), "keras.layers.add": ("add_n", ("xs",)),
}  # fmt: skip
_BUILTIN = {"abs": ("absolute", _X)}
_OPERATORS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "**": "power", "@": "matmul",
              ">": "greater", "<": "less", ">=": "greater_equal", "<=": "less_equal"}  # fmt: skip
_FOLD: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "//": lambda a, b: a // b, "%": lambda a, b: a % b, "**": lambda a, b: a**b if abs(b) < 64 and abs(a) < 1e6 else a,
}  # fmt: skip
_NUMERIC: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt, "log": math.log, "exp": math.exp, "float32": float, "float64": float, "float": float,
    "int": int, "int32": int, "constant": lambda value: value, "array": lambda value: value,
    "asarray": lambda value: value,
}  # fmt: skip
_DTYPES = ("float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "bool")
_MODULES = {
    "K": "K", "backend": "K", "keras.backend": "K", "tf.keras.backend": "K", "tensorflow.keras.backend": "K",
    "keras.backend.tensorflow_backend": "K", "tensorflow.python.keras.backend": "K", "tf": "tf", "tensorflow": "tf",
    "K.tf": "tf", "ops": "ops", "keras.ops": "ops", "np": "np", "numpy": "np", "math": "np", "tf.keras.activations":
    "act", "keras.activations": "act", "activations": "act", "tensorflow.keras.activations": "act", "jnp": "ops",
    "tf.compat.v1": "tf", "tensorflow.compat.v1": "tf", "KTF": "tf", "ktf": "tf", "F": "F",
}  # fmt: skip
_ACTIVATIONS = ("relu", "sigmoid", "tanh", "softmax", "elu", "selu", "softplus", "softsign", "linear", "exponential",
                "gelu", "silu", "swish", "mish", "relu6", "hard_sigmoid", "log_softmax")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a tensor; of its sizes only the batch's is known to stay open."""

    of: Ref


BATCH = "batch"
"""The size of the batch axis."""


@dataclass(slots=True)
class Recipe:
    """Steps made so far; ``confidence`` falls with every guess, ``guesses`` says why."""

    steps: list[Step] = field(default_factory=list)
    confidence: float = USUAL
    guesses: list[str] = field(default_factory=list)

    def add(self, made: tuple[Step, ...] | None, what: str) -> Ref:
        """Append the steps of one function; their own numbering moves behind what is there."""
        if made is None:
            raise Unreadable(f"{what[:60]} is not rebuilt")
        first = len(self.steps)
        for step in made:
            self.steps.append(replace(step, operands=tuple(_moved(operand, first) for operand in step.operands)))
        return Ref(f"#{len(self.steps) - 1}")

    def doubt(self, sentence: str, confidence: float) -> None:
        """Lower the confidence once per reason."""
        if sentence not in self.guesses:
            self.guesses.append(sentence)
            self.confidence *= confidence


def _moved(operand: Any, first: int) -> Any:
    if isinstance(operand, int):
        return operand + first if operand >= 0 else operand
    if operand.layer.startswith("#in"):
        return -2 - int(operand.layer[3:])
    return int(operand.layer[1:])


def recipe_of(expression: Any, inputs: Mapping[str, Any]) -> Recipe:
    """The steps that compute an expression. ``inputs`` gives each parameter's value: ``input_ref(i)``, a list of them,
    or a plain value. Unreadable names what is not known."""
    recipe = Recipe()
    made = _lower(expression, inputs, recipe)
    if isinstance(made, list) and made and all(isinstance(each, Ref) for each in made):
        raise Unreadable("it returns several tensors")
    if not isinstance(made, Ref):
        raise Unreadable("it returns no tensor")
    if made != Ref(f"#{len(recipe.steps) - 1}"):
        recipe.add((Step("", "Identity", {}, (made,)),), "identity")
    return recipe


def named_recipe(name: str, module: str, count: int) -> Recipe:
    """A function of which only the name is stored, applied to the layer's inputs."""
    known = module.startswith(("keras.", "tensorflow.", "tf_keras."))
    recipe = Recipe(confidence=USUAL if known else ONLY_A_NAME)
    first: Any = Name(f"keras.activations.{name}" if known and name in _ACTIVATIONS else name)
    given: list[Any] = [Ref(f"#in{number}") for number in range(count)]
    made = _lower(Called(first, (Argument("x"),)), {"x": given[0] if count == 1 else given}, recipe)
    if not isinstance(made, Ref):
        raise Unreadable(f"{name} returns no tensor")
    recipe.confidence = min(recipe.confidence, USUAL if known else ONLY_A_NAME)
    return recipe


def input_ref(number: int) -> Ref:
    """The layer's input of that number."""
    return Ref(f"#in{number}")


def _lower(each: Any, inputs: Mapping[str, Any], recipe: Recipe) -> Any:
    if isinstance(each, Argument):
        if each.name not in inputs:
            raise Unreadable(f"the value of {each.name} is not stored")
        return inputs[each.name]
    if isinstance(each, Constant):
        return each.value
    if isinstance(each, Name):
        return _named(each.dotted)
    if isinstance(each, Several):
        return [_lower(item, inputs, recipe) for item in each.items]
    if isinstance(each, Binary):
        return _binary(each, inputs, recipe)
    if isinstance(each, Unary):
        value = _lower(each.value, inputs, recipe)
        if isinstance(value, Ref):
            return value if each.operator == "+" else recipe.add(make("negative", {"x": value}), "negation")
        return -value if each.operator == "-" else value
    if isinstance(each, Item):
        return _item(each, inputs, recipe)
    if isinstance(each, Attribute):
        owner = _lower(each.owner, inputs, recipe)
        if each.name == "shape" and isinstance(owner, Ref):
            return Shape(owner)
        if each.name == "dtype":
            return "float32"
        raise Unreadable(f".{each.name} is not followed")
    if isinstance(each, Called):
        return _call(each, inputs, recipe)
    raise Unreadable(f"{text(each)[:60]} is not followed")


def _named(dotted: str) -> Any:
    last = dotted.rpartition(".")[2]
    if last in _DTYPES:
        return last
    if last == "newaxis":
        return None
    if dotted in ("np.pi", "math.pi", "numpy.pi"):
        return math.pi
    raise Unreadable(f"the value of {dotted} is not stored")


def _binary(each: Binary, inputs: Mapping[str, Any], recipe: Recipe) -> Any:
    left, right = _lower(each.left, inputs, recipe), _lower(each.right, inputs, recipe)
    if isinstance(left, int | float) and isinstance(right, int | float):
        if each.operator not in _FOLD:
            raise Unreadable(f"{each.operator} of numbers is not followed")
        return _FOLD[each.operator](left, right)
    if isinstance(left, list) and isinstance(right, list) and each.operator == "+":
        return left + right
    function = _OPERATORS.get(each.operator)
    if function is None:
        raise Unreadable(f"the operator {each.operator} is not rebuilt")
    return recipe.add(make(function, {"x1": left, "x2": right}), text(each))


def _item(each: Item, inputs: Mapping[str, Any], recipe: Recipe) -> Any:
    owner = _lower(each.owner, inputs, recipe)
    parts = each.key.items if isinstance(each.key, Several) else (each.key,)
    key = [_key(part, inputs, recipe) for part in parts]
    if isinstance(owner, list) and len(key) == 1:
        return owner[slice(*key[0])] if isinstance(key[0], list) else owner[key[0]]
    if isinstance(owner, Shape) and len(key) == 1:
        if key[0] == 0:
            return BATCH
        raise Unreadable("a size of a tensor is not stored")
    if not isinstance(owner, Ref):
        raise Unreadable(f"{text(each)[:60]} is not followed")
    return recipe.add(sliced(owner, key), text(each))


def _key(part: Any, inputs: Mapping[str, Any], recipe: Recipe) -> Any:
    if isinstance(part, Cut):
        return [_bound(value, inputs, recipe) for value in (part.start, part.stop, part.step)]
    value = _lower(part, inputs, recipe)
    if value is None:
        return NEW
    if value is ...:
        return "..."
    return _whole(value)


def _bound(part: Any, inputs: Mapping[str, Any], recipe: Recipe) -> int | None:
    value = _lower(part, inputs, recipe)
    return None if value is None else _whole(value)


def _whole(value: Any) -> int:
    if not isinstance(value, int | float) or value != int(value):
        raise Unreadable("an index that is no stored number")
    return int(value)


def _call(each: Called, inputs: Mapping[str, Any], recipe: Recipe) -> Any:
    if isinstance(each.function, Attribute):
        return _method(each, inputs, recipe)
    if not isinstance(each.function, Name):
        raise Unreadable(f"{text(each.function)[:60]} is not known")
    module, name = _split(each.function.dotted)
    if "random" in name and not name.startswith("random_"):
        name = name.replace("random.", "random_")
    keywords = dict(each.keywords)
    if name in ("random_normal", "random_uniform", "random_truncated_normal") and module in ("K", "tf", "ops", ""):
        mean = _lower(keywords["mean"], inputs, recipe) if "mean" in keywords else 0.0
        recipe.doubt("its random numbers are taken as their mean, so that the model gives one answer", WITHOUT_NOISE)
        return (float(mean) if isinstance(mean, int | float) else 0.0) if "uniform" not in name else 0.5
    if name == "epsilon" and module == "K":
        return 1e-7
    arguments = [_lower(value, inputs, recipe) for value in each.arguments]
    named = {key: _lower(value, inputs, recipe) for key, value in keywords.items() if key not in ("name",)}
    if arguments and not _tensors(arguments[0]) and module in ("np", "tf", "", "K") and name in _NUMERIC:
        return _numeric(name, arguments[0])
    function, names = _function(module, name, recipe)
    return _applied(function, names, arguments, named, recipe, each)


def _numeric(name: str, value: Any) -> Any:
    if isinstance(value, list) and name in ("array", "asarray", "constant"):
        return value
    if not isinstance(value, int | float):
        raise Unreadable(f"{name} of what is no number")
    try:
        return _NUMERIC[name](value)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{name}({value}) is no number") from error


def _method(each: Called, inputs: Mapping[str, Any], recipe: Recipe) -> Any:
    owner = _lower(each.function.owner, inputs, recipe)
    if isinstance(owner, Shape) and each.function.name == "as_list":
        return owner
    if isinstance(owner, Ref) and each.function.name == "get_shape":
        return Shape(owner)
    raise Unreadable(f".{each.function.name}() is not followed")


def _tensors(value: Any) -> bool:
    return isinstance(value, Ref | Shape) or (isinstance(value, list) and any(map(_tensors, value)))


def _split(dotted: str) -> tuple[str, str]:
    """``tf.nn.softmax`` -> ``("tf", "nn.softmax")``; the longest known module counts."""
    parts = dotted.split(".")
    for end in range(len(parts) - 1, 0, -1):
        module = _MODULES.get(".".join(parts[:end]))
        if module is not None:
            return module, ".".join(parts[end:])
    return "", dotted


def _function(module: str, name: str, recipe: Recipe) -> tuple[str, tuple[str, ...]]:
    found = None
    if module == "":
        recipe.doubt(f"{name} is taken for the function that usually has this name", UNDOTTED)
        bare = name.rpartition(".")[2]
        found = _BUILTIN.get(bare) or BACKEND.get(bare) or _tensorflow(bare) or _own(bare)
    elif module == "K":
        found = BACKEND.get(name)
    elif module == "tf":
        found = _tensorflow(name)
    elif module in ("ops", "np"):
        found = _own(name.rpartition(".")[2])
    if found is None and (module == "act" or name in _ACTIVATIONS) and name in _ACTIVATIONS:
        found = ("activation:" + name, _X)
    if found is None:
        raise Unreadable(f"{name[:60]} is no function that is known here")
    return found


def _tensorflow(name: str) -> tuple[str, tuple[str, ...]] | None:
    name = name.removeprefix("compat.v1.").removeprefix("v1.")
    for prefix in ("", "math.", "linalg.", "nn.", "compat.v1.", "__operators__."):
        found = _TF_ALSO.get(prefix + name) or TENSORFLOW.get(prefix + name)
        if found is not None:
            return found
    return TENSORFLOW.get("math." + name.partition(".")[2])


_OWN: dict[str, tuple[str, tuple[str, ...]]] = {
    **{name: (name, ("x1", "x2")) for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")},
    **{name: (name, _X) for name in ("round", "sign", "sin", "cos", "floor", "swish")},
    "abs": ("absolute", _X), "norm": ("norm", ("x", "ord", "axis", "keepdims")), "shape": ("shape", _X),
    "amax": ("max", _REDUCED), "permute": ("transpose", ("x", "axes")), "repeat": ("repeat", ("x", "repeats", "axis")),
    "one_hot": ("one_hot", ("x", "num_classes")), "dot": ("matmul", ("x1", "x2")), "cumsum": ("cumsum", ("x", "axis")),
    "true_divide": ("divide", ("x1", "x2")),
}  # fmt: skip


def _own(name: str) -> tuple[str, tuple[str, ...]] | None:
    if name in _OWN:
        return _OWN[name]
    return (name, SIGNATURES[name]) if name in SIGNATURES else None


_WORDS = {"keep_dims": "keepdims", "dim": "axis", "reduction_indices": "axis", "axes": "axis", "min_value": "x_min",
          "max_value": "x_max", "pattern": "axes", "shape": "newshape", "perm": "axes", "n": "repeats",
          "block_size": "block", "tensors": "xs", "inputs": "x", "y": "x2", "a": "x2"}  # fmt: skip
"""Keywords of backend functions in our words, where they differ."""


def _applied(
    function: str, names: tuple[str, ...], arguments: list[Any], named: dict[str, Any], recipe: Recipe, each: Called
) -> Any:
    theirs = [name.partition(":")[2] or name for name in names]
    ours = {their: name.partition(":")[0] for their, name in zip(theirs, names, strict=True)}
    if len(arguments) > len(theirs):
        raise Unreadable(f"{text(each)[:60]} has more arguments than are known")
    bound: dict[str, Any] = dict(_DEFAULTS.get(function, {}))
    bound.update({ours[their]: value for their, value in zip(theirs, arguments, strict=False)})
    for key, value in named.items():
        known = ours.get(key) or (key if key in ours.values() else None) or _WORDS.get(key, key)
        if known == "x" and "x" not in ours.values():
            known = "x1" if "x1" in ours.values() else "xs"
        bound[known] = value
    if "newshape" in bound and isinstance(bound["newshape"], list):
        bound["newshape"] = [-1 if size == BATCH else size for size in bound["newshape"]]
    special = SPECIAL.get(function)
    if function.startswith("activation:"):
        return recipe.add((Step("", "Activation", {"activation": function[11:]}, (bound["x"],)),), function)
    made = special(bound) if special is not None else make(function, bound)
    return made if isinstance(made, Shape) else recipe.add(made, text(each))


Made = tuple[Step, ...] | Shape | None


def _operation(function: str, *operands: Any, **arguments: Any) -> Step:
    return Step("", "Operation", {"function": function, "arguments": arguments}, operands)


def _root(bound: Mapping[str, Any]) -> Made:
    """Keras' backend takes the root of no negative number: they count as 0."""
    return _operation("maximum", bound["x"], x2=0.0), _operation("sqrt", 0)


def _norm(bound: Mapping[str, Any]) -> Made:
    if bound.get("ord") not in (None, "euclidean", 2):
        return None
    kept = {"axis": bound.get("axis"), "keepdims": bool(bound.get("keepdims"))}
    return _operation("square", bound["x"]), _operation("sum", 0, **kept), _operation("sqrt", 1)


def _relu(bound: Mapping[str, Any]) -> Made:
    config = {
        "negative_slope": bound.get("alpha") or bound.get("negative_slope") or 0.0,
        "max_value": bound.get("max_value", bound.get("x_max")), "threshold": bound.get("threshold") or 0.0,
    }  # fmt: skip
    return (Step("", "ReLU", config, (bound["x"],)),)


def _batch_dot(bound: Mapping[str, Any]) -> Made:
    axes = bound.get("axes", bound.get("axis"))
    return (Step("", "Dot", {"axes": axes}, (bound["x1"], bound["x2"])),) if axes is not None else None


def _border(bound: Mapping[str, Any]) -> Made:
    padding = bound.get("padding", [[1, 1], [1, 1]])
    rank = 2 if isinstance(padding[0], list) else 1
    return (Step("", f"ZeroPadding{rank}D", {"padding": padding}, (bound["x"],)),)


def _upsample(bound: Mapping[str, Any]) -> Made:
    if bound.get("data_format") in ("channels_first", "th"):
        return None
    size = [int(bound["height_factor"]), int(bound["width_factor"])]
    return (Step("", "UpSampling2D", {"size": size}, (bound["x"],)),)


def _standardized(bound: Mapping[str, Any]) -> Made:
    return None


def _grey(bound: Mapping[str, Any]) -> Made:
    """``tf.image.rgb_to_grayscale``: weights 0.2989, 0.5870, 0.1140."""
    return (_operation("multiply", bound["x"], x2=[0.2989, 0.587, 0.114]), _operation("sum", 0, axis=-1, keepdims=True))


def _compare(function: str) -> Callable[[Mapping[str, Any]], Made]:
    def made(bound: Mapping[str, Any]) -> Made:
        left, right = bound.get("x1"), bound.get("x2")
        if isinstance(left, Ref) and isinstance(right, Ref):
            return (_operation(function, left, right),)
        return (_operation(function, left, x2=right),) if isinstance(left, Ref) else None

    return made


def _plain(function: str, *keys: str) -> Callable[[Mapping[str, Any]], Made]:
    def made(bound: Mapping[str, Any]) -> Made:
        return (_operation(function, bound["x"], **{key: bound[key] for key in keys if key in bound}),)

    return made


SPECIAL: dict[str, Callable[[Mapping[str, Any]], Made]] = {
    "root": _root, "norm": _norm, "relu": _relu, "batch_dot": _batch_dot, "border": _border, "upsample": _upsample,
    "grey": _grey, "shape": lambda bound: Shape(bound["x"]),
    "standardized": _standardized,
    "repeat_vector": lambda bound: (Step("", "RepeatVector", {"n": bound["repeats" if "repeats" in bound else "n"]},
                                         (bound["x"],)),),
    "to_float": lambda bound: (_operation("cast", bound["x"], dtype="float32"),),
    "one_hot": _plain("one_hot", "num_classes"), "cumsum": _plain("cumsum", "axis"),
    "repeat": _plain("repeat", "repeats", "axis"),
    "prod": _plain("prod", "axis", "keepdims"), "std": _plain("std", "axis", "keepdims"),
    **{name: _plain(name) for name in ("round", "sign", "sin", "cos", "floor")},
    **{name: _compare(name) for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")},
}  # fmt: skip
"""Functions that ``operations.make`` does not know."""
