"""What the user says is a constraint: it is obeyed, or there is no architecture."""

from __future__ import annotations

from typing import Any

import pytest

from infer_convert.errors import NoArchitecture, UsageError
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.plan import Basis, Plan

from .files import CNN, FUNCTIONAL, STRIPPED, TWO, facts


def best(text: str, answers: dict[tuple[str, str], Any] | None = None, weightless: bool = True, **more: Any) -> Plan:
    return infer(facts(text, weightless), Hints(answers=answers or {}, **more)).best


def test_pinned_strides() -> None:
    """With stride 2 another input or another pool leads to 13."""
    plan = best(CNN, {("conv2d", "strides"): [2, 2]})
    assert plan.layer("conv2d").config["strides"] == [2, 2]
    decision = plan.layer("conv2d").decision("strides")
    assert decision is not None and (decision.basis, decision.confidence) == (Basis.USER, 1.0)
    free, kept = best(CNN), ("max_pooling2d", "input")
    assert free.layer("conv2d").config["strides"] == [1, 1]
    assert any(plan.layer(name).config != free.layer(name).config for name in kept)


@pytest.mark.parametrize("strides", [1, [1, 1]])
def test_a_number_stands_for_all_axes(strides: Any) -> None:
    assert best(CNN, {("conv2d", "strides"): strides}).layer("input").config["batch_shape"] == [None, 28, 28, 1]


def test_a_pinned_activation() -> None:
    layer = best(CNN, {("dense", "activation"): "tanh"}).layer("dense")
    decision = layer.decision("activation")
    assert layer.config["activation"] == "tanh" and decision is not None and decision.basis is Basis.USER
    assert decision.alternatives == ()


def test_pinned_operands() -> None:
    free = {ref.layer for ref in best(FUNCTIONAL).layer("add").inbound[0]}
    for skip in ("conv2d", "activation"):
        pinned = best(FUNCTIONAL, {("add", "inbound"): [skip, "batch_normalization"]}).layer("add")
        assert {ref.layer for ref in pinned.inbound[0]} == {skip, "batch_normalization"}
    assert free in ({"conv2d", "batch_normalization"}, {"activation", "batch_normalization"})


U_NET = """
input_1
conv2d kernel:3x3x3x8 bias:8
max_pooling2d
conv2d_1 kernel:3x3x8x16 bias:16
max_pooling2d_1
conv2d_2 kernel:3x3x16x32 bias:32
up_sampling2d
concatenate
conv2d_3 kernel:3x3x48x16 bias:16
up_sampling2d_1
concatenate_1
conv2d_4 kernel:3x3x24x8 bias:8
conv2d_5 kernel:1x1x8x1 bias:1
"""


def test_the_order_of_pinned_operands() -> None:
    """It is kept, and the net's other Concatenates follow it."""
    orders = []
    for told in (["up_sampling2d", "conv2d_1"], ["conv2d_1", "up_sampling2d"]):
        plan = best(U_NET, {("concatenate", "inbound"): told})
        fed = {name: [ref.layer for ref in plan.layer(name).inbound[0]] for name in ("concatenate", "concatenate_1")}
        assert fed["concatenate"] == told
        orders.append(fed["concatenate_1"])
    assert orders == [["up_sampling2d_1", "conv2d"], ["conv2d", "up_sampling2d_1"]]


def test_operands_told_of_a_list_without_branches() -> None:
    """A chain has one operand for each layer: another one is a contradiction and not passed over."""
    text = "a kernel:8x16 bias:16\nb kernel:16x16 bias:16\nc kernel:16x16 bias:16"
    told = {("c", "inbound"): ["b"]}
    assert best(text, told, False).layer("c").inbound[0][0].layer == "b"
    with pytest.raises(NoArchitecture, match="lets c read a"):
        best(text, {("c", "inbound"): ["a"]}, False)


def test_an_activation_told_of_one_hidden_layer_sways_the_others() -> None:
    text = "\n".join(f"{name} kernel:8x8 bias:8" for name in ("a", "b", "c"))
    free, told = best(text, None, False), best(text, {("a", "activation"): "elu"}, False)
    assert [plan.layer("b").config["activation"] for plan in (free, told)] == ["relu", "elu"]
    assert free.layer("c").config["activation"] == told.layer("c").config["activation"] != "elu"
    gated = best(text, {("a", "activation"): "tanh"}, False)
    assert gated.layer("b").config["activation"] == "relu"


def test_a_rescaling_moves_as_it_scales() -> None:
    text = "rescaling\n" + CNN
    for scale, offset in ((1 / 127.5, -1.0), (1 / 255, 0.0)):
        layer = best(text, {("rescaling", "scale"): scale}).layer("rescaling")
        assert (layer.config["scale"], layer.config["offset"]) == (scale, offset)
    told = {("rescaling", "scale"): 1 / 127.5, ("rescaling", "offset"): 0.5}
    assert best(text, told).layer("rescaling").config["offset"] == 0.5


def test_a_sequence_of_rows_is_as_long_as_the_open_map() -> None:
    text = """input_1
conv2d kernel:3x3x1x16 bias:16
max_pooling2d
reshape
lstm kernel:128x96 recurrent_kernel:24x96 bias:96
dense kernel:24x5 bias:5"""
    assert best(text).layer("reshape").config["target_shape"] == [-1, 128]
    fixed = best(text, input_shapes={"": ((16, 16, 1),)})
    assert fixed.layer("reshape").config["target_shape"] == [8, 128]


def test_pinned_operands_are_the_user_s() -> None:
    pinned = best(FUNCTIONAL, {("add", "inbound"): ["conv2d", "batch_normalization"]}).layer("add")
    decision = pinned.decision("inbound")
    assert decision is not None and (decision.basis, decision.confidence) == (Basis.USER, 1.0)


def test_pinned_classes() -> None:
    text = CNN.replace("max_pooling2d", "pool")
    for class_name in ("MaxPooling2D", "AveragePooling2D"):
        layer = best(text, {("pool", "class_name"): class_name}).layer("pool")
        decision = layer.decision("class_name")
        assert layer.class_name == class_name and decision is not None and decision.basis is Basis.USER


def test_a_class_for_a_name_that_says_nothing() -> None:
    """Any class without tensors may be told of a layer without tensors; the conv's 26x26 need a pool of 2."""
    layer = best(CNN.replace("max_pooling2d", "encoder"), {("encoder", "class_name"): "MaxPooling2D"}).layer("encoder")
    assert (layer.class_name, layer.config["pool_size"]) == ("MaxPooling2D", [2, 2])
    with pytest.raises(NoArchitecture, match="BatchNormalization, which a hint demands"):
        best(CNN.replace("max_pooling2d", "encoder"), {("encoder", "class_name"): "BatchNormalization"})


def test_input_shapes() -> None:
    plan = best(STRIPPED, None, False, input_shapes={"": ((26, 26, 1),)})
    assert plan.layer("input").config["batch_shape"] == [None, 26, 26, 1]
    assert [layer.class_name for layer in plan.layers if layer.hidden] == ["MaxPooling2D", "Flatten"]
    assert next(layer for layer in plan.layers if layer.class_name == "Conv2D").config["padding"] == "same"


def test_input_shapes_by_name() -> None:
    plan = best(TWO, input_shapes={"input_2": ((6,),), "": ((5,),)})
    assert [plan.layer(name).config["batch_shape"] for name in ("input_1", "input_2")] == [[None, 5], [None, 6]]


WIDE_DEEP = """
input_2
deep kernel:6x4 bias:4
input_1
concatenate
dense kernel:9x1 bias:1
"""


@pytest.mark.parametrize("told", [((5,), (6,)), ((6,), (5,))])
def test_input_shapes_in_the_order_of_the_model_or_in_that_which_suits(told: Any) -> None:
    """A list by depth has the deep path's input first; ``Model([input_1, input_2], …)`` was written."""
    plan = best(WIDE_DEEP, input_shapes={"": told})
    assert [ref.layer for ref in plan.inputs] == ["input_1", "input_2"]
    assert [plan.layer(ref.layer).config["batch_shape"] for ref in plan.inputs] == [[None, 5], [None, 6]]


CONTRADICTIONS: dict[str, tuple[str, Hints]] = {
    "a size from which no setting leads to 5408": (CNN, Hints(input_shapes={"": ((5, 5, 1),)})),
    "other channels than the kernel's": (CNN, Hints(input_shapes={"": ((28, 28, 3),)})),
    "other axes than the kernel's": (CNN, Hints(input_shapes={"": ((784,),)})),
    "a class that the tensors do not suit": (CNN, Hints(answers={("dense", "class_name"): "LSTM"})),
    "operands that the channels forbid": (FUNCTIONAL, Hints(answers={("add", "inbound"): ["input_1", "conv2d"]})),
    "operands that are not listed": (FUNCTIONAL, Hints(answers={("add", "inbound"): ["nobody", "conv2d"]})),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contradiction_is_no_architecture(name: str) -> None:
    text, hints = CONTRADICTIONS[name]
    with pytest.raises(NoArchitecture) as caught:
        infer(facts(text), hints)
    assert len(str(caught.value)) > 20 and "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [["None", 27, 27, 1], [None, 27, 27, 1], ["?", 27, 27, 1]])
def test_a_pinned_batch_shape_is_an_input_shape(shape: list[Any]) -> None:
    """As the report's own questions spell it."""
    plan = best(CNN, {("input", "batch_shape"): shape, ("conv2d", "strides"): [1, 1]})
    assert plan.layer("input").config["batch_shape"] == [None, 27, 27, 1]
    decision = plan.layer("input").decision("batch_shape")
    assert decision is None or decision.basis is Basis.USER


@pytest.mark.parametrize("shape", [28, "28", [], ["wide", 3], [None, 2.5], [None, True]])
def test_a_batch_shape_that_is_none_is_refused(shape: Any) -> None:
    with pytest.raises(UsageError, match=r"input\.batch_shape: expected sizes"):
        Hints(answers={("input", "batch_shape"): shape})


def test_a_pool_that_the_list_does_not_show_is_told_whole() -> None:
    """As the question about it spells the answers: its window, or that it is not there."""
    free = best(STRIPPED, weightless=False)
    name = next(layer.name for layer in free.layers if layer.class_name == "MaxPooling2D")
    window = {"pool_size": [3, 3], "strides": [2, 2], "padding": "same"}
    told = best(STRIPPED, {(name, "pool_size"): window}, weightless=False).layer(name)
    decision = told.decision("pool_size")
    assert {key: told.config[key] for key in window} == window
    assert decision is not None and (decision.basis, decision.value) == (Basis.USER, window)
    without = best(STRIPPED, {(name, "pool_size"): "none"}, weightless=False)
    assert name not in [layer.name for layer in without.layers]


TWO_WIDTHS = "input_1\ninput_2\ndense kernel:16x4 bias:4\ndense_1 kernel:30x4 bias:4\nadd"


def test_shapes_that_were_told_reach_the_wiring() -> None:
    """The list names the inputs in the order of the layers that read them, so only one way round can be."""
    with pytest.raises(NoArchitecture, match=r"no wiring .*giving 30 channels"):
        best(TWO_WIDTHS, input_shapes={"input_1": ((5, 30),), "input_2": ((5, 16),)})
    plan = best(TWO_WIDTHS, input_shapes={"input_1": ((5, 16),), "input_2": ((5, 30),)})
    assert [ref.layer for ref in plan.layer("dense_1").inbound[0]] == ["input_2"]


def test_the_one_axis_of_words_is_no_width() -> None:
    text = "input_1\nembedding embeddings:50x8\nlstm kernel:8x16 recurrent_kernel:4x16 bias:16\ndense kernel:4x1 bias:1"
    assert best(text, input_shapes={"": ((40,),)}).layer("input_1").config["batch_shape"] == [None, 40]
