"""Layers that Keras 3 has no more, told by their tensors and names alone."""

from __future__ import annotations

from typing import Any

import pytest

from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.layers.card import Stored
from infer_convert.layers.recurrent import CARDS

from .files import facts


def classes(plan: Any, name: str) -> list[str]:
    inner = plan.layer(name).inner
    assert inner is not None
    return [layer.config.get("function", layer.class_name) for layer in inner.layers]


@pytest.mark.parametrize(("side", "stride"), [(9, 1), (16, 2)])
def test_a_kernel_per_place_is_locally_connected(side: int, stride: int) -> None:
    """Whatever its name; the strides follow from the map that goes in, the window from the channels before it."""
    grid = (side - 3) // stride + 1
    text = f"conv2d kernel:1x1x3x8 bias:8\nL4 kernel:{grid * grid}x72x6 bias:{grid}x{grid}x6\n"
    text += f"flatten\ndense kernel:{grid * grid * 6}x2 bias:2"
    plan = infer(facts(text), Hints({"": ((side, side, 3),)})).best
    steps = {layer.name: layer for layer in plan.layer("L4").inner.layers}  # type: ignore[union-attr]
    assert steps["local"].config["equation"] == "apk,pko->apo"
    assert len([name for name in steps if name.startswith("patch_")]) == 9
    assert steps["patch_0_1"].config["arguments"]["key"][2] == [1, 1 + (grid - 1) * stride + 1, stride]


@pytest.mark.parametrize(
    ("name", "tensors", "wanted"),
    [
        ("highway_1", "W:8x8 W_carry:8x8 b:8 b_carry:8", "Multiply"),
        ("maxoutdense_1", "kernel:4x8x8 bias:4x8", "max"),
        ("parametricsoftplus_1", "alpha:8 beta:8", "EinsumDense"),
    ],
)
def test_removed_layers_are_rebuilt_by_name(name: str, tensors: str, wanted: str) -> None:
    plan = infer(facts(f"dense kernel:5x8 bias:8\n{name} {tensors}\ndense_1 kernel:8x2 bias:2")).best
    assert wanted in classes(plan, name)
    assert len(plan.layer(name).inner.layers) > 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "wanted"), [("instance_normalization_1", "GroupNormalization"), ("conv_scale", "DepthwiseConv2D")]
)
def test_a_name_beats_layers_whose_tensors_look_the_same(name: str, wanted: str) -> None:
    plan = infer(facts(f"conv kernel:3x3x3x8 bias:8\n{name} gamma:8 beta:8\nconv2 kernel:3x3x8x2 bias:2")).best
    assert wanted in classes(plan, name)
    plain = infer(facts("conv kernel:3x3x3x8 bias:8\nnorm gamma:8 beta:8\nconv2 kernel:3x3x8x2 bias:2")).best
    assert plain.layer("norm").inner is None


def test_a_melgram_stands_in_front_of_images_of_sound() -> None:
    text = "melgram Variable:64x1x1x33 Variable_1:64x1x1x33 Variable_2:33x16\nconv2d kernel:3x3x1x4 bias:4"
    plan = infer(facts(text + "\nglobal_average_pooling2d\ndense kernel:4x2 bias:2")).best
    assert classes(plan, "melgram").count("Conv2D") == 2
    assert plan.layer(plan.inputs[0].layer).config["batch_shape"] == [None, 1, None]


@pytest.mark.parametrize("first", [True, False])
def test_a_kernel_per_gate_is_a_convolutional_lstm_of_keras_1(first: bool) -> None:
    def made(into: int) -> tuple[int, ...]:
        return (3, into, 5, 5) if first else (5, 5, into, 3)

    shapes = {"kernel": made(2), "recurrent_kernel": made(3), "bias": (3,)}
    roles = {
        f"{part}_{gate}": Tensor(f"/c/{part}_{gate}", "", f"{part}_{gate}", shape, "float32")
        for gate in "icfo"
        for part, shape in shapes.items()
    }
    card = next(card for card in CARDS if card.class_name == "ConvLSTM2D")
    assert card.fits is not None
    (fit,) = card.fits(Stored(roles, "keras1"))
    assert fit.config["filters"] == 3 and fit.config["kernel_size"] == [5, 5] and fit.config["_channels_in"] == 2
    assert [use.shape for use in fit.uses] == [(5, 5, 2, 12), (5, 5, 3, 12), (12,)]
    assert fit.uses[0].sources == tuple(f"/c/kernel_{gate}" for gate in "ifco")
    assert ("transpose:3,4,2,0,1" in fit.uses[0].transforms) is first


def test_arrays_of_a_nested_model_in_one_group_are_cut() -> None:
    """``layer.get_weights()`` of every layer, one of which is a model."""

    def layer(name: str, *shapes: tuple[int, ...]) -> StoredLayer:
        made = (Tensor(f"/{name}/{i}", str(i), str(i), shape, "float32") for i, shape in enumerate(shapes))
        return StoredLayer(name, f"/{name}", tuple(made))

    layers = layer("base", (3, 3, 1, 4), (4,), (3, 3, 4, 8), (8,)), layer("head", (8, 2), (2,))
    file = WeightFile("f.h5", 1, "flat", "flat-groups", "weights-only", "recovered", layers, lists_weightless=False)
    inner = infer(file).best.layer("base").inner
    assert inner is not None
    assert [each.class_name for each in inner.layers if each.weights] == ["Conv2D", "Conv2D"]


def test_layers_that_act_in_training_only_pass_shapes_on() -> None:
    text = "input_1\nrandom_flip\ngaussian_dropout\nrandom_rotation\nconv2d kernel:3x3x3x2 bias:2"
    plan = infer(facts(text)).best
    assert plan.layer("input_1").config["batch_shape"] == [None, None, None, 3]
