"""A model inside a model is settled together with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infer_convert.facts import WeightFile
from infer_convert.hints import Hints
from infer_convert.infer import infer

from .files import facts, layers, norm

INSIDE = f"""
input_layer
conv2d kernel:3x3x3x8
batch_normalization {norm(8)}
re_lu
conv2d_1 kernel:3x3x8x16
batch_normalization_1 {norm(16)}
re_lu_1
"""


def around(flat: int) -> WeightFile:
    """The net under Flatten and a Dense that takes ``flat`` values."""
    outside = facts(f"functional\nflatten\ndense kernel:{flat}x5 bias:5")
    model = replace(outside.layers[0], children=layers(INSIDE))
    return replace(outside, layers=(model, *outside.layers[1:]))


@pytest.mark.parametrize(("side", "flat", "scale"), [(32, 8 * 8 * 16, 4), (32, 16 * 16 * 16, 2), (24, 24 * 24 * 16, 1)])
def test_strides_inside_follow_from_the_size_outside(side: int, flat: int, scale: int) -> None:
    shape: tuple[Any, ...] = (side, side, 3)
    plan = infer(around(flat), Hints({"": (shape,)}, library=False)).best
    model = plan.layer("functional").inner
    assert model is not None
    strides = [model.layer(name).config["strides"][0] for name in ("conv2d", "conv2d_1")]
    assert strides[0] * strides[1] == scale
    assert plan.layer("input").config["batch_shape"] == [None, *shape]


LEGACY = """
backbone c1/kernel:3x3x3x4 c1/bias:4 bn/gamma:4 bn/beta:4 bn/moving_mean:4 bn/moving_variance:4
dense kernel:{channels}x6 bias:6
dense_3 kernel:6x2 bias:2
"""


@pytest.mark.parametrize(("channels", "end"), [(144, "Flatten"), (4, "GlobalAveragePooling2D")])
def test_what_a_legacy_file_does_not_show_may_end_a_nested_model(channels: int, end: str) -> None:
    """The layer behind it in the list says what it must give; only its own layers are inside."""
    plan = infer(facts(LEGACY.format(channels=channels)), Hints(library=False)).best
    inner = plan.layer("backbone").inner
    assert inner is not None
    assert inner.layer(inner.outputs[0].layer).class_name == end
    assert [layer.stored for layer in inner.layers if layer.weights] == ["c1", "bn"]
    assert [ref.layer for ref in plan.layer("dense").inbound[0]] == ["backbone"]


OVER_TIME = """
time_distributed c1/kernel:3x3x3x4 c1/bias:4 c2/kernel:3x3x4x8 c2/bias:8
gru gru_cell/kernel:8x15 gru_cell/recurrent_kernel:5x15 gru_cell/bias:2x15
dense kernel:5x2 bias:2
"""


def test_a_recurrent_layer_says_what_a_model_gives_at_every_step() -> None:
    plan = infer(facts(OVER_TIME), Hints(library=False)).best
    inner = plan.layer("time_distributed").inner
    assert inner is not None
    assert inner.layer(inner.outputs[0].layer).class_name in ("GlobalAveragePooling2D", "GlobalMaxPooling2D")
    assert [ref.layer for ref in plan.layer("gru").inbound[0]] == ["time_distributed"]
