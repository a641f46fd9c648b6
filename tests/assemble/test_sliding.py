"""All settings of a window at once give what they give one by one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infer_convert.assemble.chains import ABSENT
from infer_convert.assemble.settle import _shape_function
from infer_convert.assemble.sliding import at_once
from infer_convert.clues.settings.choices import Setting
from infer_convert.draft import DraftLayer
from infer_convert.layers import CARD_OF
from infer_convert.layers.card import RARE
from infer_convert.layers.pooling import WHOLE

SIDE = st.one_of(st.integers(1, 60), st.integers(60, 300), st.none())
POOLS = ["MaxPooling1D", "MaxPooling2D", "AveragePooling2D", "MaxPooling3D"]
KERNELS = ["Conv1D", "Conv2D", "Conv3D", "SeparableConv2D", "DepthwiseConv2D"]


@pytest.mark.parametrize("name", POOLS + KERNELS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_at_once_as_one_by_one(name: str, data: st.DataObject) -> None:
    axes = int(name[-2])
    config = {RARE: True} if data.draw(st.booleans()) else {}
    if name in KERNELS:
        kernel = data.draw(st.lists(st.integers(1, 7), min_size=axes, max_size=axes))
        config |= {"kernel_size": kernel, "_channels_in": 3, "filters": 5, "depth_multiplier": 2}
    layer = DraftLayer("w", CARD_OF[name], config, (((0, 0),),))
    tried = [Setting(choice, 0.0) for choice in layer.card.choices(config)]
    if name in POOLS:
        whole = {"pool_size": WHOLE, "strides": WHOLE, "padding": "valid"}
        tried += [Setting({ABSENT: True}, 0.0), Setting(whole, 0.0)]
    functions = [_shape_function(layer, setting) for setting in tried]
    together = at_once(layer, tried, functions)
    assert together is not None
    for _ in range(3):
        sides = data.draw(st.lists(SIDE, min_size=axes, max_size=axes))
        operands = ((*sides, data.draw(st.sampled_from([3, 3, 3, 4, None]))),)
        made = [(number, function(operands)) for number, function in enumerate(functions)]
        assert sorted(together(operands)) == [each for each in made if each[1] is not None]


def test_other_layers_are_asked_one_by_one() -> None:
    config = {"kernel_size": [2, 2], "_channels_in": 3, "filters": 5}
    large = DraftLayer("w", CARD_OF["Conv2DTranspose"], config, (((0, 0),),))
    assert at_once(large, [Setting({"strides": [2, 2]}, 0.0)], [lambda shapes: shapes[0]]) is None
    known = DraftLayer("w", CARD_OF["Conv2D"], config, (((0, 0),),))
    assert at_once(known, [Setting({"groups": 2}, 0.0)], [lambda shapes: shapes[0]]) is None
