"""Layers without tensors whose names say nothing."""

from __future__ import annotations

from infer_convert.facts import StoredLayer
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.layers.recognise import is_silent

from .files import facts, typed

JOINED = """
input_1
c1 kernel:3x3x3x8 bias:8
max_pooling2d
c2 kernel:3x3x8x16 bias:16
max_pooling2d_1
c3 kernel:3x3x16x32 bias:32
up_sampling2d
f2
c4 kernel:3x3x48x16 bias:16
up_sampling2d_1
f1
c5 kernel:3x3x24x8 bias:8
mask kernel:1x1x8x1 bias:1
"""


def test_they_may_join_where_nothing_that_keeps_shapes_suits() -> None:
    plan = infer(facts(JOINED), Hints(library=False)).best
    read = {name: {ref.layer for ref in plan.layer(name).inbound[0]} for name in ("f1", "f2")}
    assert {plan.layer(name).class_name for name in read} == {"Concatenate"}
    assert read == {"f2": {"c2", "up_sampling2d"}, "f1": {"c1", "up_sampling2d_1"}}


def test_none_of_these_is_a_candidate() -> None:
    """What is no activation may be something that was not considered."""
    plain = JOINED.replace("3x3x48", "3x3x32").replace("3x3x24", "3x3x16")
    plan = infer(facts(plain), Hints(library=False)).best
    decision = plan.layer("f1").decision("class_name")
    assert decision is not None and decision.confidence <= 0.5


def test_what_a_name_says_is_not_silent() -> None:
    said = [StoredLayer(name, f"/{name}", ()) for name in ("f2", "block1_pool", "relu_1", "merge_1")]
    assert [is_silent(layer) for layer in said] == [True, False, False, False]


def test_they_are_inputs_where_nothing_but_inputs_stands_in_front() -> None:
    entries = typed("left\nright\nfc1 kernel:4x3 bias:3\nfc2 kernel:4x3 bias:3\nsum\nlast\nend kernel:3x2 bias:2")
    assert [entry.best.class_name for entry in entries if not entry.stored.tensors] == [
        "InputLayer", "InputLayer", "Add", "Activation",
    ]  # fmt: skip


def test_a_nameless_layer_in_front_of_maps_may_reshape_a_vector() -> None:
    chain = """
conv1 kernel:3x3x1x8 bias:8
flat
code kernel:392x10 bias:10
wide kernel:10x392 bias:392
1Dto2D
deconv1 kernel:3x3x4x8 bias:4
deconv2 kernel:3x3x1x4 bias:1
"""
    plan = infer(facts(chain), Hints(library=False)).best
    assert plan.layer("1Dto2D").class_name == "Reshape" and plan.layer("1Dto2D").config["target_shape"] == [7, 7, 8]
