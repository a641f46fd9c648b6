"""Epsilons, slopes and caps: what is taken for them, by kind of net and by version."""

from __future__ import annotations

import math
from typing import Any

import pytest

from infer_convert.clues.constants import OLD, constants, pads_evenly
from infer_convert.plan import Basis

from .drafts import near, place


def said(
    text: str, name: str, generation: str = "keras3", version: str | None = None, **configs: Any
) -> dict[str, Any]:
    there = near(text, **configs)
    decisions = constants(there, place(there, name), generation, version)
    for decision in decisions:
        total = decision.confidence + math.fsum(option.confidence for option in decision.alternatives)
        assert decision.basis is Basis.ASSUMED and math.isclose(total, 1.0, abs_tol=1e-6)
        assert all(option.value != decision.value for option in decision.alternatives)
    return {decision.field: decision.value for decision in decisions}


@pytest.mark.parametrize("class_name", ["InputLayer", "Dense", "Dropout", "Add", "Flatten", "MaxPooling2D"])
def test_most_layers_have_no_such_constants(class_name: str) -> None:
    assert said(f"x InputLayer\ny {class_name}", "y") == {}


def test_slopes() -> None:
    assert said("x InputLayer\ny LeakyReLU", "y") == {"negative_slope": 0.2}


def test_a_normalisation_without_tensors_got_its_numbers_in_the_code() -> None:
    (mean, _), (other, _) = [
        [(d.value, d.confidence) for d in constants(there, place(there, "n"), "keras3", None)]
        for there in (near("x InputLayer\nr Rescaling\nn Normalization"), near("x InputLayer\nn Normalization"))
    ]
    assert mean == ([0.485, 0.456, 0.406], 0.6) and other == (0.0, 0.1)


def test_a_cap_where_kernels_are_depthwise() -> None:
    assert said("x InputLayer\nd DepthwiseConv2D\ny ReLU", "y") == {"max_value": 6.0}
    assert said("x InputLayer\nd Conv2D\ny ReLU", "y") == {"max_value": None}


@pytest.mark.parametrize("generation", ["keras0", "keras1", "keras2", "keras3", "flat"])
def test_batch_epsilon(generation: str) -> None:
    wanted = 1e-6 if generation == "keras0" else 1e-3
    assert said("x InputLayer\ny BatchNormalization", "y", generation) == {"epsilon": wanted}


def test_old_files_are_less_sure_of_their_epsilon() -> None:
    there = near("x InputLayer\ny BatchNormalization")
    old, new = (constants(there, 1, generation, None)[0].confidence for generation in ("keras1", "keras2"))
    assert old < 0.5 < new


@pytest.mark.parametrize(
    ("borders", "evenly"),
    [
        ([((3, 3), (3, 3)), ((1, 1), (1, 1))], True),
        ([((3, 3), (3, 3)), ((0, 1), (0, 1))], False),
        ([((1, 1), (1, 1))], False),
        ([2, (1, 1)], True),
        ([], False),
    ],
)
def test_nets_that_pad_evenly_are_ports(borders: list[Any], evenly: bool) -> None:
    """keras.applications' ResNets and DenseNets pad by 3 and 3, then by 1 and 1; its MobileNets by 0 and 1."""
    assert pads_evenly({"padding": each} for each in borders) is evenly
    there = near("x InputLayer\ny BatchNormalization")
    (new,), (old,) = (constants(there, 1, generation, None, {}, evenly) for generation in ("keras3", "keras1"))
    assert new.value == (1e-5 if evenly else 1e-3) and new.confidence < 0.9
    assert old.value == constants(there, 1, "keras1", None)[0].value


def test_layer_epsilon_of_transformers() -> None:
    assert said("x InputLayer\ny LayerNormalization", "y") == {"epsilon": 1e-3}
    attention = "x InputLayer\na MultiHeadAttention < x x\ny LayerNormalization"
    assert said(attention, "y") == {"epsilon": 1e-6}


@pytest.mark.parametrize(
    ("generation", "version", "expected"),
    [
        ("keras1", None, OLD), ("keras1", "1.2.2", OLD), ("keras2", "2.1.6", OLD), ("keras2", "2.2.5", OLD),
        ("keras2", "2.2.4-tf", "sigmoid"), ("keras2", "2.3.1", "sigmoid"), ("keras2", "2.15.0", "sigmoid"),
        ("keras2", None, "sigmoid"), ("keras3", "3.3.0", "sigmoid"), ("keras3", None, "sigmoid"),
    ],
)  # fmt: skip
def test_recurrent_activation_by_version(generation: str, version: str | None, expected: str) -> None:
    assert said("x InputLayer\ny LSTM", "y", generation, version) == {"recurrent_activation": expected}


def test_simple_rnns_have_none() -> None:
    assert said("x InputLayer\ny SimpleRNN", "y") == {}
    assert said("x InputLayer\ny Bidirectional", "y", y={"_class": "SimpleRNN"}) == {}
    assert said("x InputLayer\ny Bidirectional", "y", y={"_class": "GRU"}) == {"recurrent_activation": "sigmoid"}


def test_convolutional_lstms_kept_the_old_one_until_keras_3() -> None:
    assert said("x InputLayer\ny ConvLSTM2D", "y", "keras2", "2.15.0") == {"recurrent_activation": OLD}
    assert said("x InputLayer\ny ConvLSTM2D", "y", "keras3", "3.3.0") == {"recurrent_activation": "sigmoid"}


def test_masks_are_asked_for_where_a_recurrence_reads_words() -> None:
    assert said("x InputLayer\ny Embedding\nr LSTM", "y") == {"mask_zero": False}
    assert said("x InputLayer\ny Embedding\nr GlobalAveragePooling1D", "y") == {}


def test_what_is_enlarged_by_much_or_in_the_end_is_smoothed() -> None:
    there = near("x InputLayer\nu UpSampling2D\nc Conv2D\nv UpSampling2D\ne Activation")
    inner, last = (place(there, name) for name in "uv")

    def interpolation(index: int, size: object) -> object:
        return constants(there, index, "keras3", None, {"size": size})[0].value

    assert interpolation(inner, [2, 2]) == "nearest" and interpolation(inner, [4, 4]) == "bilinear"
    assert interpolation(last, [2, 2]) == "bilinear"
