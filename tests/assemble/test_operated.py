"""Shapes behind operators are those that ``keras.ops`` gives."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from keras import ops

from infer_convert.assemble.operated import operated
from infer_convert.layers.card import Shape

MAP: Shape = (8, 6, 12)


def given(shapes: tuple[Shape, ...]) -> list[Any]:
    return [keras.KerasTensor((None, *shape)) for shape in shapes]


CASES: tuple[tuple[str, dict[str, Any], tuple[Shape, ...]], ...] = (
    ("getitem", {"key": [None, [1, 5, None], 2]}, (MAP,)),
    ("getitem", {"key": [None, "...", [0, None, 3]]}, (MAP,)),
    ("transpose", {"axes": [0, 3, 1, 2]}, (MAP,)),
    ("concatenate", {"axis": -1}, (MAP, (8, 6, 4), MAP)),
    ("concatenate", {"axis": 1}, ((None, 5), (3, 5))),
    ("average_pool", {"pool_size": 2, "strides": None, "padding": "valid"}, (MAP,)),
    ("max_pool", {"pool_size": [3, 2], "strides": 2, "padding": "same"}, (MAP,)),
    ("mean", {"axis": [1, 2], "keepdims": True}, (MAP,)),
    ("sum", {"axis": -1}, (MAP,)),
    ("expand_dims", {"axis": -1}, (MAP,)),
    ("expand_dims", {"axis": 1}, (MAP,)),
    ("stack", {"axis": -1}, (MAP, MAP)),
    ("pad", {"pad_width": [[0, 0], [1, 2], [0, 0], [3, 3]]}, (MAP,)),
    ("repeat", {"repeats": 3, "axis": 2}, (MAP,)),
    ("add", {}, (MAP, (1, 6, 12))),
)


@pytest.mark.parametrize(("function", "arguments", "shapes"), CASES)
def test_the_shape_is_what_keras_gives(function: str, arguments: dict[str, Any], shapes: tuple[Shape, ...]) -> None:
    tensors = given(shapes)
    if function == "getitem":
        key = [slice(*part) if isinstance(part, list) else part for part in arguments["key"]]
        key = [slice(None) if part is None else ... if part == "..." else part for part in key]
        wanted = tensors[0][tuple(key)].shape
    elif function in ("concatenate", "stack"):
        wanted = getattr(ops, function)(tensors, **arguments).shape
    else:
        wanted = getattr(ops, function)(*tensors, **arguments).shape
    assert operated({"function": function, "arguments": arguments}, shapes) == tuple(wanted[1:])


@pytest.mark.parametrize(
    ("function", "arguments", "shapes"),
    [
        ("getitem", {"key": [None, 9]}, (MAP,)),
        ("getitem", {"key": [0]}, (MAP,)),
        ("mean", {"axis": 0}, (MAP,)),
        ("transpose", {"axes": [1, 0, 2, 3]}, (MAP,)),
        ("concatenate", {"axis": 0}, (MAP, MAP)),
        ("depth_to_space", {"block_size": 5}, (MAP,)),
        ("max_pool", {"pool_size": 20, "strides": 1, "padding": "valid"}, (MAP,)),
        ("add", {}, (MAP, (7, 6, 12))),
    ],
)
def test_what_does_not_suit_has_no_shape(function: str, arguments: dict[str, Any], shapes: tuple[Shape, ...]) -> None:
    assert operated({"function": function, "arguments": arguments}, shapes) is None


def test_what_is_cut_from_an_open_length_is_as_long_as_its_ends_say() -> None:
    assert operated({"function": "getitem", "arguments": {"key": [None, [1, 4, None]]}}, ((None, 3),)) == (3, 3)
    assert operated({"function": "getitem", "arguments": {"key": [None, [1, -4, None]]}}, ((None, 3),)) == (None, 3)


def test_blocks_of_channels_become_pixels_and_back() -> None:
    wide = operated({"function": "depth_to_space", "arguments": {"block_size": 2}}, (MAP,))
    assert wide == (16, 12, 3)
    assert operated({"function": "space_to_depth", "arguments": {"block_size": 2}}, (wide,)) == MAP
