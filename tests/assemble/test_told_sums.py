"""``x + y`` leaves no trace in a list; who knows of it can say so."""

from __future__ import annotations

import pytest

from infer_convert.errors import NoArchitecture
from infer_convert.hints import Hints
from infer_convert.infer import infer

from .files import facts

PLAIN = """
input_1
conv2d kernel:3x3x3x8 bias:8
conv2d_1 kernel:3x3x8x8 bias:8
conv2d_2 kernel:3x3x8x8 bias:8
global_average_pooling2d
dense kernel:8x4 bias:4
"""


def test_several_operands_of_a_layer_that_takes_one_are_their_sum() -> None:
    told = {("conv2d_2", "inbound"): ["conv2d", "conv2d_1"],
            ("global_average_pooling2d", "inbound"): ["conv2d_2_sum", "conv2d_2"]}  # fmt: skip
    plan = infer(facts(PLAIN), Hints(answers=told)).best
    hidden = {layer.name: [str(ref) for ref in layer.inbound[0]] for layer in plan.layers if layer.hidden}
    assert hidden == {
        "conv2d_2_sum": ["conv2d", "conv2d_1"],
        "global_average_pooling2d_sum": ["conv2d_2_sum", "conv2d_2"],
    }
    assert [str(ref) for ref in plan.layer("conv2d_2").inbound[0]] == ["conv2d_2_sum"]
    assert plan.layer("conv2d_1").config["strides"] == [1, 1], "what is summed has one size"


def test_what_comes_later_cannot_be_summed() -> None:
    with pytest.raises(NoArchitecture):
        infer(facts(PLAIN), Hints(answers={("conv2d_1", "inbound"): ["conv2d", "conv2d_2"]}))
    with pytest.raises(NoArchitecture):
        infer(facts(PLAIN), Hints(answers={("conv2d_1", "inbound"): ["conv2d", "input_1"]}))
