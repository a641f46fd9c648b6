"""Pools and upsamplings that took channels and rows, because channels_first was written at the convolutions alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from infer_convert.assemble.across import read_across
from infer_convert.build.assign import assign
from infer_convert.build.model import build_model
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.layers import CARD_OF
from infer_convert.layers.across import FIELD, FIRST
from infer_convert.pipeline import inspect
from infer_convert.sandbox import open_tensors

from .files import facts, typed

RNG = np.random.default_rng(11)
SHAPE = (12, 8, 1)
NAMES = ("input_1", "conv2d_1", "max_pooling2d_1", "conv2d_2", "up_sampling2d_1", "concatenate_1", "conv2d_3")
UNET = """
input_1
conv2d_1 kernel:3x3x1x8 bias:8
max_pooling2d_1
conv2d_2 kernel:3x3x4x16 bias:16
up_sampling2d_1
concatenate_1
conv2d_3 kernel:3x3x40x2 bias:2
"""
HINTS = Hints(
    {"": (SHAPE,)},
    {(f"conv2d_{number}", "padding"): "same" for number in (1, 2, 3)}
    | {("conv2d_1", "activation"): "relu", ("conv2d_2", "activation"): "relu", ("conv2d_3", "activation"): "linear"}
    | {("concatenate_1", "inbound"): [["up_sampling2d_1", "conv2d_1"]]},
)


def original() -> Any:
    """What the lost code did, convolutions aside: (channels, rows, columns) pooled as (rows, columns, channels)."""
    layers = keras.layers

    def first(tensor: Any, layer: Any) -> Any:
        return layers.Permute((2, 3, 1))(layer(layers.Permute((3, 1, 2))(tensor)))

    image = keras.Input(SHAPE)
    one = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    two = layers.Conv2D(16, 3, padding="same", activation="relu")(first(one, layers.MaxPooling2D(2)))
    both = layers.Concatenate()([first(two, layers.UpSampling2D(2)), one])
    model = keras.Model(image, layers.Conv2D(2, 3, padding="same")(both))
    model.set_weights([RNG.normal(size=each.shape).astype("float32") for each in model.get_weights()])
    return model


def write(path: Path, model: Any) -> None:
    """As Keras 2 wrote weights."""
    weights = iter(model.get_weights())
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in NAMES]
        file.attrs["keras_version"] = b"2.1.6"
        file.attrs["backend"] = b"tensorflow"
        for name in NAMES:
            group = file.create_group(name)
            words = [f"{name}/{word}:0" for word in ("kernel", "bias") if name.startswith("conv")]
            group.attrs["weight_names"] = [word.encode() for word in words]
            for word in words:
                group[word] = next(weights)


def test_such_a_file_computes_what_its_writer_computed(tmp_path: Path) -> None:
    model = original()
    write(tmp_path / "w.h5", model)
    found = inspect(tmp_path / "w.h5")
    with open_tensors(tmp_path / "w.h5", facts=found) as store:
        plan = infer(found, HINTS).best
        built = build_model(plan)
        assign(built, plan, store)
    images = RNG.normal(size=(2, *SHAPE)).astype("float32")
    np.testing.assert_allclose(built(images), model(images), atol=1e-5)
    hidden = [layer.name for layer in plan.layers if layer.hidden]
    assert [name.rpartition("_")[2] for name in hidden] == ["swapped", "back"] * 2
    assert not any(FIELD in layer.config for layer in plan.layers)


def test_a_usual_file_is_not_read_so() -> None:
    plan = infer(facts(UNET.replace("3x3x4x16", "3x3x8x16").replace("3x3x40x2", "3x3x24x2"))).best
    assert not any(layer.hidden for layer in plan.layers)


def test_what_has_neither_pool_nor_upsampling_is_left_alone() -> None:
    read = typed("input_1\nconv2d_1 kernel:3x3x1x8 bias:8\nconv2d_2 kernel:3x3x4x16 bias:16")
    assert read_across(read) == read


@pytest.mark.parametrize(
    ("name", "config", "result"),
    [
        ("MaxPooling2D", {"pool_size": [2, 2]}, (3, 5, 4)),
        ("AveragePooling2D", {"pool_size": [2, 2]}, (3, 5, 4)),
        ("UpSampling2D", {"size": [2, 2]}, (12, 5, 16)),
    ],
)
def test_rows_and_channels_change_and_columns_do_not(name: str, config: Any, result: tuple[int, ...]) -> None:
    card, told = CARD_OF[name], {**config, FIELD: FIRST}
    assert card.shape(told, ((6, 5, 8),)) == result
    assert card.shape(config, ((6, 5, 8),)) != result
    assert card.shape(told, ((6, 5),)) is None
