"""Weights-only files with what is unusual: other float types, unknown layers, another axis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from infer_convert.errors import NoArchitecture
from infer_convert.hints import Hints, with_options
from infer_convert.infer import infer
from infer_convert.pipeline import build
from infer_convert.readers import open_tensors, read

from .files import facts, norm


def legacy(path: Path, layers: dict[str, dict[str, Any]]) -> Path:
    """A weights-only file of Keras 2."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([name.encode() for name in layers])
        file.attrs["keras_version"], file.attrs["backend"] = "2.2.4-tf", "tensorflow"
        for name, tensors in layers.items():
            group = file.create_group(name)
            names = [f"{name}/{key}".encode() for key in tensors]
            group.attrs["weight_names"] = np.array(names) if names else np.zeros(0)
            for key, array in tensors.items():
                group.create_dataset(f"{name}/{key}", data=array)
    return path


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_numbers_of_another_type_keep_it(tmp_path: Path, dtype: str) -> None:
    layers = {
        "dense_1": {"kernel:0": np.ones((4, 3), dtype), "bias:0": np.zeros(3, dtype)},
        "activation_1": {},
        "dense_2": {"kernel:0": np.ones((3, 2), dtype), "bias:0": np.zeros(2, dtype)},
    }
    path = legacy(tmp_path / "m.h5", layers)
    facts = read(path)
    with open_tensors(path) as store:
        built = build(infer(facts, tensors=store).best, facts, store)
    assert built.verification.bit_exact
    assert {str(weight.dtype) for weight in built.model.weights} == {dtype}
    assert str(built.model.outputs[0].dtype) == dtype


def test_an_unknown_layer_is_a_hole_and_the_rest_is_inferred(tmp_path: Path) -> None:
    layers = {
        "dense_1": {"kernel:0": np.ones((4, 3), "float32"), "bias:0": np.zeros(3, "float32")},
        "odd": {"a:0": np.ones((3, 5, 2), "float32"), "b:0": np.ones(7, "float32")},
        "dense_2": {"kernel:0": np.ones((3, 2), "float32"), "bias:0": np.zeros(2, "float32")},
    }
    path = legacy(tmp_path / "m.h5", layers)
    facts = read(path)
    found = infer(facts)
    assert [layer.class_name for layer in found.best.layers if layer.stored] == ["Dense", "Unknown", "Dense"]
    with open_tensors(path) as store, pytest.raises(NoArchitecture, match=r"odd: the tensors a \(3, 5, 2\)"):
        build(found.best, facts, store)
    own = with_options(Hints(customs=frozenset({"Mine"})), ["odd.class_name=Mine"])
    layer = infer(facts, own).best.layer("odd")
    assert (layer.class_name, [use.variable for use in layer.weights]) == ("Mine", ["a", "b"])


def test_normalization_along_another_axis_is_tried_when_nothing_else_fits(tmp_path: Path) -> None:
    ones = np.ones(6, "float32")
    layers = {
        "bn_freq": {"gamma:0": ones, "beta:0": ones, "moving_mean:0": ones, "moving_variance:0": ones},
        "conv2d_1": {"kernel:0": np.ones((3, 3, 1, 4), "float32"), "bias:0": np.zeros(4, "float32")},
        "global_average_pooling2d_1": {},
        "dense_1": {"kernel:0": np.ones((4, 2), "float32"), "bias:0": np.zeros(2, "float32")},
    }
    facts = read(legacy(tmp_path / "m.h5", layers))
    found = infer(facts, with_options(Hints(), (), ["6,9,1"]))
    assert found.best.layer("bn_freq").config["axis"] == 1


FILLED = f"""
input_1
zero_padding2d_1
bn_0_freq {norm(40)}
conv2d_1 kernel:3x3x1x8 bias:8
global_average_pooling2d_1
dense_1 kernel:8x3 bias:3
"""


@pytest.mark.parametrize(("shape", "padding"), [((12, 30, 1), [[0, 0], [5, 5]]), ((14, 11, 1), [[13, 13], [0, 0]])])
def test_zeros_fill_an_axis_up_to_what_a_normalisation_over_it_takes(
    shape: tuple[int, ...], padding: list[list[int]]
) -> None:
    plan = infer(facts(FILLED), Hints({"": (shape,)})).best
    assert plan.layer("zero_padding2d_1").config["padding"] == padding
    assert plan.layer("bn_0_freq").config["axis"] == (2 if shape[0] == 12 else 1)


def test_what_such_an_axis_is_filled_from_is_asked() -> None:
    found = infer(facts(FILLED)).best
    decision = found.layer("input_1").decision("batch_shape")
    assert decision is not None and decision.confidence < 0.5
