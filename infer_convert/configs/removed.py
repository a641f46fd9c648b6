"""Layers that Keras 3 no longer has, rebuilt from layers and operations that it has.

Each is ``(Item, Context) -> Sequence[Step]``; the item already carries its tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from infer_convert.configs.context import Context
from infer_convert.configs.graph import Graph, Item
from infer_convert.configs.keras3 import OLD_HARD_SIGMOID
from infer_convert.configs.steps import INPUT, Step, inlined, operation
from infer_convert.configs.weights import contradiction
from infer_convert.errors import NoArchitecture
from infer_convert.facts import Tensor
from infer_convert.layers.card import use, within
from infer_convert.plan import WeightUse


def _activation(item: Item) -> Any:
    value = item.config.get("activation", "linear")
    if value == "hard_sigmoid":
        return OLD_HARD_SIGMOID
    return value or "linear"


def _roles(item: Item, *names: str) -> dict[str, Tensor]:
    roles = {_KERAS_1.get(role, role): tensor for role, tensor in within(item.tensors).items()}
    if roles and all(role.isdigit() for role in roles):
        roles = dict(zip(names, (roles[key] for key in sorted(roles, key=int)), strict=False))
    return roles


_KERAS_1 = {"W": "kernel", "b": "bias", "W_carry": "kernel_carry", "b_carry": "bias_carry", "alphas": "alpha",
            "betas": "beta"}  # fmt: skip
"""Keras 1's own words, which people's copies of its layers kept in later versions."""


def highway(item: Item, context: Context) -> Sequence[Step]:
    """y = t·act(x W + b) + (1 − t)·x, t = sigmoid(x W_carry + b_carry) (Keras 1.2.2 ``layers/core.py``, Highway)."""
    roles = _roles(item, "kernel", "kernel_carry", "bias", "bias_carry")
    if "kernel" not in roles or "kernel_carry" not in roles:
        raise contradiction(item, "a Highway has kernel and kernel_carry")
    units = roles["kernel"].shape[1]

    def dense(suffix: str, activation: Any, *names: str) -> Step:
        uses = tuple(
            use(variable, roles[name])
            for variable, name in zip(("kernel", "bias"), names, strict=True)
            if name in roles
        )
        return Step(
            suffix, "Dense", {"units": units, "activation": activation, "use_bias": names[1] in roles}, (INPUT,), uses
        )

    return (
        dense("transform", _activation(item), "kernel", "bias"),
        dense("gate", "sigmoid", "kernel_carry", "bias_carry"),
        Step("gated", "Multiply", {}, (0, 1)),
        operation("closed", "negative", 1),
        operation("carry", "add", 3, x2=1.0),
        Step("carried", "Multiply", {}, (4, INPUT)),
        Step("sum", "Add", {}, (2, 5)),
    )


def maxout(item: Item, context: Context) -> Sequence[Step]:
    """max over nb_feature linear maps: W (nb, in, out), b (nb, out) (Keras 1.2.2, MaxoutDense)."""
    roles = _roles(item, "kernel", "bias")
    kernel = roles.get("kernel")
    if kernel is None or len(kernel.shape) != 3:
        raise contradiction(item, "a MaxoutDense has a kernel of three axes")
    count, into, out = kernel.shape
    wide = count * out
    uses: list[WeightUse] = [use("kernel", kernel, "transpose:1,0,2", f"reshape:{into},{wide}", shape=(into, wide))]
    if "bias" in roles:
        uses.append(use("bias", roles["bias"], f"reshape:{wide}", shape=(wide,)))
    return (
        Step("maps", "Dense", {"units": wide, "use_bias": "bias" in roles}, (INPUT,), tuple(uses)),
        Step("features", "Reshape", {"target_shape": [count, out]}, (0,)),
        operation("max", "max", 1, axis=1),
    )


_LETTERS = "bcdefgh"


def parametric_softplus(item: Item, context: Context) -> Sequence[Step]:
    """alpha·softplus(beta·x), both of the input's shape (Keras 1.2.2 ``advanced_activations.py``)."""
    roles = _roles(item, "alpha", "beta")
    if set(roles) != {"alpha", "beta"}:
        raise contradiction(item, "a ParametricSoftplus has alphas and betas")
    return (
        _scaled("beta", roles["beta"], INPUT),
        Step("softplus", "Activation", {"activation": "softplus"}, (0,)),
        _scaled("alpha", roles["alpha"], 1),
    )


def _scaled(suffix: str, tensor: Tensor, operand: int) -> Step:
    """Elementwise product with a stored tensor: ``einsum("ab,b->ab")``."""
    axes = _LETTERS[: len(tensor.shape)]
    config = {"equation": f"a{axes},{axes}->a{axes}", "output_shape": list(tensor.shape)}
    return Step(suffix, "EinsumDense", config, (operand,), (use("kernel", tensor),))


def locally_connected(item: Item, context: Context) -> Sequence[Step]:
    """An own kernel per place: patches by slicing, then one einsum (Keras 2.2.4 ``layers/local.py``).

    Kernel (places, kh·kw·in, out), with the features of a patch in the order (in, kh, kw) for channels_first; bias
    (rows, cols, out), which for channels_first is *reshaped*, not transposed, to (out, rows, cols)
    (``K.bias_add``). Implementation 2 keeps the whole map (rows, cols, in, rows, cols, out): its patches are picked.
    """
    config = item.config
    rank = 1 if item.class_name.endswith("1D") else 2
    first = config.get("data_format") == "channels_first"
    roles = _roles(item, "kernel", "bias")
    kernel = roles.get("kernel")
    if kernel is None:
        raise contradiction(item, "a LocallyConnected layer has a kernel")
    size = _listed(config["kernel_size"], rank)
    strides = _listed(config.get("strides", 1), rank)
    picked = _picked(item, kernel, size, strides, first)
    if picked is not None:
        places, features, filters = picked.shape
    elif len(kernel.shape) == 3:
        places, features, filters = kernel.shape
    else:
        raise contradiction(item, "a LocallyConnected layer has a kernel of three axes")
    area = math.prod(size)
    if min((*size, *strides)) < 1 or features % area:
        raise contradiction(item, f"windows of {size} at strides {strides} do not make patches of {features} numbers")
    channels = features // area
    grid = _grid(item, roles.get("bias"), places, rank, context)
    uses: list[WeightUse] = []
    if picked is not None:
        uses.append(picked)
    elif first:
        steps = (f"reshape:{places},{channels},{','.join(map(str, size))},{filters}",
                 "transpose:0,2,1,3" if rank == 1 else "transpose:0,2,3,1,4",
                 f"reshape:{places},{features},{filters}")  # fmt: skip
        uses.append(use("kernel", kernel, *steps))
    else:
        uses.append(use("kernel", kernel))
    if "bias" in roles:
        uses.append(_local_bias(roles["bias"], places, filters, first))
    made: list[Step] = []
    for row in range(size[0]):
        for column in range(size[1] if rank == 2 else 1):
            starts = (row, column)[:rank]
            key: list[Any] = [None]
            for start, stride, count in zip(starts, strides, grid, strict=True):
                key.append([start, start + (count - 1) * stride + 1, stride])
            made.append(operation(f"patch_{row}_{column}", "getitem", INPUT, key=[*key, None]))
    if len(made) > 1:
        made.append(Step("patches", "Concatenate", {"axis": -1}, tuple(range(len(made)))))
    made.append(Step("places", "Reshape", {"target_shape": [places, features]}, (len(made) - 1,)))
    equation = {"equation": "apk,pko->apo", "output_shape": [places, filters], "activation": _activation(item)}
    if "bias" in roles:
        equation["bias_axes"] = "po"
    made.append(Step("local", "EinsumDense", equation, (len(made) - 1,), tuple(uses)))
    made.append(Step("grid", "Reshape", {"target_shape": [*grid, filters]}, (len(made) - 1,)))
    if first:
        forward = [2, 1] if rank == 1 else [2, 3, 1]
        back = [2, 1] if rank == 1 else [3, 1, 2]
        made = [Step("last", "Permute", {"dims": forward}), *(_shifted(step) for step in made)]
        made.append(Step("first", "Permute", {"dims": back}, (len(made) - 1,)))
    return made


def _shifted(step: Step) -> Step:
    """The step one place later, reading the first step instead of the input."""
    operands = tuple(operand + 1 if isinstance(operand, int) else operand for operand in step.operands)
    return replace(step, operands=operands)


def _listed(value: Any, rank: int) -> list[int]:
    return [int(each) for each in value] if isinstance(value, list | tuple) else [int(value)] * rank


def _grid(item: Item, bias: Tensor | None, places: int, rank: int, context: Context) -> list[int]:
    if rank == 1:
        return [places]
    if bias is not None and len(bias.shape) == 3:
        return list(bias.shape[:-1])
    side = round(places**0.5)
    if side * side != places:
        raise contradiction(item, f"{places} places do not tell how many rows and columns there are")
    context.log.guess(item.name, f"{places} places are read as {side} × {side}", 0.9)
    return [side, side]


def _local_bias(bias: Tensor, places: int, filters: int, first: bool) -> WeightUse:
    shape = (places, filters)
    if first:
        return use("bias", bias, f"reshape:{filters},{places}", "transpose:1,0", shape=shape)
    return use("bias", bias, f"reshape:{places},{filters}", shape=shape) if bias.shape != shape else use("bias", bias)


def _picked(item: Item, kernel: Tensor, size: list[int], strides: list[int], first: bool) -> WeightUse | None:
    """Implementation 2 (tf.keras): every place's patch out of the map from all inputs to all outputs."""
    implementation = item.config.get("implementation", 1)
    if implementation == 1:
        return None
    rank = len(size)
    if implementation != 2 or item.config.get("padding", "valid") != "valid" or len(kernel.shape) != 2 * rank + 2:
        raise NoArchitecture(
            f"layer {item.name}: {item.class_name} with implementation={implementation} and"
            f" padding={item.config.get('padding', 'valid')!r}; 1 and 2 with valid padding are rebuilt"
        )
    order = tuple(range(2 * rank + 2))
    if first:
        order = (*range(1, rank + 1), 0, *range(rank + 2, 2 * rank + 2), rank + 1)
    shape = [kernel.shape[axis] for axis in order]
    channels, places, filters = shape[rank], shape[rank + 1 : -1], shape[-1]
    target = (math.prod(places), math.prod(size) * channels, filters)
    words = ",".join(map(str, (*size, *strides)))
    moved = (f"transpose:{','.join(map(str, order))}",) if first else ()
    return use("kernel", kernel, *moved, f"local-patches:{words}", shape=target)


def layer_scale(item: Item, context: Context) -> Sequence[Step]:
    """ConvNeXt's LayerScale: every channel times its gamma, as a 1 × 1 depthwise convolution."""
    roles = _roles(item, "gamma")
    gamma = next(iter(roles.values())) if len(roles) == 1 else None
    if gamma is None or len(gamma.shape) != 1:
        raise contradiction(item, "a LayerScale has one gamma per channel")
    (channels,) = gamma.shape
    uses = (use("kernel", gamma, f"reshape:1,1,{channels},1", shape=(1, 1, channels, 1)),)
    return (Step("", "DepthwiseConv2D", {"kernel_size": [1, 1], "use_bias": False}, (INPUT,), uses),)


def batchwise(item: Item, context: Context) -> Sequence[Step]:
    """BatchNormalization(mode=2): the statistics of the batch that it is given, also when predicting (Keras 1.2.2
    ``normalization.py``). The stored running statistics are of no use to it."""
    roles = _roles(item, "gamma", "beta", "moving_mean", "moving_variance")
    gamma, beta = roles.get("gamma"), roles.get("beta")
    if gamma is None or beta is None or len(gamma.shape) != 1:
        raise contradiction(item, "a BatchNormalization has gamma and beta")
    (channels,) = gamma.shape
    axis = int(item.config.get("axis", -1))
    equation = {"equation": "...c,c->...c", "output_shape": channels, "bias_axes": "c"}
    return (
        operation("last", "moveaxis", INPUT, source=axis, destination=-1),
        operation("rows", "reshape", 0, newshape=[-1, channels]),
        operation("mean", "mean", 1, axis=0, keepdims=True),
        operation("variance", "var", 1, axis=0, keepdims=True),
        operation("bounded", "add", 3, x2=float(item.config.get("epsilon", 1e-3))),
        operation("root", "sqrt", 4),
        operation("centred", "subtract", 0, 2),
        operation("normal", "divide", 6, 5),
        Step("scaled", "EinsumDense", equation, (7,), (use("kernel", gamma), use("bias", beta))),
        operation("", "moveaxis", 8, source=-1, destination=axis),
    )


def srelu(item: Item, context: Context) -> Sequence[Step]:
    """SReLU: t_l + a_l (x - t_l) below t_l, t_r + a_r (x - t_r) above t_r = t_l + |stored t_r|, x between (Keras 1.2.2
    ``advanced_activations.py``). Written with the excesses max(x - t, 0), which only need adding and scaling."""
    roles = _roles(item, "t_left", "a_left", "t_right", "a_right")
    if set(roles) != {"t_left", "a_left", "t_right", "a_right"} or len({t.shape for t in roles.values()}) != 1:
        raise contradiction(item, "an SReLU has t_left, a_left, t_right and a_right of one shape")
    letters = _LETTERS[: len(roles["t_left"].shape)]

    def shifted(suffix: str, operand: int, *uses: WeightUse) -> Step:
        config = {"equation": f"a{letters},{letters}->a{letters}", "output_shape": list(roles["t_left"].shape),
                  "bias_axes": letters}  # fmt: skip
        return Step(suffix, "EinsumDense", config, (operand,), uses)

    left, right = roles["t_left"], roles["t_right"]
    ones = replace(use("kernel", left), transforms=("ones",))
    under = replace(use("bias", left), transforms=("negate",))
    over = replace(use("bias", left), sources=(left.path, right.path), transforms=("srelu-right", "negate"))
    return (
        shifted("under", INPUT, ones, under),  # x - t_l
        operation("below", "minimum", 0, x2=0.0),
        _scaled("below_slope", roles["a_left"], 1),
        shifted("over", INPUT, ones, over),  # x - t_r
        operation("above", "maximum", 3, x2=0.0),
        _scaled("above_slope", roles["a_right"], 4),
        Step("lost", "Add", {}, (1, 4)),
        Step("kept", "Subtract", {}, (INPUT, 6)),
        Step("", "Add", {}, (7, 2, 5)),
    )


def time_major(item: Item, context: Context) -> Sequence[Step]:
    """A recurrent layer with time first: axes exchanged before it and, if it returns sequences, after it."""
    config = {key: value for key, value in item.config.items() if key != "_time_major"}
    turned = operation("batch", "transpose", INPUT, axes=[1, 0, 2])
    layer = Step("", item.class_name, config, (0,), item.weights)
    if not config.get("return_sequences"):
        return (turned, layer)
    return (turned, replace(layer, suffix="steps"), operation("", "transpose", 1, axes=[1, 0, 2]))


def nothing(item: Item, context: Context) -> Sequence[Step]:
    """Layers that act in training only."""
    return (Step("", "Identity", {}),)


REMOVED: dict[str, Callable[[Item, Context], Sequence[Step]]] = {
    "Highway": highway,
    "MaxoutDense": maxout,
    "ParametricSoftplus": parametric_softplus,
    "SReLU": srelu,
    "BatchwiseNormalization": batchwise,
    "LayerScale": layer_scale,
    "StochasticDepth": nothing,
    "LocallyConnected1D": locally_connected,
    "LocallyConnected2D": locally_connected,
}
"""Class -> how it is rebuilt."""


def rebuilt(graph: Graph, context: Context) -> Graph:
    """Every removed layer of one level replaced."""
    for item in graph.items:
        make = time_major if item.config.get("_time_major") else REMOVED.get(item.class_name)
        if make is not None:
            steps = make(item, context)
            context.log.rewrite(item.name, f"{item.class_name} is rebuilt from {_classes(steps)}")
            graph = inlined(graph, item.name, steps)
    return graph


def _classes(steps: Sequence[Step]) -> str:
    names: Mapping[str, None] = dict.fromkeys(
        step.config["function"] if step.class_name == "Operation" else step.class_name for step in steps
    )
    return ", ".join(names)
