"""Files without a config whose writer held images channels_first or computed with Theano."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from infer_convert.build.assign import assign
from infer_convert.build.model import build_model
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.pipeline import inspect
from infer_convert.plan import Basis, Plan
from infer_convert.sandbox import open_tensors

from .files import facts

RNG = np.random.default_rng(5)
SHAPE = (9, 9, 3)


def original() -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(4, 2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.set_weights([RNG.normal(size=each.shape).astype("float32") for each in model.get_weights()])
    return model


NAMES = ("convolution2d_1", "maxpooling2d_1", "convolution2d_2", "flatten_1", "dense_1")


def write(path: Path, model: Any, *, first: bool, theano: bool, ending: str = "") -> None:
    """As Keras 1 wrote weights: ``first`` with dim_ordering th, ``theano`` with that backend's kernels."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in NAMES]
        file.attrs["keras_version"] = b"1.2.2"
        for name, layer in zip(NAMES, model.layers, strict=True):
            arrays = layer.get_weights()
            group = file.create_group(name)
            if arrays:
                kernel = arrays[0]
                if kernel.ndim == 4:
                    kernel = kernel[::-1, ::-1] if theano else kernel
                    kernel = kernel.transpose(3, 2, 0, 1) if first else kernel
                elif first:
                    kernel = kernel.reshape(3, 3, 4, 5).transpose(2, 0, 1, 3).reshape(36, 5)
                arrays = [kernel, arrays[1]]
            names = [f"{name}_{word}{ending}" for word in ("W", "b")][: len(arrays)]
            group.attrs["weight_names"] = [each.encode() for each in names]
            for each, array in zip(names, arrays, strict=True):
                group[each] = array


def recovered(path: Path, shape: tuple[int, ...], answers: Any = None) -> tuple[Plan, Any]:
    found = inspect(path)
    with open_tensors(path, facts=found) as store:
        plan = infer(found, Hints({"": (shape,)}, answers or {}, numbers="never")).best
        model = build_model(plan)
        assign(model, plan, store)
    return plan, model


@pytest.mark.parametrize("ending", ["", ":0"], ids=["theano", "tensorflow"])
@pytest.mark.parametrize("first", [True, False], ids=["th", "tf"])
def test_a_keras_1_file_computes_what_its_writer_computed(tmp_path: Path, first: bool, ending: str) -> None:
    """Whatever its backend and layout: kernels turned, rows of the Dense kernel and inputs channels_first."""
    model = original()
    write(tmp_path / "w.h5", model, first=first, theano=not ending, ending=ending)
    images = RNG.normal(size=(2, *SHAPE)).astype("float32")
    given = images.transpose(0, 3, 1, 2) if first else images
    fixed = {("convolution2d_2", "padding"): "same", ("convolution2d_1", "padding"): "valid"}
    plan, found = recovered(tmp_path / "w.h5", given.shape[1:], fixed)
    assert plan.layer(plan.inputs[0].layer).config["batch_shape"] == [None, *given.shape[1:]]
    np.testing.assert_allclose(found(given), model(images), atol=1e-5)
    said = " ".join(plan.rewrites)
    assert ("turned kernels round" in said) == (not ending) and ("channels_first" in said) == first


def test_shapes_may_be_given_in_either_layout(tmp_path: Path) -> None:
    write(tmp_path / "w.h5", original(), first=True, theano=True)
    plans = [recovered(tmp_path / "w.h5", shape)[0] for shape in (SHAPE, (3, 9, 9))]
    assert plans[0] == plans[1]


def test_kernels_of_keras_2_on_theano_are_turned() -> None:
    text = "conv2d_1 kernel:3x3x3x8 bias:8\nflatten_1\ndense_1 kernel:392x2 bias:2"
    for backend, wanted in (("theano", ("rotate180",)), ("tensorflow", ())):
        plan = infer(replace(facts(text), generation="keras2", backend=backend), Hints({"": (SHAPE,)})).best
        assert plan.layer("conv2d_1").weights[0].transforms == wanted
        assert [layer.class_name for layer in plan.layers].count("Permute") == 0


def test_keras_0_kept_standard_deviations() -> None:
    text = "0 0:6x8 1:8\n1 0:8 1:8 2:8 3:8\n2 0:8x2 1:2"
    plan = infer(replace(facts(text), generation="keras0")).best
    norm = next(layer for layer in plan.layers if layer.class_name == "BatchNormalization")
    uses = {use.variable: use.transforms for use in norm.weights}
    assert uses == {"gamma": (), "beta": (), "moving_mean": (), "moving_variance": ("add:1e-06", "square")}
    assert norm.config["epsilon"] == 0.0 and any("running_std" in said for said in plan.rewrites)


def test_a_reshape_that_draws_images_stands_channels_first() -> None:
    text = "dense_1 kernel:10x392 bias:392\nreshape_1\nconvolution2d_1 kernel:4x8x3x3 bias:4"
    plan = infer(replace(facts(text), generation="keras1")).best
    assert plan.layer("reshape_1").config["target_shape"] == [8, 7, 7]
    assert [layer.class_name for layer in plan.layers if layer.hidden] == ["Permute", "Permute"]
    assert plan.outputs[0].layer == "convolution2d_1_first"


def test_the_user_may_say_how_images_were_flattened() -> None:
    text = "conv2d_1 kernel:3x3x3x8 bias:8\nflatten_1\ndense_1 kernel:392x2 bias:2"
    hints = Hints({"": (SHAPE,)}, {("flatten_1", "data_format"): "channels_first"})
    plan = infer(facts(text), hints).best
    assert [ref.layer for ref in plan.layer("flatten_1").inbound[0]] == ["conv2d_1_first"]
    assert plan.layer("conv2d_1_first").config == {"dims": [3, 1, 2]}
    assert "data_format" not in plan.layer("flatten_1").config
    decision = plan.layer("flatten_1").decision("data_format")
    assert decision is not None and decision.basis is Basis.USER


PIXELS = "conv2d_1 kernel:3x3x1x8 bias:8\nconv2d_2 kernel:1x1x8x2 bias:2\nreshape_1\npermute_1\nactivation_1"


def test_rows_of_maps_are_read_from_images_that_stood_channels_first() -> None:
    plan = infer(facts(PIXELS), Hints({"": ((48, 32, 1),)})).best
    reshape = plan.layer("reshape_1")
    assert [ref.layer for ref in reshape.inbound[0]] == ["conv2d_2_first"]
    assert plan.layer("conv2d_2_first").config == {"dims": [3, 1, 2]}
    assert reshape.config == {"target_shape": [2, 48 * 32]}
    assert plan.layer("permute_1").config["dims"] == [2, 1]
    decision = reshape.decision("data_format")
    assert decision is not None and decision.value == "channels_first" and decision.confidence < 0.95
    activation = plan.layer("activation_1").decision("activation")
    assert activation is not None and activation.value == "softmax"
    assert any("2 classes of the pixels" in each.because for each in activation.evidence)
    hints = Hints({"": ((48, 32, 1),)}, {("reshape_1", "data_format"): "channels_last"})
    assert not any(layer.hidden for layer in infer(facts(PIXELS), hints).best.layers)


def test_without_a_permute_a_reshape_makes_no_rows_of_maps() -> None:
    assert len(infer(facts(PIXELS)).best.layer("reshape_1").config["target_shape"]) == 2
    plan = infer(facts(PIXELS.replace("permute_1\n", ""))).best
    assert plan.layer("reshape_1").decision("data_format") is None and not any(layer.hidden for layer in plan.layers)


def test_a_shape_with_its_channels_in_front_says_how_images_were_held() -> None:
    text = "conv2d_1 kernel:3x3x1x8 bias:8\nflatten_1\ndense_1 kernel:392x2 bias:2"
    plan = infer(facts(text), Hints({"": ((1, 9, 9),)})).best
    assert plan.layer(plan.inputs[0].layer).config["batch_shape"] == [None, 1, 9, 9]
    assert [ref.layer for ref in plan.layer("flatten_1").inbound[0]] == ["conv2d_1_first"]
    assert any("as told" in said for said in plan.rewrites)
    branched = (
        "input_1\nconv2d_1 kernel:3x3x1x8 bias:8\nconv2d_2 kernel:3x3x8x8 bias:8\nadd_1\nconv2d_3 kernel:1x1x8x2 bias:2"
    )
    plan = infer(facts(branched), Hints({"": ((1, 48, 48),)})).best
    assert plan.layer("input_1").config["batch_shape"] == [None, 1, 48, 48]
    assert [ref.layer for ref in plan.outputs] == ["conv2d_3_first"]
    last = infer(facts(text), Hints({"": ((9, 9, 1),)})).best
    assert last.layer(last.inputs[0].layer).config["batch_shape"] == [None, 9, 9, 1] and not last.rewrites


class Held:
    def __init__(self, arrays: dict[str, Any]) -> None:
        self.arrays = arrays

    def read(self, path: str, /) -> Any:
        return self.arrays[path]


@pytest.mark.parametrize("first", [True, False])
def test_rows_tell_how_images_were_flattened(first: bool) -> None:
    """Kernels that vary smoothly over the map."""
    text = "conv2d_1 kernel:3x3x3x8 bias:8\nflatten_1\ndense_1 kernel:392x6 bias:6"
    found = facts(text)
    smooth = RNG.normal(size=(7, 7, 8, 6))
    for axis in (0, 1):
        smooth = np.cumsum(smooth, axis)
    rows = smooth.transpose(2, 0, 1, 3) if first else smooth
    arrays = {tensor.path: np.zeros(tensor.shape, "float32") for tensor in found.all_tensors()}
    arrays[next(path for path in arrays if "dense_1/kernel" in path)] = rows.reshape(392, 6).astype("float32")
    plan = infer(found, Hints({"": (SHAPE,)}), Held(arrays)).best
    decision = plan.layer("flatten_1").decision("data_format")
    assert (decision is not None) == first
    if decision is not None:
        assert decision.value == "channels_first" and 0.5 < decision.confidence < 0.95
        assert "7×7" in decision.evidence[0].because
