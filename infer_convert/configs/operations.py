"""TFOpLambda, SlicingOpLambda, TensorFlowOpLayer and Keras 3's operation nodes -> Operations and layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from infer_convert.configs.arguments import ARGUMENTS
from infer_convert.configs.context import Context
from infer_convert.configs.functions import COMPARISONS, KERAS3, MASKS, NODES, PLAIN, SIGNATURES, TENSORFLOW
from infer_convert.configs.graph import Call, Graph, Item, refs_in
from infer_convert.configs.nodes import node_arguments
from infer_convert.configs.steps import Step, inlined, operation
from infer_convert.errors import NoArchitecture
from infer_convert.plan import Ref

UNKNOWN = "_Unknown"
"""The class of an operation that is not rebuilt; fatal only where an output needs it."""


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
        told = {"trainable", "dtype"} & set(item.config) - ({"dtype"} if item.class_name not in ARGUMENTS else set())
        bare = not told and item.inner is None and item.module is None
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
    """Every operation of one level as layers that ``build`` can make."""
    for item in graph.items:
        if not is_operation(item):
            continue
        for number, single in enumerate(_per_call(item)):
            if number or len(item.calls) > 1:
                graph = _split(graph, item, number, single)
            steps = _steps(single, context)
            if steps is None:
                spelled = single.stored_class or single.class_name
                graph = _replaced(graph, replace(single, class_name=UNKNOWN, stored_class=spelled))
                continue
            context.log.rewrite(single.name, f"{_spelled(item)} is {_made(steps)} now")
            graph = inlined(graph, single.name, steps)
    return graph


def _spelled(item: Item) -> str:
    function = item.config.get("function")
    return f"tf.{function}" if isinstance(function, str) else item.stored_class or item.class_name


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
        if function == "einsum":
            bound["operands"] = list(call.refs())
        if function == "take":
            bound["axis"] = bound.get("axis") or 0
        return function, bound
    function = _function(item.class_name)
    names = SIGNATURES.get(function, ())
    own_dtype = function == "cast"
    own = {key: value for key, value in item.config.items() if key != "trainable" and (key != "dtype" or own_dtype)}
    if function == "einsum":
        return function, {**own, "operands": list(call.refs())}
    return function, {**own, **dict(zip(names, call.args, strict=False)), **kwargs}


_CHANNELS_LAST = ("NHWC", "channels_last")
"""TensorFlow's word and Keras 3's."""
_COMMUTE = {"add", "multiply", "maximum", "minimum"}
_BINARY = {*_COMMUTE, "subtract", "divide", "power", "bias_add"}
_UNARY = {"negative", "absolute", "square", "sqrt", "exp", "log", "sigmoid", "tanh", "relu", "relu6"}
_ACTIVATIONS = {"selu", "silu", "softplus", "softsign", "elu", "gelu", "log_softmax", "hard_sigmoid"}
_REDUCE = {"mean", "sum", "max", "min", "var", "std", "prod", "argmax", "argmin", "logsumexp", "any", "all"}
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
    if function in COMPARISONS or function in ("floor_divide", "mod"):
        return _compared(function, bound.get("x1"), bound.get("x2"))
    if function == "where":
        return _where(bound)
    if function == "einsum":
        return _einsum(bound)
    if not isinstance(x, Ref):
        return _as_it_stands(function, bound)
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
    return _shaping(function, x, bound) or _as_it_stands(function, bound)


_OPPOSITE = {"greater": "less", "less": "greater", "greater_equal": "less_equal", "less_equal": "greater_equal",
             "equal": "equal", "not_equal": "not_equal"}  # fmt: skip


def _compared(function: str, left: Any, right: Any) -> tuple[Step, ...] | None:
    if isinstance(left, Ref) and isinstance(right, Ref):
        return (operation("", function, left, right),)
    if isinstance(left, Ref) and _constant(right):
        return (operation("", function, left, x2=right),)
    if isinstance(right, Ref) and _constant(left) and function in _OPPOSITE:
        return (operation("", _OPPOSITE[function], right, x2=left),)
    return None


def _where(bound: Mapping[str, Any]) -> tuple[Step, ...] | None:
    """``where`` with tensors and numbers on either side; operands come first, so a number may stand last only."""
    condition, left, right = bound.get("condition"), bound.get("x1"), bound.get("x2")
    if not isinstance(condition, Ref):
        return None
    if isinstance(left, Ref) and isinstance(right, Ref):
        return (operation("", "where", condition, left, right),)
    if isinstance(left, Ref) and _constant(right):
        return (operation("", "where", condition, left, x2=right),)
    if isinstance(right, Ref) and _constant(left):
        return (operation("otherwise", "logical_not", condition), operation("", "where", 0, right, x2=left))
    if _constant(left) and _constant(right):
        return (operation("", "where", condition, x1=left, x2=right),)
    return None


def _einsum(bound: Mapping[str, Any]) -> tuple[Step, ...] | None:
    subscripts, operands = bound.get("subscripts"), bound.get("operands")
    tensors = list(operands) if isinstance(operands, list | tuple) else [operands]
    if not isinstance(subscripts, str) or not tensors or not all(isinstance(each, Ref) for each in tensors):
        return None
    return (operation("", "einsum", *tensors, subscripts=subscripts),)


def _as_it_stands(function: str, bound: Mapping[str, Any]) -> tuple[Step, ...] | None:
    """A function that ``keras.ops`` has under the same name, with its arguments as they are."""
    known = PLAIN.get(function)
    if known is None:
        return None
    tensors, words = known
    operands = [bound.get(name) for name in tensors]
    given = {name: _plain(bound[name]) for name in words if bound.get(name) is not None}
    if function == "take":
        if bound.get("batch_dims") or not isinstance(operands[0], Ref):
            return None
        if not isinstance(operands[1], Ref):
            indices = _plain(operands.pop())
            if not isinstance(indices, int) and not (isinstance(indices, list) and _numbers(indices)):
                return None
            given["indices"] = indices
    if function in ("average_pool", "max_pool"):
        given = _pooled(given)
    if given.get("ord") == "euclidean":
        del given["ord"]
    if "mode" in given:
        given["mode"] = str(given["mode"]).lower()
    if not all(isinstance(each, Ref) for each in operands) or refs_in(tuple(given.values())):
        return None
    return (operation("", function, *operands, **given),)


def _numbers(values: list[Any]) -> bool:
    return all(isinstance(each, int | float) or (isinstance(each, list) and _numbers(each)) for each in values)


def _pooled(given: dict[str, Any]) -> dict[str, Any]:
    """TensorFlow's ``ksize`` and ``strides`` may count batch and channels (``[1, 2, 2, 1]``); ``SAME`` is ``same``."""
    for key in ("pool_size", "strides"):
        value = given.get(key)
        if isinstance(value, list) and len(value) == 4:
            given[key] = value[1:-1]
    if "padding" in given:
        given["padding"] = str(given["padding"]).lower()
    given.pop("data_format", None)
    return given


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
        return None if key is None else sliced(x, key)
    if function == "slice" and not refs_in((bound.get("begin"), bound.get("size"))):
        starts, sizes = bound["begin"], bound["size"]
        key = [[a, None if n == -1 else a + n, None] for a, n in zip(starts, sizes, strict=True)]
        return (operation("", "getitem", x, key=[None if part == [0, None, None] else part for part in key]),)
    if function in ("depth_to_space", "space_to_depth") and bound.get("data_format", "NHWC") in _CHANNELS_LAST:
        return (operation("", function, x, block_size=bound.get("block", bound.get("block_size"))),)
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
    """A number for every channel (``x - [103.9, 116.8, 123.7]``) or place as Rescaling; outer axes of length 1 say
    nothing."""
    while len(numbers) == 1 and isinstance(numbers[0], list):
        numbers = numbers[0]
    if not numbers or not _numbers(numbers):
        return None
    config: dict[str, Any] = {"scale": 1.0, "offset": _each(numbers, float)}
    if function == "subtract":
        config["offset"] = _each(numbers, lambda number: -float(number))
    elif function == "multiply":
        config = {"scale": _each(numbers, float), "offset": 0.0}
    elif function == "divide":
        try:
            config = {"scale": _each(numbers, lambda number: 1.0 / number), "offset": 0.0}
        except ZeroDivisionError:
            return None
    return (Step("", "Rescaling", config, (x,)),)


def _each(values: Any, change: Callable[[Any], float]) -> Any:
    return [_each(value, change) for value in values] if isinstance(values, list) else change(values)


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


NEW = "new"
"""``None`` (``newaxis``) in a key."""


def item_key(spec: Any) -> list[Any] | None:
    """TensorFlow's and Keras 3's keys -> ``[[start, stop, step], index, "...", NEW]``; None for one with tensors."""
    if not isinstance(spec, list):
        spec = [spec]
    key: list[Any] = []
    for part in spec:
        if isinstance(part, Mapping):
            inner = part.get("config", part)
            if part.get("class_name") == "__ellipsis__":
                key.append("...")
                continue
            if refs_in(inner) or not isinstance(inner, Mapping) or "start" not in inner:
                return None
            key.append([inner.get("start"), inner.get("stop"), inner.get("step")])
        elif part is None:
            key.append(NEW)
        elif isinstance(part, int) and not isinstance(part, bool):
            key.append(part)
        else:
            return None
    return key


def sliced(x: Ref, key: list[Any]) -> tuple[Step, ...]:
    """``x[key]``: one slice, then an ``expand_dims`` for every newaxis."""
    kept = [None if part == [None, None, None] else part for part in key if part != NEW]
    steps: list[Step] = []
    if any(part is not None and part != "..." for part in kept) or NEW not in key:
        steps.append(operation("slice", "getitem", x, key=kept))
    for number, part in enumerate(key):
        if part == NEW:
            steps.append(operation("axis", "expand_dims", len(steps) - 1 if steps else x, axis=_place(key, number)))
    return tuple(steps)


def _place(key: list[Any], number: int) -> int:
    """The axis of a newaxis in the result; counted from the end behind an ellipsis."""
    if "..." in key[:number]:
        return -1 - sum(not isinstance(part, int) for part in key[number + 1 :])
    return sum(not isinstance(part, int) for part in key[:number])
