"""Equivalent architectures are one, different ones are not."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.canonical import fold, same, signatures, weighted_edges
from benchmarks.configs import from_config
from benchmarks.graph import Call, Graph


def layer(class_name: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": name, **config}}


def dense(name: str = "d", **config: Any) -> dict[str, Any]:
    return layer("Dense", name, units=4, **config)


def conv(name: str = "c", **config: Any) -> dict[str, Any]:
    return layer("Conv2D", name, filters=4, kernel_size=[3, 3], **config)


def sequential(
    *layers: dict[str, Any], shape: tuple[int | None, ...] = (None, 8, 8, 3), name: str = "s"
) -> dict[str, Any]:
    start = layer("InputLayer", f"{name}_in", batch_shape=list(shape))
    return {"class_name": "Sequential", "config": {"name": name, "layers": [start, *layers]}}


def functional(
    inputs: int, layers: list[tuple[dict[str, Any], list[Any]]], outputs: list[str], rank: int = 4
) -> dict[str, Any]:
    shape = [None, 8, 8, 3] if rank == 4 else [None, 8]
    entries = [
        {**layer("InputLayer", f"x{i}", batch_shape=shape), "name": f"x{i}", "inbound_nodes": []} for i in range(inputs)
    ]
    for item, calls in layers:
        calls = calls if calls and isinstance(calls[0], list) else [calls]
        nodes = [
            [[*(parent if isinstance(parent, tuple) else (parent, 0)), 0, {}] for parent in call] for call in calls
        ]
        entries.append({**item, "name": item["config"]["name"], "inbound_nodes": nodes})
    return {
        "class_name": "Functional",
        "config": {
            "name": "m",
            "layers": entries,
            "input_layers": [[f"x{i}", 0, 0] for i in range(inputs)],
            "output_layers": [[name, 0, 0] for name in outputs],
        },
    }


def by_last_name(call: Call) -> str | None:
    return call.key.rpartition("/")[2] if call.key else None


def equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    left, right = (fold(from_config(config)) for config in (one, other))
    return bool(signatures(left, by_last_name) & signatures(right, by_last_name))


FLAT = (None, 8)
add = ("Add", "a")
BASE = functional(1, [(conv("c1"), ["x0"]), (conv("c2"), ["x0"]), (layer("Add", "a"), ["c1", "c2"])], ["a"])

EQUAL = {
    "an epsilon's third digit": (
        sequential(layer("BatchNormalization", "b", epsilon=1.001e-5)),
        sequential(layer("BatchNormalization", "b", epsilon=1e-5)),
    ),
    "fused and separate activation": (
        sequential(conv(activation="relu")),
        sequential(conv(), layer("Activation", "r", activation="relu")),
    ),
    "activation and its class": (sequential(conv(activation="relu")), sequential(conv(), layer("ReLU", "r"))),
    "softmax layer": (
        sequential(dense(activation="softmax"), shape=FLAT),
        sequential(dense(), layer("Softmax", "s"), shape=FLAT),
    ),
    "dropout": (sequential(conv(), layer("Dropout", "z", rate=0.5), dense()), sequential(conv(), dense())),
    "linear activation": (sequential(dense(activation="linear"), shape=FLAT), sequential(dense(), shape=FLAT)),
    "nested and flat": (sequential(sequential(conv(), name="inner"), dense()), sequential(conv(), dense())),
    "names of layers without weights": (
        sequential(layer("Flatten", "f"), dense()),
        sequential(layer("Flatten", "other"), dense()),
    ),
    "order of a sum": (
        BASE,
        functional(1, [(conv("c1"), ["x0"]), (conv("c2"), ["x0"]), (layer("Add", "b"), ["c2", "c1"])], ["b"]),
    ),
    "a sum of one": (
        sequential(conv(), dense()),
        functional(1, [(conv(), ["x0"]), (layer("Add", "a"), ["c"]), (dense(), ["a"])], ["d"]),
    ),
    "padding of 1x1": (
        sequential(layer("Conv2D", "c", filters=2, kernel_size=[1, 1], padding="same")),
        sequential(layer("Conv2D", "c", filters=2, kernel_size=[1, 1], padding="valid")),
    ),
    "dense at every step": (
        sequential(layer("TimeDistributed", "d", layer=dense("i", activation="relu")), shape=(None, 5, 3)),
        sequential(dense(activation="relu"), shape=(None, 5, 3)),
    ),
    "flatten of flat": (sequential(layer("Flatten", "f"), dense(), shape=FLAT), sequential(dense(), shape=FLAT)),
    "reshape to one axis": (
        sequential(layer("Flatten", "f"), dense()),
        sequential(layer("Reshape", "r", target_shape=[192]), dense()),
    ),
    "strides of a pool left out": (
        sequential(conv(), layer("MaxPooling2D", "p", pool_size=2)),
        sequential(conv(), layer("MaxPooling2D", "p", pool_size=[2, 2], strides=[2, 2])),
    ),
    "channel axis by number": (
        sequential(layer("BatchNormalization", "b", axis=-1)),
        sequential(layer("BatchNormalization", "b", axis=[3])),
    ),
    "Keras 1 words": (
        sequential(conv(strides=[2, 2], padding="same", activation="relu")),
        {
            "class_name": "Sequential",
            "config": [
                {
                    "class_name": "Convolution2D",
                    "config": {
                        "name": "c",
                        "nb_filter": 4,
                        "nb_row": 3,
                        "nb_col": 3,
                        "subsample": [2, 2],
                        "border_mode": "same",
                        "activation": "relu",
                        "batch_input_shape": [None, 8, 8, 3],
                    },
                }
            ],
        },
    ),
    "order of inputs": (
        functional(
            2, [(dense("d1"), ["x0"]), (dense("d2"), ["x1"]), (layer("Concatenate", "k"), ["d1", "d2"])], ["k"], 2
        ),
        functional(
            2, [(dense("d1"), ["x1"]), (dense("d2"), ["x0"]), (layer("Concatenate", "k"), ["d1", "d2"])], ["k"], 2
        ),
    ),
    "a dead branch": (sequential(conv()), functional(1, [(conv(), ["x0"]), (layer("Flatten", "f"), ["c"])], ["c"])),
}
DIFFERENT = {
    "stride": (sequential(conv(strides=[2, 2])), sequential(conv())),
    "padding": (sequential(conv(padding="same")), sequential(conv())),
    "activation": (sequential(conv(activation="relu")), sequential(conv(activation="elu"))),
    "slope": (
        sequential(conv(), layer("LeakyReLU", "l", negative_slope=0.1)),
        sequential(conv(), layer("LeakyReLU", "l", alpha=0.2)),
    ),
    "capped": (sequential(conv(), layer("ReLU", "l", max_value=6.0)), sequential(conv(), layer("ReLU", "l"))),
    "epsilon": (
        sequential(layer("BatchNormalization", "b", epsilon=1e-5)),
        sequential(layer("BatchNormalization", "b")),
    ),
    "pool kind": (sequential(conv(), layer("MaxPooling2D", "p")), sequential(conv(), layer("AveragePooling2D", "p"))),
    "order of a concatenation": (
        functional(1, [(conv("c1"), ["x0"]), (conv("c2"), ["x0"]), (layer("Concatenate", "k"), ["c1", "c2"])], ["k"]),
        functional(1, [(conv("c1"), ["x0"]), (conv("c2"), ["x0"]), (layer("Concatenate", "k"), ["c2", "c1"])], ["k"]),
    ),
    "order of a difference": (
        functional(1, [(conv("c1"), ["x0"]), (conv("c2"), ["x0"]), (layer("Subtract", "k"), ["c1", "c2"])], ["k"]),
        functional(1, [(conv("c1"), ["x0"]), (conv("c2"), ["x0"]), (layer("Subtract", "k"), ["c2", "c1"])], ["k"]),
    ),
    "skip before or after the activation": (
        functional(
            1,
            [(conv("c1"), ["x0"]), (layer("ReLU", "r"), ["c1"]), (conv("c2"), ["r"]), (layer("Add", "a"), ["c2", "r"])],
            ["a"],
        ),
        functional(
            1,
            [
                (conv("c1"), ["x0"]),
                (layer("ReLU", "r"), ["c1"]),
                (conv("c2"), ["r"]),
                (layer("Add", "a"), ["c2", "c1"]),
            ],
            ["a"],
        ),
    ),
    "swapped weights": (sequential(conv("c1"), conv("c2")), sequential(conv("c2"), conv("c1"))),
    "shared or not": (
        functional(2, [(dense("d"), [["x0"], ["x1"]]), (layer("Concatenate", "k"), [("d", 0), ("d", 1)])], ["k"], 2),
        functional(2, [(dense("d"), ["x0"]), (dense("e"), ["x1"]), (layer("Concatenate", "k"), ["d", "e"])], ["k"], 2),
    ),
    "an output more": (functional(1, [(conv(), ["x0"])], ["c"]), functional(1, [(conv(), ["x0"])], ["c", "x0"])),
    "return_sequences": (
        sequential(layer("LSTM", "l", units=3, return_sequences=True), shape=(None, 5, 3)),
        sequential(layer("LSTM", "l", units=3), shape=(None, 5, 3)),
    ),
}


@pytest.mark.parametrize("case", EQUAL)
def test_equivalent_answers_are_one(case: str) -> None:
    assert equal(*EQUAL[case])


@pytest.mark.parametrize("case", DIFFERENT)
def test_different_answers_stay_different(case: str) -> None:
    assert not equal(*DIFFERENT[case])


def test_weighted_edges_pass_through_layers_without_weights() -> None:
    graph = fold(from_config(sequential(conv("c1"), layer("ReLU", "r"), layer("Flatten", "f"), dense("d"))))
    assert weighted_edges(graph) == {("c1", "d")}


def test_a_graph_equals_itself_under_any_first_numbering() -> None:
    graph: Graph = fold(from_config(EQUAL["order of inputs"][0]))
    assert same(graph, graph)


def test_keras_3_and_keras_2_spell_the_same_call() -> None:
    old = functional(1, [(conv(), ["x0"])], ["c"])
    new = functional(1, [(conv(), ["x0"])], ["c"])
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["x0", 0, 0]}}
    new["config"]["layers"][1]["inbound_nodes"] = [{"args": [tensor], "kwargs": {}}]
    assert equal(old, new)
