"""Log priors of spatial settings: normalised, and moved by the place in the net."""

from __future__ import annotations

import math
from typing import Any

import pytest

from infer_convert.clues.settings.choices import Setting, settings
from infer_convert.clues.settings.places import Style

from .drafts import conv, dense, near, place


def tried(text: str, name: str, **configs: Any) -> tuple[Setting, ...]:
    there = near(text, **configs)
    found = settings(there, Style.of(there), place(there, name))
    assert math.isclose(math.fsum(math.exp(setting.log_prior) for setting in found), 1.0)
    return found


def share(found: tuple[Setting, ...], **wanted: Any) -> float:
    """Of the settings in which these fields have these values."""
    return math.fsum(
        math.exp(s.log_prior) for s in found if all(s.config.get(key) == value for key, value in wanted.items())
    )


def test_a_layer_without_open_settings_has_one() -> None:
    (only,) = tried("x InputLayer\nfc Dense", "fc", fc=dense(3, 2))
    assert only == Setting({}, 0.0)


def test_what_is_fixed_stays_fixed() -> None:
    found = tried("x InputLayer\nc Conv2D\nd Conv2D", "c", c={**conv(3, 3, 8), "strides": 2})
    assert {tuple(s.config["strides"]) for s in found} == {(2, 2)} and len({s.config["padding"] for s in found}) == 2


def kinds(found: tuple[Setting, ...]) -> set[tuple[str, Any]]:
    return {memory for setting in found for memory in setting.writes if memory[0] == "padding"}


def test_one_padding_for_a_whole_net_is_a_habit() -> None:
    found = tried("x InputLayer\nc Conv2D\nd Conv2D", "c", c=conv(3, 3, 8), d=conv(3, 8, 8))
    assert kinds(found) == {("padding", "same"), ("padding", "valid")}
    assert all(nats > 1 for setting in found for kind, _, nats in setting.reads if kind == "padding")
    pointwise = tried("x InputLayer\nc Conv2D\nd Conv2D", "c", c=conv(1, 3, 8), d=conv(3, 8, 8))
    assert not kinds(pointwise), "padding changes nothing for a 1×1 kernel"


STRIDED = {
    "a 1×1 kernel": ("a Conv2D\nc Conv2D\nd Conv2D", {"c": conv(1, 8, 8)}, 0.0, 0.05),
    "a 1×1 projection that widens": (
        "a Conv2D\nb Conv2D\nc Conv2D < a\nsum Add < b c", {"c": conv(1, 8, 16)}, 0.5, 1.0,
    ),
    "a 1×1 projection that keeps": ("a Conv2D\nb Conv2D\nc Conv2D < a\nsum Add < b c", {"c": conv(1, 8, 8)}, 0.0, 0.3),
    "a kernel behind ZeroPadding": ("a Conv2D\nz ZeroPadding2D\nc Conv2D", {"c": conv(3, 8, 8)}, 0.25, 1.0),
    "a kernel behind a convolution": ("a Conv2D\nc Conv2D\nd Conv2D", {"c": conv(3, 8, 8)}, 0.0, 0.2),
    "one that widens, without pools": ("a Conv2D\nc Conv2D\nd Conv2D", {"c": conv(3, 8, 16)}, 0.4, 0.7),
    "one that widens, beside pools": (
        "a Conv2D\np MaxPooling2D\nc Conv2D\nq MaxPooling2D\nd Conv2D", {"c": conv(3, 8, 16)}, 0.0, 0.1,
    ),
    "an even kernel without pools": ("a Conv2D\nc Conv2D\nd Conv2D", {"c": conv(4, 8, 8)}, 0.6, 1.0),
}  # fmt: skip


@pytest.mark.parametrize("name", STRIDED)
def test_the_place_tells_the_stride(name: str) -> None:
    text, sizes, least, most = STRIDED[name]
    others = {"a": conv(3, 3, 8), "b": conv(3, 8, 16), "d": conv(3, 16, 16)}
    found = tried(f"x InputLayer\n{text}", "c", **{**others, **sizes})
    assert least <= share(found, strides=[2, 2]) <= most


def test_padding_behind_zero_padding_is_valid() -> None:
    sizes = {"c": conv(3, 3, 8)}
    behind = tried("x InputLayer\nz ZeroPadding2D\nc Conv2D", "c", **sizes)
    alone = tried("x InputLayer\nd Dropout\nc Conv2D", "c", **sizes)
    assert share(behind, padding="valid") > 0.95 > 0.5 > share(alone, padding="valid")


def test_merges_of_maps_speak_for_same() -> None:
    sizes = {"a": conv(3, 3, 8), "b": conv(3, 8, 8)}
    joined = tried("x InputLayer\na Conv2D\nb Conv2D\ns Add < a b\nf Flatten", "b", **sizes)
    chained = tried("x InputLayer\na Conv2D\nb Conv2D\nf Flatten", "b", **sizes)
    assert share(joined, padding="same") > 0.9 > 0.6 > share(chained, padding="same")


def test_merged_vectors_do_not() -> None:
    there = near("x InputLayer\na Dense\nb Dense\ns Add < a b", a=dense(3, 3), b=dense(3, 3))
    assert not Style.of(there).merges


def test_layer_normalisation_and_an_even_kernel_cut_patches() -> None:
    text = "x InputLayer\nc Conv2D\n{} \nd Dense"
    patches = tried(text.format("n LayerNormalization"), "c", c=conv(16, 3, 64))
    plain = tried(text.format("n BatchNormalization"), "c", c=conv(16, 3, 64))
    assert share(patches, strides=[16, 16]) > 0.8 > 0.1 > share(plain, strides=[16, 16])


def test_pools() -> None:
    sizes = {"a": conv(3, 3, 8), "b": conv(3, 8, 8)}
    halving = {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"}
    plain = tried("x InputLayer\na Conv2D\np MaxPooling2D\nb Conv2D", "p", **sizes)
    assert share(plain, **halving) > 0.55
    padded = tried("x InputLayer\na Conv2D\nz ZeroPadding2D\np MaxPooling2D\nb Conv2D", "p", **sizes)
    assert share(padded, pool_size=[3, 3], strides=[2, 2], padding="valid") > 0.8
    last = tried("x InputLayer\na Conv2D\np AveragePooling2D\nf Flatten", "p", **sizes)
    assert share(last, pool_size=[8, 8]) > 2 * share(plain, pool_size=[8, 8])


def test_zero_padding_suits_the_kernel_behind_it() -> None:
    text = "x InputLayer\nz ZeroPadding2D\nc Conv2D"
    for kernel, amount in ((7, 3), (5, 2), (3, 1)):
        best = max(tried(text, "z", c=conv(kernel, 3, 8)), key=lambda setting: setting.log_prior)
        assert best.config["padding"] in ([[amount] * 2] * 2, [amount] * 2)


def test_a_transposed_kernel_of_two_doubles() -> None:
    found = tried("x InputLayer\nu Conv2DTranspose\nc Conv2D", "u", u=conv(2, 8, 8), c=conv(3, 8, 8))
    assert share(found, strides=[2, 2]) > 0.9


def test_wide_transposed_kernels_enlarge_by_more() -> None:
    """FSRCNN's 9 rows by three, a fully convolutional net's 16 by eight."""
    text = "x InputLayer\nu Conv2DTranspose"
    offered = {size: tried(text, "u", u=conv(size, 8, 8)) for size in (3, 9, 16)}
    strides = {size: {item.config["strides"][0] for item in found} for size, found in offered.items()}
    assert strides == {3: {1, 2}, 9: {1, 2, 3, 4}, 16: {1, 2, 3, 4, 8, 16}}
    assert share(offered[16], strides=[8, 8]) > share(offered[16], strides=[4, 4]) + 0.05


def test_sequences_where_another_recurrence_reads_them() -> None:
    sizes = {name: {"units": 4, "_channels_in": 4} for name in ("r", "s")}
    assert share(tried("x InputLayer\nr LSTM\ns LSTM\nd Dense", "r", **sizes), return_sequences=True) > 0.8
    assert share(tried("x InputLayer\nr LSTM\ns LSTM\nd Dense", "s", **sizes), return_sequences=True) < 0.2


def test_a_dot_sums_over_the_last_axes_but_multiplies_by_a_matrix() -> None:
    text = "x InputLayer\na Activation < x\nb {} < x\ndot Dot < a b"
    assert max(tried(text.format("Activation"), "dot"), key=lambda s: s.log_prior).config == {"axes": -1}
    assert max(tried(text.format("Reshape"), "dot"), key=lambda s: s.log_prior).config == {"axes": [2, 1]}


def test_groups_are_never_certain_and_one_for_every_channel_where_pictures_are_enlarged() -> None:
    norm = {"_channels_in": 64}
    found = tried("x InputLayer\nn GroupNormalization", "n", n=norm)
    assert 0.5 < share(found, groups=32) < 0.9 and share(found, groups=64) > 0.05
    enlarged = tried("x InputLayer\nn GroupNormalization\nup Conv2DTranspose", "n", n=norm, up=conv(3, 64, 8))
    assert share(enlarged, groups=64) > share(enlarged, groups=32)


def test_one_rule_for_the_groups_of_a_net() -> None:
    found = {s.config["groups"]: s for s in tried("x InputLayer\nn GroupNormalization", "n", n={"_channels_in": 32})}
    assert ("groups", 32) in found[32].writes and ("groups each", True) in found[32].writes
    assert {kind for kind, _, _ in found[32].reads} == {"groups", "groups each"}  # both rules suit
    assert {kind for kind, _, _ in found[8].reads} == {"groups"}


def test_nobody_does_the_same_to_every_frame_twice_in_a_row() -> None:
    frames = tried("x InputLayer\np TimeDistributed\nq TimeDistributed\nr LSTM", "q", r={"units": 4, "_channels_in": 4})
    flatten = next(setting for setting in frames if setting.config["_class"] == "Flatten")
    gained = {(kind, value): nats for kind, value, nats in flatten.reads}
    assert gained["every frame", "Flatten"] < -3 and gained["every frame", "GlobalAveragePooling2D"] < -3
    (first, *_) = tried("x InputLayer\np TimeDistributed\nr LSTM", "p", r={"units": 4, "_channels_in": 4})
    assert not first.reads and first.writes


def test_a_convolution_that_ends_a_way_is_no_shortcut() -> None:
    text = "x InputLayer\na Conv2D\nb Conv2D < a\nc Conv2D < b\ns Conv2D < a\nj Add < c s\ng GlobalAveragePooling2D"
    sizes = {"a": conv(3, 3, 16), "b": conv(3, 16, 16), "c": conv(1, 16, 32), "s": conv(1, 16, 32)}
    strided = {name: share(tried(text, name, **sizes), strides=[2, 2]) for name in "cs"}
    assert strided["c"] < 0.06 < strided["s"]


def test_the_convolution_that_answers_has_no_strides() -> None:
    text = "x InputLayer\na Conv2D\nb Conv2D\nc Conv2D\nend Activation"
    sizes = {"a": conv(4, 3, 32), "b": conv(4, 32, 64)}
    scores, widening = (tried(text, "c", c=conv(4, 64, filters), **sizes) for filters in (1, 128))
    assert share(scores, strides=[2, 2]) < 0.25 < share(widening, strides=[2, 2])


def test_borders_are_lopsided_throughout_or_nowhere() -> None:
    """Whatever the kernels behind them: what one border does, the next one is likelier to do."""
    text = "x InputLayer\nz1 ZeroPadding2D\na Conv2D\nz2 ZeroPadding2D\nb Conv2D\ng GlobalAveragePooling2D"
    there = near(text, a=conv(3, 3, 8), b=conv(5, 8, 8))
    first, second = (settings(there, Style.of(there), place(there, name)) for name in ("z1", "z2"))
    written = {tuple(setting.config["padding"][0]): dict(setting.writes)["zeros side"] for setting in first}
    assert written[0, 1] == written[1, 2] == 1 and written[1, 1] == 0
    for setting in second:
        before, after = setting.config["padding"][0]
        kept = {value: nats for kind, value, nats in setting.reads if kind == "zeros side"}
        assert set(kept) == {after - before} and kept[after - before] > 0.5


def test_who_writes_out_the_borders_of_single_channels_does_so_for_all() -> None:
    """The stem of EfficientNets, beside one of a net that borders other convolutions alone."""
    lopsided = {}
    for kind in ("DepthwiseConv2D", "Conv2D"):
        text = f"x InputLayer\nz1 ZeroPadding2D\na Conv2D\nz2 ZeroPadding2D\nb {kind}\ng GlobalAveragePooling2D"
        inner = {"kernel_size": (3, 3), "_channels_in": 8} if kind == "DepthwiseConv2D" else conv(3, 8, 8)
        there = near(text, a=conv(3, 3, 8), b=inner)
        lopsided[kind] = share(settings(there, Style.of(there), place(there, "z1")), padding=[[0, 1], [0, 1]])
    assert lopsided["DepthwiseConv2D"] > 0.5 > 0.2 > lopsided["Conv2D"]


def test_only_pictures_are_cut_by_wide_first_kernels() -> None:
    """8x8 reads the frames of a game by four, 8 steps of a signal are read one by one."""
    frames = tried("x InputLayer\na Conv2D", "a", a=conv(8, 4, 16))
    signal = tried("x InputLayer\na Conv1D", "a", a=conv(8, 4, 16, rank=1))
    assert share(frames, strides=[4, 4]) > 0.4 > 0.2 > share(signal, strides=[4])


def test_rows_of_a_map_are_read_to_the_last_step() -> None:
    """Nets that read text in pictures give a character for each step."""
    sizes = {"c": conv(3, 1, 8), "r": {"units": 4, "_channels_in": 4}}
    text = "x InputLayer\nc Conv2D\np MaxPooling2D\ns Reshape\nr LSTM\nd Dense"
    assert share(tried(text, "r", **sizes), return_sequences=True) > 0.5
    assert share(tried("x InputLayer\nr LSTM\nd Dense", "r", r=sizes["r"]), return_sequences=True) < 0.2


def test_columns_become_steps_rather_than_channels() -> None:
    there = near("x InputLayer\nc Conv2D\np Permute\nr Reshape\nl LSTM", c=conv(3, 1, 8))
    found = settings(there, Style.of(there), place(there, "p"))
    of_three = [setting for setting in found if len(setting.config["dims"]) == 3]
    assert max(of_three, key=lambda setting: setting.log_prior).config["dims"] == [2, 1, 3]


@pytest.mark.parametrize("merge", ["Multiply", "Dot"])
def test_weights_of_steps_are_repeated_for_every_channel(merge: str) -> None:
    text = f"""
        x InputLayer
        h LSTM < x
        a Dense < h
        f Flatten < a
        r RepeatVector < f
        p Permute < r
        m {merge} < h p
    """
    lstm = {"units": 37, "_channels_in": 5, "return_sequences": True}
    there = near(text, h=lstm, a=dense(37, 1))
    found = {setting.config["n"] for setting in settings(there, Style.of(there), place(there, "r"))}
    assert 37 in found
    of_steps = {s.config["return_sequences"]: s.log_prior for s in settings(
        near(text, a=dense(37, 1), h={"units": 37, "_channels_in": 5}), Style.of(there), place(there, "h")
    )}  # fmt: skip
    assert of_steps[True] > of_steps[False]


def test_other_vectors_are_repeated_as_often_as_is_usual() -> None:
    there = near("x InputLayer\nr RepeatVector\nl LSTM", l={"units": 37, "_channels_in": 5, "return_sequences": True})
    assert 37 not in {setting.config["n"] for setting in settings(there, Style.of(there), place(there, "r"))}
