"""Readings of stored layers, and models inside a stored layer."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from infer_convert.assemble.nested import inner_facts
from infer_convert.assemble.typed import items
from infer_convert.infer import infer
from infer_convert.layers.recognise import HOLE

from .files import facts, layers, norm, typed


@pytest.mark.parametrize(
    "line",
    [
        "dense kernel:4x2 bias:2",
        f"x {norm(3)}",
        "add",
        "something",
        "merge_1",
    ],
)
def test_readings_are_weighed(line: str) -> None:
    for entry in typed(line):
        assert math.isclose(math.fsum(math.exp(reading.log_prior) for reading in entry.readings), 1.0)
        assert [r.log_prior for r in entry.readings] == sorted((r.log_prior for r in entry.readings), reverse=True)


def test_shapes_decide_and_names_speak() -> None:
    found = typed(f"pool1 kernel:4x2 bias:2\nrelu {norm(3)}\nadd\ninput_1")
    assert [entry.best.class_name for entry in found] == ["Dense", "BatchNormalization", "Add", "InputLayer"]
    assert [entry.is_input() for entry in found] == [False, False, False, True]


def test_what_ends_an_encoder_is_a_pool() -> None:
    """As the autoencoder that people copy from Keras' blog has it, if there are images to pool."""
    found = typed("conv2d kernel:3x3x1x8 bias:8\nencoder\nsomething")
    assert [entry.best.class_name for entry in found] == ["Conv2D", "MaxPooling2D", "Activation"]
    assert typed("conv1d kernel:3x1x8 bias:8\nencoder")[1].best.class_name == "Activation"


def test_every_variant_knows_its_reading() -> None:
    found = typed("input_1\ndense kernel:4x2 bias:2\nmystery")
    made, origins = items(found)
    for entry, item, origin in zip(found, made, origins, strict=True):
        assert len(item.variants) == len(origin) and set(origin) == set(range(len(entry.readings)))


def test_unknown_tensors_are_a_hole_that_names_them() -> None:
    (found,) = typed("odd weird:2x3x4x5x6x7")
    assert found.best.class_name == HOLE
    assert "weird (2, 3, 4, 5, 6, 7)" in found.best.because and "--custom-objects" in found.best.because


NESTED = layers("encoder squeeze/kernel:20x16 squeeze/bias:16 code/kernel:16x8 code/bias:8")[0]


def test_a_legacy_nested_model_is_taken_apart() -> None:
    inner = inner_facts(NESTED, facts(""))
    assert inner is not None and not inner.lists_weightless and inner.model_name == "encoder"
    assert [(layer.name, [(t.role, t.path) for t in layer.tensors]) for layer in inner.layers] == [
        ("squeeze", [("kernel", "/encoder/squeeze/kernel"), ("bias", "/encoder/squeeze/bias")]),
        ("code", [("kernel", "/encoder/code/kernel"), ("bias", "/encoder/code/bias")]),
    ]


def test_a_model_in_a_model_in_a_model_is_taken_apart() -> None:
    deep = replace(NESTED, tensors=tuple(replace(t, role=f"wrapped/{t.role}") for t in NESTED.tensors))
    inner = inner_facts(deep, facts(""))
    assert inner is not None and [layer.name for layer in inner.layers] == ["squeeze", "code"]


def test_a_plain_layer_holds_no_model() -> None:
    assert inner_facts(layers("dense kernel:4x2 bias:2")[0], facts("")) is None
    assert inner_facts(layers("dropout")[0], facts("")) is None


def test_children_are_the_inner_layers() -> None:
    inner = inner_facts(replace(layers("encoder")[0], children=layers("dense kernel:4x2 bias:2")), facts("", False))
    assert inner is not None and [layer.name for layer in inner.layers] == ["dense"]


def test_the_outer_model_calls_the_inner_one() -> None:
    file = facts("input_1\nencoder\nclasses kernel:8x3 bias:3")
    file = replace(file, layers=(file.layers[0], NESTED, file.layers[2]))
    plan = infer(file).best
    inner = plan.layer("encoder").inner
    assert inner is not None and [layer.class_name for layer in inner.layers] == ["InputLayer", "Dense", "Dense"]
    assert plan.layer("input_1").config["batch_shape"] == [None, 20]
    assert [use.sources for _, layer in plan.walk() for use in layer.weights] == [
        (tensor.path,) for tensor in file.all_tensors()
    ]


def test_a_wrapper_that_its_name_tells_wraps_embeddings_and_recurrent_layers() -> None:
    """The letters of every word: a tall matrix inside is a vocabulary. Names that say nothing mean the plain layer."""
    text = "time_distributed embeddings:1600x10\ntime_distributed_1 kernel:10x80 recurrent_kernel:20x80 bias:80"
    kinds = [(entry.readings[0].class_name, entry.readings[0].fit.config.get("_class")) for entry in typed(text)]
    assert kinds == [("TimeDistributed", "Embedding"), ("TimeDistributed", "LSTM")]
    (plain,) = typed("encoder kernel:10x80 recurrent_kernel:20x80 bias:80")
    assert plain.readings[0].class_name == "LSTM" and plain.readings[0].log_prior > -0.01


@pytest.mark.parametrize(("named", "guess"), [("input_1", "Activation"), ("boards", "InputLayer")])
def test_people_name_all_of_their_inputs_or_none(named: str, guess: str) -> None:
    """Where Keras counts the inputs, a name of the user's own behind them is some function's."""
    found = typed(f"{named}\nspace_to_depth_x2\ndropout\ndense kernel:4x8 bias:8")
    assert found[1].best.class_name == guess
