"""What is hidden from the inference stays hidden."""

from __future__ import annotations

import dataclasses
import json

from benchmarks.naming import show, snake
from infer_convert.facts import StoredLayer, Tensor, WeightFile


def tensor(path: str, role: str) -> Tensor:
    return Tensor(path, role, role, (2, 3), "float32")


FACTS = WeightFile(
    "secret.h5",
    1,
    "keras2",
    "legacy",
    "full",
    "stored",
    (
        StoredLayer("secret_in", "/secret_in"),
        StoredLayer("secret_a", "/secret_a", (tensor("/secret_a/secret_a/kernel:0", "kernel"),)),
        StoredLayer("secret_drop", "/secret_drop"),
        StoredLayer(
            "secret_net",
            "/secret_net",
            (
                tensor("/secret_net/secret_b/kernel:0", "secret_b/kernel"),
                tensor("/secret_net/secret_c/kernel:0", "secret_c/kernel"),
            ),
        ),
    ),
    model_config={"secret": 1},
    model_name="secret",
    sha256="secret",
)
LEAF = {"/secret_in": "secret_in", "/secret_a": "secret_a", "/secret_drop": "secret_drop", "/secret_net": "secret_net"}
OWNER = {
    "/secret_a/secret_a/kernel:0": "secret_a",
    "/secret_net/secret_b/kernel:0": "secret_net/secret_b",
    "/secret_net/secret_c/kernel:0": "secret_net/secret_c",
}
CLASSES = {
    "secret_in": "InputLayer",
    "secret_a": "Dense",
    "secret_drop": "Dropout",
    "secret_net": "Sequential",
    "secret_net/secret_b": "Dense",
    "secret_net/secret_c": "Dense",
}


def test_kept_hides_the_config_only() -> None:
    shown = show(FACTS, "kept", LEAF, OWNER, CLASSES)
    assert shown.facts.model_config is None
    assert [layer.name for layer in shown.facts.layers] == [layer.name for layer in FACTS.layers]
    assert shown.owner == OWNER


def test_class_names_leak_nothing() -> None:
    shown = show(FACTS, "class", LEAF, OWNER, CLASSES)
    assert "secret" not in json.dumps(dataclasses.asdict(shown.facts))
    assert [layer.name for layer in shown.facts.layers] == ["input_layer_1", "dense_1", "dropout_1", "sequential_1"]
    assert [item.role for item in shown.facts.layers[3].tensors] == ["dense_1/kernel", "dense_2/kernel"]


def test_stripped_lists_only_what_has_weights() -> None:
    shown = show(FACTS, "stripped", LEAF, OWNER, CLASSES)
    assert "secret" not in json.dumps(dataclasses.asdict(shown.facts))
    assert [layer.name for layer in shown.facts.layers] == ["w0", "w1", "w2"]
    assert not shown.facts.lists_weightless


def test_shown_paths_lead_back() -> None:
    for naming in ("class", "stripped"):
        shown = show(FACTS, naming, LEAF, OWNER, CLASSES)  # type: ignore[arg-type]
        assert sorted(shown.real.values()) == sorted(OWNER)
        assert {shown.real[path]: leaf for path, leaf in shown.owner.items()} == OWNER


def test_snake_case_is_keras() -> None:
    assert [snake(name) for name in ("Conv2D", "ConvLSTM2D", "MaxPooling2D", "BatchNormalization", "LSTM")] == [
        "conv2d",
        "conv_lstm2d",
        "max_pooling2d",
        "batch_normalization",
        "lstm",
    ]
