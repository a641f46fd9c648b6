"""Chains: lists that show everything, and lists that show only what has weights."""

from __future__ import annotations

import pytest

from infer_convert.assemble.chains import ABSENT, check_any, sequential, stripped
from infer_convert.draft import Draft
from infer_convert.errors import NoArchitecture
from infer_convert.infer import infer

from .files import CNN, STRIPPED, facts, norm, typed


def classes(draft: Draft) -> list[str]:
    """Of a draft that is a chain."""
    assert [layer.operands for layer in draft.layers] == [
        (), *((((index, 0),),) for index in range(len(draft.layers) - 1)),
    ]  # fmt: skip
    assert draft.outputs == ((len(draft.layers) - 1, 0),)
    return [layer.class_name for layer in draft.layers]


def test_a_sequential_list_is_taken_as_it_stands() -> None:
    assert classes(sequential(typed(CNN))) == ["InputLayer", "Conv2D", "MaxPooling2D", "Flatten", "Dense"]


def test_a_stripped_list_gets_back_what_may_have_been_there() -> None:
    draft = stripped(typed(STRIPPED, False))
    assert classes(draft) == ["InputLayer", "Conv2D", "MaxPooling2D", "Flatten", "Dense"]
    assert [layer.stored for layer in draft.layers] == [None, "layer_0", None, None, "layer_1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a kernel:4x8 bias:8\nb kernel:8x2 bias:2", "Dense Dense"),
        (f"a kernel:4x8 bias:8\nb {norm(8)}\nc kernel:8x2 bias:2", "Dense BatchNormalization Activation Dense"),
        (f"a kernel:4x8 bias:8\nb {norm(8)}\nc alpha:8\nd kernel:8x2", "Dense BatchNormalization PReLU Dense"),
        ("a kernel:3x1x4 bias:4\nb kernel:3x4x4 bias:4", "Conv1D MaxPooling1D Conv1D"),
        ("a kernel:3x3x1x4 bias:4\nb kernel:4x2 bias:2", "Conv2D MaxPooling2D GlobalAveragePooling2D Dense"),
        ("a kernel:10x64 bias:64\nb kernel:3x3x4x2 bias:2", "Dense Reshape Conv2D"),
        (
            f"a kernel:10x64 bias:64\nb {norm(4)}\nc kernel:3x3x4x2 bias:2",
            "Dense Reshape BatchNormalization Activation Conv2D",
        ),
        (
            f"a kernel:10x64 bias:64\nb {norm(64)}\nc kernel:3x3x4x2 bias:2",
            "Dense BatchNormalization Activation Reshape Conv2D",
        ),
    ],
)
def test_what_stands_between(text: str, expected: str) -> None:
    assert classes(stripped(typed(text, False)))[1:] == expected.split()


def test_a_backbone_ends_like_its_blocks() -> None:
    """What stands behind every normalised convolution stands behind the last one too, whose head is elsewhere."""
    block = "{0} kernel:3x3x{1}x8 bias:8\n{0}_bn " + norm(8) + "\n"
    two = classes(stripped(typed((block.format("a", 1) + block.format("b", 8)).strip(), False)))
    assert two[-3:] == ["Conv2D", "BatchNormalization", "Activation"]
    assert classes(stripped(typed(block.format("a", 1).strip(), False)))[-1] == "BatchNormalization", "no other block"
    plan = infer(facts((block.format("a", 1) + block.format("b", 8)).strip(), False)).best
    (doubt,) = (decision for decision in plan.layers[-1].decisions if decision.field == "activation")
    assert doubt.value == "relu" and 0.6 < doubt.confidence < 0.85
    assert doubt.alternatives[0].value == "linear" and doubt.alternatives[0].confidence > 0.1


def test_supposed_layers_take_no_name_that_is_taken() -> None:
    draft = stripped(typed(STRIPPED.replace("layer_1", "flatten"), False))
    assert len({layer.name for layer in draft.layers}) == len(draft.layers)


def test_5408_numbers_are_a_pooled_map() -> None:
    """13·13·32: 28 → 26 → 13. The pool has alternatives, the Flatten behind it has none."""
    plan = infer(facts(STRIPPED, False)).best
    assert [layer.class_name for layer in plan.layers] == ["InputLayer", "Conv2D", "MaxPooling2D", "Flatten", "Dense"]
    assert plan.layer("input").config["batch_shape"] == [None, 28, 28, 1]
    pool = next(layer for layer in plan.layers if layer.class_name == "MaxPooling2D")
    assert pool.hidden and pool.config["pool_size"] == [2, 2]
    (doubt,) = (decision for decision in pool.decisions if decision.field == "pool_size")
    assert doubt.alternatives and doubt.confidence < 1


def test_a_map_that_was_not_pooled_gets_no_pool() -> None:
    """26·26·8 behind a kernel of 3: 28 → 26."""
    plan = infer(facts("a kernel:3x3x1x8 bias:8\nb kernel:5408x10 bias:10", False)).best
    assert [layer.class_name for layer in plan.layers] == ["InputLayer", "Conv2D", "Flatten", "Dense"]
    assert plan.layer("input").config["batch_shape"] == [None, 28, 28, 1]
    assert not any(ABSENT in layer.config for layer in plan.layers)


def test_an_empty_list_is_no_model() -> None:
    with pytest.raises(NoArchitecture, match="no layers"):
        check_any(())


def test_heads_that_cannot_follow_each_other_stand_side_by_side() -> None:
    """Mean and log variance of an encoder."""
    draft = stripped(typed("a kernel:20x16 bias:16\nb kernel:16x8 bias:8\nc kernel:16x8 bias:8", False))
    assert [layer.operands for layer in draft.layers] == [(), (((0, 0),),), (((1, 0),),), (((1, 0),),)]
    assert draft.outputs == ((2, 0), (3, 0))
    chain = stripped(typed("a kernel:20x16 bias:16\nb kernel:16x16 bias:16\nc kernel:16x8 bias:8", False))
    assert len(chain.outputs) == 1


def test_a_matrix_in_front_of_a_recurrent_layer_holds_words() -> None:
    text = "a kernel:50x8\nb kernel:8x24 recurrent_kernel:6x24 bias:24\nc kernel:6x3 bias:3"
    assert classes(stripped(typed(text, weightless=False)))[1] == "Embedding"
    assert classes(stripped(typed(text.replace("50x8", "50x8 bias:8"), weightless=False)))[1] == "Dense"
