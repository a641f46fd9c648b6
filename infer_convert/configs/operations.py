"""TFOpLambda, SlicingOpLambda, TensorFlowOpLayer and Keras 3's operation nodes -> Operations and layers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from infer_convert.configs.context import Context
from infer_convert.configs.functions import KERAS3, MASKS, NODES, SIGNATURES, TENSORFLOW
from infer_convert.configs.graph import Call, Graph, Item, refs_in
from infer_convert.configs.nodes import node_arguments
from infer_convert.configs.steps import Step, inlined, operation
from infer_convert.errors import NoArchitecture
from infer_convert.plan import Ref

UNKNOWN = "_Unknown"
"""The class of an operation that is not rebuilt; fatal only where an output needs it."""

MASK = "_Mask"
"""The class of an item that only computes a mask."""


OPERATION_MODULE = "keras.ops"
"""The module that ``marked`` gives to operations of legacy files, which keep none."""


def is_operation(item: Item) -> bool:
    """Whether an item stands for a function, not for a layer."""
    if item.class_name in ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceMethod"):
        return True
    return ".ops." in f"{item.module or ''}."


def marked(graph: Graph, context: Context) -> Graph:
    """Legacy files of Keras 3 store an operation as a bare ``{"class_name": "Relu", "config": {"name": ...}}``: layers
    always have ``trainable`` and a dtype. Must run before those are rewritten."""
    if context.generation != "keras3":
        return graph

    def mark(item: Item) -> Item:
        bare = not {"trainable", "dtype"} & set(item.config) and item.inner is None and item.module is None
        named = item.class_name in MASKS or _function(item.class_name) in SIGNATURES
        if bare and named and item.class_name not in CLASSES_TOO:
            return replace(item, module=OPERATION_MODULE)
        return item

    return graph.mapped(mark)


CLASSES_TOO = ("ReLU", "ELU", "LeakyReLU")
"""Layers whose squashed names are also functions'."""


def _function(class_name: str) -> str:
    return KERAS3.get(class_name) or re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


def lowered(graph: Graph, context: Context) -> Graph:
    """Every operation of one level as layers that ``build`` can make; masks are marked for removal."""
    for item in graph.items:
        if not is_operation(item):
            continue
        if item.class_name in MASKS:
            graph = _replaced(graph, replace(item, class_name=MASK))
            continue
        for number, single in enumerate(_per_call(item)):
            if number or len(item.calls) > 1:
                graph = _split(graph, item, number, single)
            steps = _steps(single, context)
            if steps is None:
                graph = _replaced(graph, replace(single, class_name=UNKNOWN))
                continue
            context.log.rewrite(single.name, f"{_spelled(item)} is {_made(steps)} now")
            graph = inlined(graph, single.name, steps)
    return graph


def _spelled(item: Item) -> str:
    function = item.config.get("function")
    return f"tf.{function}" if isinstance(function, str) else item.class_name


def _made(steps: Sequence[Step]) -> str:
    words = (f"keras.ops.{s.config['function']}" if s.class_name == "Operation" else s.class_name for s in steps)
    return " + ".join(dict.fromkeys(words))


def _replaced(graph: Graph, item: Item) -> Graph:
    return replace(graph, items=tuple(item if each.name == item.name else each for each in graph.items))


def _per_call(item: Item) -> list[Item]:
    """Operations have no weights: each call is an own item, the first keeps the name."""
    if len(item.calls) < 2:
        return [item]
    return [
        replace(item, name=item.name if number == 0 else f"{item.name}_{number}", calls=(call,), hidden=number > 0)
        for number, call in enumerate(item.calls)
    ]


def _split(graph: Graph, item: Item, number: int, single: Item) -> Graph:
    def change(ref: Ref) -> Ref:
        return Ref(single.name, 0, ref.tensor) if (ref.layer, ref.call) == (item.name, number) else ref

    items: list[Item] = []
    for each in graph.items:
        if each.name == item.name:
            items.append(replace(single, calls=single.calls) if number == 0 else each)
            if number:
                items.append(single)
        else:
            items.append(each)
    items = [replace(each, calls=tuple(call.mapped(change) for call in each.calls)) for each in items]
    return replace(graph, items=tuple(items), outputs=tuple(map(change, graph.outputs)))


def _steps(item: Item, context: Context) -> tuple[Step, ...] | None:
    call = item.calls[0] if item.calls else Call()
    function, bound = _bound(item, call)
    return make(function, bound)


def check_known(graph: Graph) -> None:
    """What is left of unknown operations once everything that no output needs is gone; raises NoArchitecture."""
    for item in graph.items:
        if item.class_name != UNKNOWN:
            continue
        raise NoArchitecture(
            f"layer {item.name}: the operation {_spelled(item)} is none that we rebuild; --set"
            f" '{item.name}.class_name=CLASS'"
            " names a layer for it"
        )


def _bound(item: Item, call: Call) -> tuple[str, dict[str, Any]]:
    kwargs = {key: value for key, value in call.kwargs.items() if key != "name"}
    if item.class_name == "TensorFlowOpLayer":
        op, args, more = node_arguments(item.name, item.config, call)
        function = NODES.get(op, op)
        return function, {**dict(zip(SIGNATURES.get(function, ()), args, strict=False)), **more}
    if item.class_name in ("TFOpLambda", "SlicingOpLambda"):
        spelled = str(item.config.get("function"))
        function, names = TENSORFLOW.get(spelled, (spelled, ()))
        order = [name.partition(":")[2] or name for name in names]
        ours = {(name.partition(":")[2] or name): name.partition(":")[0] for name in names}
        bound = {ours.get(name, name): value for name, value in zip(order, call.args, strict=False)}
        bound.update({ours.get(key, key): value for key, value in kwargs.items()})
        return function, bound
    function = _function(item.class_name)
    names = SIGNATURES.get(function, ())
    own = {key: value for key, value in item.config.items() if key not in ("dtype", "trainable")}
    return function, {**own, **dict(zip(names, call.args, strict=False)), **kwargs}


_COMMUTE = {"add", "multiply", "maximum", "minimum"}
_BINARY = {*_COMMUTE, "subtract", "divide", "power", "bias_add"}
_UNARY = {"negative", "absolute", "square", "sqrt", "exp", "log", "sigmoid", "tanh", "relu", "relu6"}
_ACTIVATIONS = {"selu", "silu", "softplus", "softsign", "elu", "gelu", "log_softmax", "hard_sigmoid"}
_REDUCE = {"mean", "sum", "max", "min", "var", "argmax"}
METHODS = {
    "bilinear": "bilinear",
    "nearest": "nearest",
    "bicubic": "bicubic",
    "lanczos3": "lanczos3",
    "lanczos5": "lanczos5",
}


def make(function: str, bound: Mapping[str, Any]) -> tuple[Step, ...] | None:
    """The steps of one function; None when it is none that we rebuild. Refs in ``bound`` are tensors."""
    x = bound.get("x")
    if function in _BINARY:
        return _binary("add" if function == "bias_add" else function, bound.get("x1"), bound.get("x2"))
    if function == "matmul" and bound.get("transpose_b") and not bound.get("transpose_a"):
        return (
            operation("turned", "swapaxes", bound["x2"], axis1=-1, axis2=-2),
            operation("", "matmul", bound["x1"], 0),
        )
    if function == "matmul" and not bound.get("transpose_a") and not bound.get("transpose_b"):
        return (operation("", "matmul", bound["x1"], bound["x2"]),)
    if function == "squared_difference":
        first = _binary("subtract", bound.get("x1"), bound.get("x2"))
        return None if first is None else (*first, operation("", "square", len(first) - 1))
    if function == "add_n" and isinstance(bound.get("xs"), list):
        return (Step("", "Add", {}, tuple(bound["xs"])),)
    if function in ("concatenate", "stack"):
        return _listed(function, bound)
    if not isinstance(x, Ref):
        return None
    if function in _UNARY:
        return (operation("", function, x),)
    if function in _ACTIVATIONS:
        return (Step("", "Activation", {"activation": function}, (x,)),)
    if function == "identity":
        return (Step("", "Identity", {}, (x,)),)
    if function == "rsqrt":
        return (operation("", "power", x, x2=-0.5),)
    if function == "leaky_relu":
        return (Step("", "LeakyReLU", {"negative_slope": bound.get("negative_slope", 0.2)}, (x,)),)
    if function in _REDUCE:
        kept = {"axis": _plain(bound.get("axis")), "keepdims": bool(bound.get("keepdims") or False)}
        return (operation("", function, x, **kept),)
    if function in ("softmax",):
        axis = bound.get("axis", -1)
        return (operation("", function, x, axis=-1 if axis is None else axis),)
    return _shaping(function, x, bound)


def _shaping(function: str, x: Ref, bound: Mapping[str, Any]) -> tuple[Step, ...] | None:
    if function == "clip":
        return (operation("", "clip", x, x_min=bound["x_min"], x_max=bound["x_max"]),)
    if function in ("l2_normalize", "normalize"):
        epsilon = bound.get("epsilon") or 1e-12
        if function == "l2_normalize":
            epsilon = float(epsilon) ** 0.5
        return (
            operation(
                "", "normalize", x, axis=_plain(bound.get("axis", -1)), order=bound.get("order") or 2, epsilon=epsilon
            ),
        )
    if function in ("expand_dims", "squeeze", "flip"):
        axis = _plain(bound.get("axis"))
        if isinstance(axis, list) and len(axis) == 1:
            axis = axis[0]
        return (operation("", function, x, axis=axis),)
    if function == "reshape":
        return _reshape(x, bound.get("newshape"))
    if function == "transpose":
        return (operation("", "transpose", x, axes=_plain(bound.get("axes"))),)
    if function == "flatten":
        return (Step("", "Flatten", {}, (x,)),)
    if function == "split":
        sections = bound.get("indices_or_sections")
        if isinstance(sections, list):
            sections = [sum(sections[: number + 1]) for number in range(len(sections) - 1)]
        return (operation("", "split", x, indices_or_sections=sections, axis=bound.get("axis") or 0),)
    if function == "cast":
        dtype = bound.get("dtype")
        return (operation("", "cast", x, dtype=str(dtype)),) if isinstance(dtype, str) else None
    if function == "getitem":
        key = item_key(bound.get("key"))
        return None if key is None else (operation("", "getitem", x, key=key),)
    if function in ("depth_to_space", "space_to_depth") and bound.get("data_format", "NHWC") == "NHWC":
        return (operation("", function, x, block_size=bound["block"]),)
    if function == "tile" and not refs_in(bound.get("repeats")):
        return (operation("", "tile", x, repeats=list(bound["repeats"])),)
    if function == "pad":
        return _pad(x, bound)
    if function == "resize":
        size = bound.get("size")
        if isinstance(size, list) and len(size) == 2 and not refs_in(size):
            method = METHODS.get(str(bound.get("interpolation") or "bilinear"))
            if method is not None and not bound.get("antialias") and not bound.get("preserve_aspect_ratio"):
                config = {"height": size[0], "width": size[1], "interpolation": method}
                return (Step("", "Resizing", config, (x,)),)
    return None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _binary(function: str, left: Any, right: Any) -> tuple[Step, ...] | None:
    if isinstance(left, Ref) and isinstance(right, Ref):
        return (operation("", function, left, right),)
    if isinstance(left, Ref) and isinstance(right, list) and function in _PER_CHANNEL:
        return _per_channel(function, left, right)
    if isinstance(right, Ref) and isinstance(left, list) and function in _COMMUTE:
        return _per_channel(function, right, left)
    if isinstance(left, Ref) and _constant(right):
        return (operation("", function, left, x2=right),)
    if isinstance(right, Ref) and _constant(left):
        if function in _COMMUTE:
            return (operation("", function, right, x2=left),)
        if function == "subtract":
            return (operation("minus", "negative", right), operation("", "add", 0, x2=left))
        if function == "divide":
            return (operation("inverse", "power", right, x2=-1.0), operation("", "multiply", 0, x2=left))
    return None


_PER_CHANNEL = ("add", "subtract", "multiply", "divide")


def _per_channel(function: str, x: Ref, numbers: list[Any]) -> tuple[Step, ...] | None:
    """A number for every channel (``x - [103.9, 116.8, 123.7]``) as Rescaling; outer axes of length 1 say nothing."""
    while len(numbers) == 1 and isinstance(numbers[0], list):
        numbers = numbers[0]
    if not numbers or not all(isinstance(each, int | float) for each in numbers):
        return None
    config: dict[str, Any] = {"scale": 1.0, "offset": [float(each) for each in numbers]}
    if function == "subtract":
        config["offset"] = [-float(each) for each in numbers]
    elif function in ("multiply", "divide"):
        if function == "divide" and not all(numbers):
            return None
        config = {"scale": [float(each) if function == "multiply" else 1.0 / each for each in numbers], "offset": 0.0}
    return (Step("", "Rescaling", config, (x,)),)


def _constant(value: Any) -> bool:
    return isinstance(value, int | float)


def _listed(function: str, bound: Mapping[str, Any]) -> tuple[Step, ...] | None:
    tensors = bound.get("xs")
    if not isinstance(tensors, list | tuple) or not all(isinstance(each, Ref) for each in tensors):
        return None
    axis = bound.get("axis")
    if function == "concatenate":
        return (operation("", "concatenate", *tensors, axis=-1 if axis is None else axis),)
    return (operation("", "stack", *tensors, axis=0 if axis is None else axis),)


def _reshape(x: Ref, shape: Any) -> tuple[Step, ...] | None:
    """The batch axis may be -1, or a tensor (the batch's own size); then Reshape keeps it dynamic."""
    if not isinstance(shape, list) or not shape:
        return None
    first, rest = shape[0], shape[1:]
    if refs_in(rest):
        return None
    if isinstance(first, Ref) or first in (-1, None):
        return (Step("", "Reshape", {"target_shape": list(rest)}, (x,)),)
    return (operation("", "reshape", x, newshape=list(shape)),)


def _pad(x: Ref, bound: Mapping[str, Any]) -> tuple[Step, ...] | None:
    """Zeros around the axes between batch and channels."""
    amounts = bound.get("pad_width")
    if (
        not isinstance(amounts, list)
        or refs_in(amounts)
        or bound.get("constant_values")
        or len(amounts) not in (3, 4, 5)
    ):
        return None
    if str(bound.get("mode") or "CONSTANT").upper() != "CONSTANT" or amounts[0] != [0, 0] or amounts[-1] != [0, 0]:
        return None
    inner = amounts[1:-1]
    return (Step("", f"ZeroPadding{len(inner)}D", {"padding": inner[0] if len(inner) == 1 else inner}, (x,)),)


def item_key(spec: Any) -> list[Any] | None:
    """TensorFlow's and Keras 3's slices -> ``[null, [start, stop, step], index, ...]``."""
    if not isinstance(spec, list):
        spec = [spec]
    key: list[Any] = []
    for part in spec:
        if isinstance(part, Mapping):
            inner = part.get("config", part)
            if refs_in(inner) or not isinstance(inner, Mapping) or "start" not in inner:
                return None
            bounds = [inner.get("start"), inner.get("stop"), inner.get("step")]
            key.append(None if bounds == [None, None, None] else bounds)
        elif isinstance(part, int) and not isinstance(part, bool):
            key.append(part)
        else:
            return None
    return key
