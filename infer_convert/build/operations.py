"""Functions of ``keras.ops`` that a plan may call where Keras 3 has no layer (``class_name`` ``"Operation"``).

An Operation's config is ``{"function": name, "arguments": {...}}``. Tensors are its operands, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infer_convert.errors import NoArchitecture


@dataclass(frozen=True, slots=True)
class OperationCard:
    """``listed``: the operands go in as one list; ``arguments``: the keywords a plan may give."""

    function: str
    operands: tuple[int, int]
    arguments: tuple[str, ...] = ()
    listed: bool = False


_REDUCE = ("axis", "keepdims")

OPERATIONS: tuple[OperationCard, ...] = (
    OperationCard("add", (1, 2), ("x2",)),
    OperationCard("subtract", (1, 2), ("x2",)),
    OperationCard("multiply", (1, 2), ("x2",)),
    OperationCard("divide", (1, 2), ("x2",)),
    OperationCard("power", (1, 2), ("x2",)),
    OperationCard("maximum", (1, 2), ("x2",)),
    OperationCard("minimum", (1, 2), ("x2",)),
    OperationCard("matmul", (2, 2)),
    OperationCard("negative", (1, 1)),
    OperationCard("absolute", (1, 1)),
    OperationCard("square", (1, 1)),
    OperationCard("sqrt", (1, 1)),
    OperationCard("exp", (1, 1)),
    OperationCard("log", (1, 1)),
    OperationCard("clip", (1, 1), ("x_min", "x_max")),
    OperationCard("relu", (1, 1)),
    OperationCard("relu6", (1, 1)),
    OperationCard("sigmoid", (1, 1)),
    OperationCard("hard_sigmoid", (1, 1)),
    OperationCard("tanh", (1, 1)),
    OperationCard("softmax", (1, 1), ("axis",)),
    OperationCard("mean", (1, 1), _REDUCE),
    OperationCard("sum", (1, 1), _REDUCE),
    OperationCard("max", (1, 1), _REDUCE),
    OperationCard("min", (1, 1), _REDUCE),
    OperationCard("var", (1, 1), _REDUCE),
    OperationCard("argmax", (1, 1), _REDUCE),
    OperationCard("normalize", (1, 1), ("axis", "order", "epsilon")),
    OperationCard("expand_dims", (1, 1), ("axis",)),
    OperationCard("squeeze", (1, 1), ("axis",)),
    OperationCard("reshape", (1, 1), ("newshape",)),
    OperationCard("transpose", (1, 1), ("axes",)),
    OperationCard("flip", (1, 1), ("axis",)),
    OperationCard("split", (1, 1), ("indices_or_sections", "axis")),
    OperationCard("concatenate", (1, 64), ("axis",), listed=True),
    OperationCard("stack", (1, 64), ("axis",), listed=True),
    OperationCard("cast", (1, 1), ("dtype",)),
    OperationCard("swapaxes", (1, 1), ("axis1", "axis2")),
    OperationCard("tile", (1, 1), ("repeats",)),
    OperationCard("depth_to_space", (1, 1), ("block_size",)),
    OperationCard("space_to_depth", (1, 1), ("block_size",)),
    OperationCard("getitem", (1, 1), ("key",)),
    *(OperationCard(name, (1, 1), _REDUCE) for name in ("std", "prod", "argmin", "logsumexp", "any", "all", "median")),
    *(
        OperationCard(name, (1, 1))
        for name in (
            "round",
            "sign",
            "floor",
            "ceil",
            "sin",
            "cos",
            "tan",
            "log1p",
            "log2",
            "log10",
            "expm1",
            "rsqrt",
            "erf",
            "reciprocal",
            "arctan",
            "sinh",
            "cosh",
            "isnan",
            "isfinite",
            "isinf",
            "logical_not",
            "ones_like",
            "zeros_like",
            "trunc",
            "stop_gradient",
            "nan_to_num",
            "log_sigmoid",
            "silu",
        )
    ),
    *(
        OperationCard(name, (1, 2), ("x2",))
        for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal", "floor_divide", "mod")
    ),
    *(OperationCard(name, (2, 2)) for name in ("arctan2", "logical_and", "logical_or", "logical_xor", "outer", "dot")),
    OperationCard("where", (1, 3), ("x1", "x2")),
    OperationCard("cumsum", (1, 1), ("axis",)),
    OperationCard("cumprod", (1, 1), ("axis",)),
    OperationCard("sort", (1, 1), ("axis",)),
    OperationCard("argsort", (1, 1), ("axis",)),
    OperationCard("one_hot", (1, 1), ("num_classes", "axis")),
    OperationCard("repeat", (1, 1), ("repeats", "axis")),
    OperationCard("roll", (1, 1), ("shift", "axis")),
    OperationCard("tril", (1, 1), ("k",)),
    OperationCard("triu", (1, 1), ("k",)),
    OperationCard("moveaxis", (1, 1), ("source", "destination")),
    OperationCard("broadcast_to", (1, 1), ("shape",)),
    OperationCard("norm", (1, 1), ("ord", "axis", "keepdims")),
    OperationCard("take", (1, 2), ("indices", "axis")),
    OperationCard("take_along_axis", (2, 2), ("axis",)),
    OperationCard("average_pool", (1, 1), ("pool_size", "strides", "padding", "data_format")),
    OperationCard("max_pool", (1, 1), ("pool_size", "strides", "padding", "data_format")),
    OperationCard("tensordot", (2, 2), ("axes",)),
    OperationCard("diff", (1, 1), ("n", "axis")),
    OperationCard("diagonal", (1, 1), ("axis1", "axis2")),
    OperationCard("glu", (1, 1), ("axis",)),
    OperationCard("celu", (1, 1), ("alpha",)),
    OperationCard("threshold", (1, 1), ("threshold", "default_value")),
    OperationCard("pad", (1, 1), ("pad_width", "mode", "constant_values")),
    OperationCard("unstack", (1, 1), ("num", "axis")),
    OperationCard("rgb_to_grayscale", (1, 1), ("data_format",)),
    OperationCard("einsum", (1, 8), ("subscripts",)),
)
"""Functions of ``keras.ops`` (3.15) alone; ``rgb_to_grayscale`` is one of ``keras.ops.image``. ``getitem`` is
``x[key]``; its ``key`` lists one integer, null, ``"..."`` or ``[start, stop, step]`` per axis. ``einsum`` takes its
subscripts first."""

_BY_NAME: Mapping[str, OperationCard] = {card.function: card for card in OPERATIONS}


def operation(layer: str, config: Mapping[str, Any]) -> tuple[OperationCard, dict[str, Any]]:
    """The card and the checked arguments of an Operation; NoArchitecture names what is not allowed."""
    card = _BY_NAME.get(str(config.get("function")))
    if card is None:
        raise NoArchitecture(f"{layer}: the operation {config.get('function')!r} is not one of keras.ops we call")
    arguments = dict(config.get("arguments", {}))
    for key, value in arguments.items():
        if key not in card.arguments or not _plain(value):
            raise NoArchitecture(
                f"{layer}: {card.function} takes {card.arguments or 'no arguments'}, not {key}={value!r}"
            )
    return card, arguments


def call_operation(ops: Any, card: OperationCard, arguments: Mapping[str, Any], operands: Sequence[Any]) -> Any:
    """Call the function on Keras tensors; ``ops`` is ``keras.ops``."""
    least, most = card.operands
    if not least <= len(operands) <= most:
        raise ValueError(f"{card.function} takes {least} to {most} tensors, got {len(operands)}")
    if card.function == "getitem":
        return operands[0][item_key(arguments.get("key", []))]
    owner = ops.image if card.function == "rgb_to_grayscale" else ops
    function: Callable[..., Any] = getattr(owner, card.function)
    if card.function == "einsum":
        return function(arguments["subscripts"], *operands)
    return function(list(operands), **arguments) if card.listed else function(*operands, **arguments)


def item_key(key: Sequence[Any]) -> tuple[Any, ...]:
    """``[null, [0, 4, null], 2, "..."]`` -> ``(slice(None), slice(0, 4, None), 2, ...)``."""
    return tuple(_item_key(part) for part in key)


def _item_key(part: Any) -> Any:
    if isinstance(part, list | tuple):
        return slice(*part)
    return {None: slice(None), "...": ...}.get(part, part)


def _plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)
