"""Runs of layers without names."""

from __future__ import annotations

import math
from dataclasses import replace

from infer_convert.assemble.unnamed import MOST, in_a_row, merged, spelled
from infer_convert.hints import Hints
from infer_convert.infer import infer

from .files import facts, typed

MNIST = (
    "layer_0 kernel:3x3x1x32 bias:32\nlayer_1\nlayer_2 kernel:3x3x32x32 bias:32\nlayer_3\nlayer_4\nlayer_5\nlayer_6\n"
    "layer_7 kernel:4608x128 bias:128\nlayer_8\nlayer_9\nlayer_10 kernel:128x10 bias:10\nlayer_11"
)


def classes(text: str) -> list[tuple[list[str], float]]:
    return [([entry.best.class_name for entry in way], share) for way, share in spelled(typed(text))]


def test_the_first_example_of_all() -> None:
    """mnist_cnn as Keras 0 shipped it."""
    found = classes(MNIST)
    assert found[0][0] == [
        *("Conv2D", "Activation", "Conv2D", "Activation", "MaxPooling2D", "Dropout", "Flatten"),
        *("Dense", "Activation", "Dropout", "Dense", "Activation"),
    ]
    assert 1 < len(found) <= MOST and math.isclose(math.fsum(share for _, share in found), 1.0)


def test_zeros_are_padded_where_the_list_begins_with_it() -> None:
    plain = classes("layer_0 kernel:3x3x3x8 bias:8\nlayer_1\nlayer_2 kernel:3x3x8x8 bias:8")
    assert not any("ZeroPadding2D" in way for way, _ in plain)
    padded = classes("layer_0\nlayer_1 kernel:3x3x3x8 bias:8\nlayer_2\nlayer_3 kernel:3x3x8x8 bias:8")
    assert padded[0][0][0] == "ZeroPadding2D" and any(way[2] == "ZeroPadding2D" for way, _ in padded)


def test_names_that_speak_are_left_alone() -> None:
    text = "conv2d kernel:3x3x3x8 bias:8\nactivation\nflatten\ndense kernel:8x2 bias:2"
    ((way, share),) = spelled(typed(text))
    assert share == 1.0 and way == tuple(typed(text))


def test_a_run_longer_than_people_write_is_left_alone() -> None:
    text = "layer_0 kernel:4x2 bias:2\n" + "\n".join(f"layer_{n}" for n in range(1, 9)) + "\nlayer_9 kernel:2x2 bias:2"
    assert len(spelled(typed(text))) == 1


def test_the_merged_list_says_how_likely_each_class_is() -> None:
    entries = typed(MNIST)
    ways = spelled(entries)
    fifth = merged(entries, ways)[4]
    shares = {reading.class_name: math.exp(reading.log_prior) for reading in fifth.readings}
    assert math.isclose(math.fsum(shares.values()), 1.0)
    assert fifth.best.class_name == "MaxPooling2D" and len(shares) > 1


NUMBERED = (
    "layer_0\nlayer_1 kernel:3x3x3x32 bias:32\nlayer_2\nlayer_3\nlayer_4 kernel:3x3x32x64 bias:64\nlayer_5\nlayer_6\n"
    "layer_7\nlayer_8 kernel:4096x10 bias:10"
)


def test_numbered_lists_of_later_versions_begin_with_an_input() -> None:
    """``for i, layer in enumerate(model.layers): file[f"layer_{i}"]``."""
    found = facts(NUMBERED)
    best = infer(replace(found, generation="flat"), Hints()).best
    assert [layer.class_name for layer in best.layers] == [
        *("InputLayer", "Conv2D", "Activation", "MaxPooling2D", "Conv2D", "Activation", "MaxPooling2D", "Flatten"),
        "Dense",
    ]
    ((way, _),) = spelled(typed("layer_0\nlayer_1 kernel:4x3 bias:3"), inputs=True)
    assert [entry.best.class_name for entry in way] == ["InputLayer", "Dense"]


def test_a_list_with_joins_or_several_inputs_is_no_chain() -> None:
    assert in_a_row(typed("input_1\nconv kernel:3x3x1x4 bias:4\nflatten\ndense kernel:4x3 bias:3"))
    assert not in_a_row(typed("input_1\nconv kernel:3x3x1x4 bias:4\nadd_1\ndense kernel:4x3 bias:3"))
    assert not in_a_row(typed("input_1\ninput_2\ndense kernel:4x3 bias:3"))
