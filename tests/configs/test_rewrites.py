"""Rows of the table of rewrites, one config each, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from infer_convert.configs.context import Context
from infer_convert.configs.graph import Item
from infer_convert.configs.rewrites import rewritten
from infer_convert.errors import NoArchitecture
from infer_convert.hints import Hints


def context(generation: Any = "keras2", version: tuple[int, int] = (2, 4), standalone: bool = False) -> Context:
    return Context(generation, version, "tensorflow", standalone, Hints())


OLD = context("keras1", (1, 2), True)
TF = context()

ROWS: list[tuple[str, dict[str, Any], Context, str, dict[str, Any]]] = [
    ("Convolution2D", {"nb_filter": 4, "nb_row": 3, "nb_col": 2, "border_mode": "same", "subsample": [2, 1],
                       "dim_ordering": "th", "bias": True}, OLD, "Conv2D",
     {"filters": 4, "kernel_size": [3, 2], "padding": "same", "strides": [2, 1], "data_format": "channels_first",
      "use_bias": True}),
    ("AtrousConvolution1D", {"nb_filter": 4, "filter_length": 3, "atrous_rate": 2, "subsample_length": 1}, OLD,
     "Conv1D", {"filters": 4, "kernel_size": [3], "dilation_rate": [2], "strides": [1]}),
    ("TimeDistributedDense", {"output_dim": 3, "input_dim": 4}, OLD, "Dense", {"units": 3}),
    ("Dropout", {"p": 0.3}, OLD, "Dropout", {"rate": 0.3}),
    ("GaussianNoise", {"sigma": 0.1}, OLD, "GaussianNoise", {"stddev": 0.1}),
    ("MaxPooling1D", {"pool_length": 2, "stride": 2, "border_mode": "valid"}, OLD, "MaxPooling1D",
     {"pool_size": [2], "strides": [2], "padding": "valid"}),
    ("BatchNormalization", {"mode": 0, "axis": 1}, context("keras1", (1, 0), True), "BatchNormalization",
     {"axis": 1, "epsilon": 1e-5}),
    ("BatchNormalization", {}, context("keras0", (0, 3), True), "BatchNormalization", {"epsilon": 1e-6}),
    ("BatchNormalization", {"axis": [3], "epsilon": 0.1}, TF, "BatchNormalization", {"axis": 3, "epsilon": 0.1}),
    ("LSTM", {"units": 2, "time_major": False, "implementation": 2}, TF, "LSTM",
     {"units": 2, "recurrent_activation": "sigmoid"}),
    ("GRU", {"units": 2}, context("keras2", (2, 2), True), "GRU",
     {"units": 2, "recurrent_activation": "hard_sigmoid_keras2", "reset_after": False}),
    ("GRU", {"units": 2}, TF, "GRU", {"units": 2, "recurrent_activation": "sigmoid", "reset_after": True}),
    ("CuDNNGRU", {"units": 2}, TF, "GRU", {"units": 2, "activation": "tanh", "recurrent_activation": "sigmoid",
                                           "use_bias": True, "reset_after": True}),
    ("DepthwiseConv2D", {"kernel_size": [3, 3], "groups": 1, "kernel_initializer": None}, TF, "DepthwiseConv2D",
     {"kernel_size": [3, 3]}),
    ("Dense", {"units": 2, "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None,
    "dtype": "float32"}}},
     TF, "Dense", {"units": 2, "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}}}),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "query_shape": [None, 4], "key_shape": None,
    "value_shape": None},
     TF, "MultiHeadAttention", {"num_heads": 2, "key_dim": 3}),
    ("Attention", {"score_mode": "<function dot at 0x7f>"}, TF, "Attention", {"score_mode": "dot"}),
    ("SpatialDropout1D", {"rate": 0.1, "trainable": False, "noise_shape": None}, TF, "SpatialDropout1D", {"rate": 0.1}),
    ("LeakyReLU", {"alpha": {"type": "ndarray", "value": 0.2}}, TF, "LeakyReLU", {"negative_slope": 0.2}),
    ("Dense", {"units": 2, "dtype": {"class_name": "Policy", "config": {"name": "mixed_float16"}}}, TF, "Dense",
     {"units": 2, "dtype": "mixed_float16"}),
    ("ZeroPadding2D", {"padding": [1, 2, 3, 4], "dim_ordering": "tf"}, OLD, "ZeroPadding2D",
     {"padding": [[1, 2], [3, 4]], "data_format": "channels_last"}),
    ("CategoryEncoding", {"max_tokens": 4, "output_mode": "binary"}, TF, "CategoryEncoding",
     {"num_tokens": 4, "output_mode": "multi_hot"}),
    ("Discretization", {"bins": [0.0]}, TF, "Discretization", {"bin_boundaries": [0.0]}),
    ("Attention", {"causal": False, "use_scale": True}, TF, "Attention", {"use_scale": True}),
    ("GroupedQueryAttention", {"head_dim": 2}, TF, "GroupQueryAttention", {"head_dim": 2}),
    ("Dense", {"units": 2, "dtype": {"class_name": "QuantizedDTypePolicy",
      "config": {"mode": "int8", "source_name": "float32"}}}, TF, "Dense", {"units": 2, "dtype": "int8_from_float32"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("class_name", "config", "where", "new", "wanted"), ROWS, ids=[f"{r[0]}-{i}" for i, r in enumerate(ROWS)]
)
def test_row(class_name: str, config: dict[str, Any], where: Context, new: str, wanted: dict[str, Any]) -> None:
    made = rewritten(Item("a", class_name, config, stored_class=class_name), where)
    assert (made.class_name, dict(made.config)) == (new, wanted)


def test_wrapped_layers_go_through_the_same_table() -> None:
    inner = {"class_name": "LSTM", "config": {"name": "l", "units": 2, "time_major": False, "dtype": None}}
    made = rewritten(Item("b", "Bidirectional", {"layer": inner}), TF)
    assert made.config["layer"]["config"] == {"name": "l", "units": 2, "recurrent_activation": "sigmoid"}


def test_an_unknown_argument_lowers_the_confidence() -> None:
    where = context()
    made = rewritten(Item("d", "Dense", {"units": 2, "wobble": 3}), where)
    assert dict(made.config) == {"units": 2}
    assert where.log.confidence < 0.9


@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("LSTM", {"units": 2, "time_major": True, "return_state": True}),
        ("Conv2D", {"dtype": {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}}}),
        ("Dense", {"dtype": {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int2", "source_name": "x"}}}),
        ("StringLookup", {"vocabulary": None}),
        ("TextVectorization", {"vocabulary": "/etc/passwd"}),
        ("BatchNormalization", {"axis": [1, 2]}),
        ("DepthwiseConv2D", {"groups": 2}),
    ],
)
def test_what_keras_3_cannot_compute_is_refused(class_name: str, config: dict[str, Any]) -> None:
    with pytest.raises(NoArchitecture, match="layer a"):
        rewritten(Item("a", class_name, config), TF)


def test_causal_attention_is_said_at_the_call() -> None:
    made = rewritten(Item("a", "Attention", {"causal": True}), TF)
    assert (dict(made.config), dict(made.keywords)) == ({}, {"use_causal_mask": True})
