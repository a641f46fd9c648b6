"""Chains whose order the file has lost."""

from __future__ import annotations

from dataclasses import replace

from infer_convert.assemble.nested import inner_facts
from infer_convert.assemble.reorder import reordered
from infer_convert.infer import infer

from .files import facts, layers, norm, typed


def order(text: str) -> list[str]:
    return [entry.stored.name for entry in reordered(typed(text))[0][0]]


def test_channels_tell_what_follows_what() -> None:
    block = f"bn {norm(8)}\nc1 kernel:3x3x3x8 bias:8\nc2 kernel:3x3x8x4 bias:4"
    assert order(block) == ["c1", "bn", "c2"]


def test_a_dense_behind_a_flatten_comes_last() -> None:
    assert order("fc kernel:64x5 bias:5\nstem kernel:3x3x1x16 bias:16") == ["stem", "fc"]


def test_counters_of_a_class_keep_their_order() -> None:
    text = "dense_1 kernel:8x8 bias:8\ndense kernel:8x8 bias:8\nconv2d kernel:3x3x1x8 bias:8"
    assert order(text) == ["conv2d", "dense", "dense_1"]


def test_a_subclassed_model_is_no_alphabet() -> None:
    text = "conv2d kernel:3x3x1x8 bias:8\ndense kernel:128x16 bias:16\ndense_1 kernel:16x10 bias:10\nflatten"
    found = infer(replace(facts(text), order="lost", generation="keras3")).best
    classes = [layer.class_name for layer in found.layers]
    assert classes.index("Flatten") < classes.index("Dense")


def test_attributes_are_no_order_and_lists_are() -> None:
    file = replace(facts("x"), generation="keras3", layout="v3", order="recovered")
    (own,) = layers("block bn/0:8 bn/1:8 c1/0:3x3x3x8")
    inner = inner_facts(own, file)
    assert inner is not None and inner.order == "lost"
    listed = replace(own, tensors=(), children=tuple(
        replace(layer, path=f"/block/layers/{layer.name}") for layer in layers("dense kernel:4x4\ndense_1 kernel:4x4")
    ))  # fmt: skip
    inner = inner_facts(listed, file)
    assert inner is not None and inner.order == "recovered"
