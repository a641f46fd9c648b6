"""Open settings chosen jointly."""

from __future__ import annotations

from typing import Any

from infer_convert.assemble.chains import ABSENT
from infer_convert.assemble.settle import settle
from infer_convert.hints import Hints

from ..clues.drafts import conv, dense, draft


def configs(text: str, hints: Hints | None = None, **sizes: Any) -> dict[str, dict[str, Any]]:
    best = settle(draft(text, **sizes), hints or Hints()).answers[0]
    shapes = {layer.name: best.shapes[index, 0] for index, layer in enumerate(best.draft.layers)}
    return {layer.name: {**best.config(i), "shape": shapes[layer.name]} for i, layer in enumerate(best.draft.layers)}


def test_the_last_reshape_makes_a_square_image() -> None:
    found = configs("x InputLayer\nd Dense\nr Reshape", d=dense(100, 784))
    assert found["r"]["shape"] == (28, 28, 1)
    assert configs("x InputLayer\nd Dense\nr Reshape", d=dense(100, 3072))["r"]["shape"] == (32, 32, 3)


def test_flatten_decides_the_padding_of_all() -> None:
    """5408 = 13·13·32 behind 28·28: no padding and one pool by 2."""
    sizes = {"c": conv(3, 1, 32), "d": dense(5408, 10)}
    found = configs("x InputLayer\nc Conv2D\np MaxPooling2D\nf Flatten\nd Dense", Hints({"": ((28, 28, 1),)}), **sizes)
    assert found["c"]["padding"] == "valid" and found["p"]["shape"] == (13, 13, 32)


def test_a_hint_for_one_layer_sways_its_like() -> None:
    """Behind a first layer without padding the second has none either."""
    text, sizes = "x InputLayer\na Conv2D\nb Conv2D\ng GlobalAveragePooling2D\nd Dense", {
        "a": conv(3, 3, 8), "b": conv(3, 8, 8), "d": dense(8, 2)
    }  # fmt: skip
    ways = {
        padding: configs(text, Hints(answers={("a", "padding"): padding}), **sizes)["b"]["padding"]
        for padding in ("same", "valid")
    }
    assert ways == {"same": "same", "valid": "valid"}


def test_one_target_of_a_reshape_is_one_answer() -> None:
    """The channels that the next kernel takes and those that are there already are the same ones."""
    text = """x InputLayer
        c Conv2D
        g GlobalAveragePooling2D
        r Reshape
        e Conv2D
        m Multiply < c e
        h GlobalAveragePooling2D
        d Dense"""
    sizes = {"c": conv(3, 3, 8), "e": conv(1, 8, 8), "d": dense(8, 2)}
    best = settle(draft(text, **sizes), Hints()).answers[0]
    place = next(index for index, layer in enumerate(best.draft.layers) if layer.name == "r")
    assert best.shapes[place, 0] == (1, 1, 8) and max(best.marginals[place]) > 0.99


def test_a_volume_s_first_pool_may_leave_time_alone() -> None:
    """8 frames of 24x24: 4·6·6·16 behind two pools is (1, 2, 2) and (2, 2, 2)."""
    sizes = {"c": conv(3, 1, 8, 3), "e": conv(3, 8, 16, 3), "d": dense(2304, 4)}
    text = "x InputLayer\nc Conv3D\np MaxPooling3D\ne Conv3D\nq MaxPooling3D\nf Flatten\nd Dense"
    found = configs(text, Hints({"": ((8, 24, 24, 1),)}), **sizes)
    assert found["p"]["pool_size"] == [1, 2, 2] and found["q"]["shape"] == (4, 6, 6, 16)


def test_a_setting_that_nobody_tries_may_be_told() -> None:
    """What is told together with it stays as it is."""
    sizes = {"c": conv(3, 1, 32), "d": dense(32, 10)}
    told = {("p", "pool_size"): [9, 9], ("p", "padding"): "same"}
    text = "x InputLayer\nc Conv2D\np MaxPooling2D\ng GlobalAveragePooling2D\nd Dense"
    found = configs(text, Hints({"": ((28, 28, 1),)}, told), **sizes)["p"]
    assert (found["pool_size"], found["padding"]) == ([9, 9], "same")


def pools(text: str, **sizes: Any) -> dict[str, float]:
    """The probability that each supposed pool is there."""
    there = draft(text, **{**sizes, **{name: {"_supposed": True} for name in ("p", "q")}})
    best = settle(there, Hints()).answers[0]
    return {
        layer.name: 1 - sum(share for s, share in zip(tried, shares, strict=True) if s.config.get(ABSENT))
        for layer, tried, shares in zip(there.layers, best.settings, best.marginals, strict=True)
        if layer.name in ("p", "q")
    }


def test_a_list_without_pools_has_them_where_convolutions_widen() -> None:
    text = """x InputLayer
        a Conv2D
        p MaxPooling2D
        b Conv2D
        q MaxPooling2D
        c Conv2D
        g GlobalAveragePooling2D
        d Dense"""
    sizes = {"a": conv(3, 3, 8), "b": conv(3, 8, 8), "c": conv(3, 8, 16), "d": dense(16, 2)}
    found = pools(text, **sizes)
    assert found["p"] < 0.4 < 0.6 < found["q"]
    strided = pools(text, **{**sizes, "b": {**conv(3, 8, 8), "strides": [2, 2]}})
    assert strided["q"] < 0.5, "strides and pools stand in for each other"


def test_no_dense_takes_an_open_number_of_channels() -> None:
    """The product of two sequences of open lengths has as many columns as the second has steps."""
    text = """a InputLayer
        b InputLayer
        e Embedding < a
        f Embedding < b
        j Dot < e f
        d Dense"""
    sizes = {"e": {"input_dim": 9, "output_dim": 4}, "f": {"input_dim": 9, "output_dim": 4}, "d": dense(6, 2)}
    found = settle(draft(text, **sizes), Hints())
    assert not found.answers and " d " in found.cause


BRANCHES = """x InputLayer
    y InputLayer
    z InputLayer
    a Conv1D < x
    b Conv1D < y
    c Conv1D < z
    p MaxPooling1D < a
    q MaxPooling1D < b
    r MaxPooling1D < c
    f Flatten < p
    g Flatten < q
    h Flatten < r
    j Concatenate < f g h
    d Dense"""


def test_inputs_that_are_read_alike_have_one_size() -> None:
    """11776 = 64·(63 + 62 + 59): three branches without padding and pools by 2 behind signals of 128 steps."""
    kernels = {name: conv(kernel, 9, 64, 1) for name, kernel in (("a", 3), ("b", 5), ("c", 11))}
    found = configs(BRANCHES, d=dense(11776, 50), **kernels)
    assert {found[name]["shape"] for name in "xyz"} == {(128, 9)}


def test_rows_of_a_map_are_steps_of_a_sequence() -> None:
    """320 = 10 · 32 numbers in a row: 40 bands behind two pools, and convolutions that take nothing away."""
    text = """x InputLayer
        a Conv2D
        m BatchNormalization
        p MaxPooling2D
        b Conv2D
        n BatchNormalization
        q MaxPooling2D
        r Reshape
        l LSTM
        d Dense"""
    sizes = {"a": conv(3, 1, 16), "b": conv(3, 16, 32), "l": {"_channels_in": 320, "units": 8}, "d": dense(8, 2)}
    norms = {"m": {"_channels_in": 16}, "n": {"_channels_in": 32}}
    found = configs(text, **sizes, **norms)
    assert found["x"]["shape"] == (None, 40, 1) and found["r"]["shape"] == (None, 320)
    assert {found[name]["padding"] for name in "ab"} == {"same"}
    assert {tuple(found[name]["strides"]) for name in "ab"} == {(1, 1)}
