"""Concatenates that put tokens below each other."""

from __future__ import annotations

from infer_convert.assemble.token_rows import with_token_rows
from infer_convert.assemble.typed import type_layers
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints
from infer_convert.layers import CARD_OF


def layer(name: str, **tensors: tuple[int, ...]) -> StoredLayer:
    return StoredLayer(
        name, f"/{name}", tuple(Tensor(f"/{name}/{key}", key, key, shape, "float32") for key, shape in tensors.items())
    )


ATTENTION = {
    f"{key}_dense/{role}": shape
    for key in ("query", "key", "value")
    for role, shape in (("kernel", (16, 2, 8)), ("bias", (2, 8)))
} | {"output_dense/kernel": (2, 8, 16), "output_dense/bias": (16,)}


def axes(*layers: StoredLayer) -> set[int]:
    facts = WeightFile("w.weights.h5", 0, "keras3", "v3", "weights-only", "insertion", layers)
    typed = type_layers(layers, facts, Hints(), lambda layer: None)
    (joined,) = [entry for entry in typed if entry.best.class_name == "Concatenate"]
    return {reading.fit.config.get("axis", -1) for reading in joined.readings}


def test_where_attention_looks_at_rows_they_may_be_joined_below_each_other() -> None:
    with_attention = (layer("input_layer"), layer("concatenate"), layer("multi_head_attention", **ATTENTION))
    assert axes(*with_attention) == {-1, 1}
    assert axes(layer("input_layer"), layer("concatenate"), layer("dense", kernel=(4, 2), bias=(2,))) == {-1}


def test_joined_rows_keep_their_width() -> None:
    card = CARD_OF["Concatenate"]
    (rows,), (columns,) = (card.flow({**card.assumed, "axis": axis}) for axis in (1, -1))
    assert (rows.channels, columns.channels) == ("same", "sum")
    assert rows.ranks == {(3, 3)}


def test_no_reading_is_added_without_attention() -> None:
    assert with_token_rows([()]) == ((),)
