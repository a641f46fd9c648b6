"""Which activation a layer has: every rule where it speaks and where it is silent."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from infer_convert.clues.activations import ActivationBelief, activation
from infer_convert.draft import Neighbourhood
from infer_convert.plan import WeightUse

from .drafts import conv, dense, draft, near, place


def belief(text: str, name: str, heads: bool = True, **configs: Any) -> ActivationBelief | None:
    there = near(text, **configs)
    found = activation(there, place(there, name), heads)
    if found is not None:
        assert math.isclose(math.fsum(found.shares.values()), 1.0, abs_tol=1e-6)
    return found


def best(text: str, name: str, heads: bool = True, **configs: Any) -> str | None:
    found = belief(text, name, heads, **configs)
    return None if found is None else found.best


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("relu_3", "relu"),
        ("gate_sigmoid", "sigmoid"),
        ("relu6_2", "relu6"),
        ("hswish", "hard_swish"),
        ("probs", "softmax"),
        ("x_hard_swish", "hard_swish"),
        ("x_hard_sigmoid", "hard_sigmoid"),
        ("linear", "linear"),
    ],
)
def test_a_name_says_the_function(name: str, expected: str) -> None:
    found = belief(f"x InputLayer\nfc Dense\n{name} Activation\nend Dense", name, fc=dense(4, 4), end=dense(4, 2))
    assert found is not None and found.best == expected and found.evidence.clue == "names"


def test_a_name_that_says_nothing_leaves_it_to_habit() -> None:
    found = belief("x InputLayer\nfc Dense\nactivation_7 Activation\nend Dense", "activation_7", fc=dense(4, 4))
    assert found is not None and found.best == "relu" and found.evidence.clue == "habits"


def test_layers_without_activation_are_silent() -> None:
    text = "x InputLayer\nfc Dense\ndrop Dropout\nbn BatchNormalization\nflat Flatten"
    assert [best(text, name, fc=dense(4, 4)) for name in ("x", "drop", "bn", "flat")] == [None] * 4


@pytest.mark.parametrize(("width", "expected"), [(3, "softmax"), (10, "softmax"), (1000, "softmax")])
def test_an_output_s_width_tells_its_function(width: int, expected: str) -> None:
    text, sizes = "x InputLayer\nhidden Dense\nend Dense", {"hidden": dense(4, 8), "end": dense(8, width)}
    assert best(text, "end", **sizes) == expected
    assert best(text, "hidden", **sizes) == "relu", "a hidden layer of any width is no head"


@pytest.mark.parametrize(("frames", "kernel", "expected"), [(4, 8, "linear"), (3, 8, "softmax"), (4, 5, "softmax")])
def test_agents_value_their_actions(frames: int, kernel: int, expected: str) -> None:
    text = "x InputLayer\nc Conv2D\nf Flatten\nh Dense\nend Dense"
    sizes = {"c": conv(kernel, frames, 16), "h": dense(2304, 64), "end": dense(64, 6)}
    assert best(text, "end", **sizes) == expected


def test_a_dropout_behind_the_last_layer_does_not_hide_the_head() -> None:
    sizes = {"hidden": dense(4, 8), "end": dense(8, 10)}
    assert best("x InputLayer\nhidden Dense\nend Dense\ndrop Dropout", "end", **sizes) == "softmax"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("out", "softmax"),
        ("hswish", "hard_swish"),
        ("tanh_head", "tanh"),
        ("logits", "linear"),
        ("probs", "softmax"),
        ("linear_head", "linear"),
    ],
)
def test_the_name_of_a_head(name: str, expected: str) -> None:
    text, sizes = f"x InputLayer\nhidden Dense\n{name} Dense", {"hidden": dense(4, 8), name: dense(8, 10)}
    assert best(text, name, **sizes) == expected


def test_the_last_layer_of_a_nested_model_is_no_sure_head() -> None:
    sizes = {"end": dense(4, 10)}
    inner, outer = (belief("x InputLayer\nend Dense", "end", heads, **sizes) for heads in (False, True))
    assert inner is not None and outer is not None
    assert max(inner.shares.values()) < 0.5 < max(outer.shares.values())


CONV = {"c": conv(3, 3, 8), "d": conv(3, 8, 8)}


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        ("act Activation", "linear"),
        ("drop Dropout\nact Activation", "linear"),
        ("bn BatchNormalization\nact Activation", "linear"),
        ("bn BatchNormalization", "relu"),
        ("pool MaxPooling2D", "relu"),
        ("drop Dropout", "relu"),
    ],
)
def test_what_follows_tells_a_fused_activation(behind: str, expected: str) -> None:
    assert best(f"x InputLayer\nc Conv2D\n{behind}\nd Conv2D", "c", **CONV) == expected


def test_a_convolution_into_an_add_is_linear() -> None:
    skip = "x InputLayer\nc Conv2D\nd Conv2D\nsum {} < c d\nend GlobalAveragePooling2D"
    assert best(skip.format("Add"), "d", **CONV) == "linear"
    assert best(skip.format("Concatenate"), "d", **CONV) == "relu"


@pytest.mark.parametrize(
    ("kind", "wide", "expected"), [("Conv2D", conv(4, 3, 8), "gelu"), ("Dense", dense(4, 8), "relu")]
)
def test_activation_layers_of_nets_that_normalise_layers(kind: str, wide: Any, expected: str) -> None:
    middle = "n1 LayerNormalization\na Dense\nact Activation\nn2 LayerNormalization"
    text = f"x InputLayer\nup {kind}\n{middle}\nend Dense"
    found = belief(text, "act", up=wide, a=dense(8, 32), end=dense(32, 2))
    assert found is not None and found.best == expected and found.shares[expected] < 0.8
    batches = belief(text.replace("LayerN", "BatchN"), "act", up=wide, a=dense(8, 32), end=dense(32, 2))
    assert batches is not None and batches.best == "relu" and batches.shares["relu"] > 0.9


BLOCK = (
    "{0}_dw DepthwiseConv2D < {1}\n{0}_bn BatchNormalization\n{0}_act Activation\n{0}_gap GlobalAveragePooling2D\n"
    "{0}_squeeze Dense\n{0}_gate Dense\n{0}_mul Multiply < {0}_act {0}_gate\n{0}_out Conv2D\n"
)


@pytest.mark.parametrize(("blocks", "open_"), [("a", False), ("ab", True)])
def test_mobile_nets_that_squeeze_are_told_apart_by_nothing(blocks: str, open_: bool) -> None:
    """Swish, relu and hard-swish are all in use; the file says which is used nowhere."""
    text = "x InputLayer\nstem Conv2D\n" + BLOCK.format("a", "stem") + (BLOCK.format("b", "a_out") if open_ else "")
    sizes = {f"{block}_{part}": dense(8, 8) for block in blocks for part in ("squeeze", "gate")}
    sizes |= {f"{block}_out": conv(1, 8, 8) for block in blocks}
    standing, fused = belief(text + "end Dense", "a_act", **sizes), belief(text + "end Dense", "a_squeeze", **sizes)
    assert standing is not None and fused is not None
    assert (max(standing.shares.values()) <= 0.6, max(fused.shares.values()) <= 0.6) == (open_, open_)
    assert best(text + "end Dense", "a_gate", **sizes) == "sigmoid"
    if open_:
        assert standing.best == fused.best == "silu", "the likeliest net has one function in both places"
        known = belief((text + "end Dense").replace("_act Activation", "_act ReLU"), "a_squeeze", **sizes)
        assert known is not None and known.best == "relu"


def backbone(width: int, last: str = "r2 Activation") -> tuple[str, dict[str, Any]]:
    text = "x InputLayer\nc1 Conv2D\nn1 BatchNormalization\nr1 Activation\nc2 Conv2D\nn2 BatchNormalization\n"
    text += f"s Conv2D < r1\nm BatchNormalization\na Add < n2 m\n{last}"
    norm = (WeightUse("gamma", ("/g",), (width,), "float32", "gamma"),)
    return text, {"c1": conv(3, 3, 16), "c2": conv(3, 16, width), "s": conv(1, 16, width), "uses": norm}


@pytest.mark.parametrize(("width", "expected"), [(512, "relu"), (3, "softmax")])
def test_what_ends_in_more_maps_than_an_answer_has_is_a_backbone(width: int, expected: str) -> None:
    text, sizes = backbone(width)
    norm = sizes.pop("uses")
    made = draft(text, **sizes)
    layers = tuple(replace(item, uses=norm) if item.name in ("n2", "m") else item for item in made.layers)
    there = Neighbourhood.of(replace(made, layers=layers))
    found = activation(there, place(there, "r2"))
    assert found is not None and found.best == expected


def test_a_way_that_ends_in_a_pool_in_front_of_an_add_is_linear() -> None:
    """The entry flow of Xception: its second separable convolution is normalised, pooled and added."""
    text = "x InputLayer\na Conv2D\nn0 BatchNormalization\nr0 Activation\nb Conv2D\nn1 BatchNormalization\n"
    text += "r1 Activation\nc Conv2D\nn2 BatchNormalization\np MaxPooling2D\ns Conv2D < r0\nj Add < p s\nend Conv2D"
    sizes = {name: conv(3, 8, 8) for name in ("b", "c", "end")} | {"a": conv(3, 3, 8), "s": conv(1, 8, 8)}
    assert best(text, "c", **sizes) == "linear"


def test_a_stem_in_front_of_a_pool_is_no_way_of_its_block() -> None:
    text = "x InputLayer\na Conv2D\nn BatchNormalization\np MaxPooling2D\nb Conv2D\nj Add < b p\nend Conv2D"
    sizes = {"a": conv(3, 3, 8), "b": conv(3, 8, 8), "end": conv(3, 8, 8)}
    assert best(text, "a", **sizes) == "relu"


def test_a_stem_is_not_held_to_the_convolutions_behind_activation_layers() -> None:
    """Residual blocks whose second convolution has no normalisation: most convolutions read an activation layer, the
    stem reads none and has a function of its own."""
    text = "x InputLayer\na Conv2D\nb Conv2D\nn1 BatchNormalization\nr1 Activation\nc Conv2D\nj Add < a c\n"
    text += "r2 Activation\nd Conv2D\nn2 BatchNormalization\nr3 Activation\ne Conv2D\ns Conv2D < r2\nk Add < e s\n"
    text += "r4 Activation\ng GlobalAveragePooling2D\nend Dense"
    sizes = {name: conv(3, 8, 8) for name in "bcde"} | {"a": conv(3, 3, 8), "s": conv(1, 8, 8), "end": dense(8, 3)}
    assert best(text, "a", **sizes) == "relu"


def test_what_squeezes_and_gates_says_nothing_about_normalised_convolutions() -> None:
    """Two of three normalised convolutions have an activation layer behind; of all five it is less than half."""
    block = (
        "{0}_up Conv2D\n{0}_n1 BatchNormalization\n{0}_r1 Activation\n{0}_dw DepthwiseConv2D\n{0}_n2"
        " BatchNormalization\n{0}_r2 Activation\n{0}_gap GlobalAveragePooling2D\n{0}_sq Conv2D\n{0}_ex Conv2D\n"
        "{0}_mul Multiply < {0}_r2 {0}_ex\n{0}_out Conv2D\n{0}_n3 BatchNormalization\n"
    )
    text = "x InputLayer\nstem Conv2D\n" + block.format("a") + block.format("b") + "g GlobalAveragePooling2D\nend Dense"
    sizes = {f"{each}_{part}": conv(1, 8, 8) for each in "ab" for part in ("up", "sq", "ex", "out")}
    assert best(text, "a_out", stem=conv(3, 3, 8), **sizes) == "linear"


def test_convolutions_behind_activation_layers_have_none() -> None:
    """Dense blocks normalise and activate in front of their convolutions; a transition pools behind one."""
    text = "x InputLayer\ns Conv2D\n"
    for number, taken in enumerate(("s", "j0")):
        text += f"n{number} BatchNormalization < {taken}\nr{number} Activation\nc{number} Conv2D\n"
        text += f"j{number} Concatenate < {taken} c{number}\n"
    text += "n2 BatchNormalization\nr2 Activation\nt Conv2D\np AveragePooling2D\nend Conv2D"
    sizes = {"s": conv(3, 3, 8), "c0": conv(3, 8, 8), "c1": conv(3, 16, 8), "t": conv(1, 24, 12), "end": conv(3, 12, 8)}
    assert best(text, "t", **sizes) == "linear"


def test_a_gate_is_a_sigmoid() -> None:
    gate = "x InputLayer\nc Conv2D\ngap GlobalAveragePooling2D\nfc Dense\nmul {} < c fc\nend GlobalAveragePooling2D"
    assert best(gate.format("Multiply"), "fc", c=conv(3, 3, 8), fc=dense(8, 8)) == "sigmoid"
    assert best(gate.format("Average"), "fc", c=conv(3, 3, 8), fc=dense(8, 8)) == "relu"
    assert best(gate.format("Maximum"), "fc", c=conv(3, 3, 8), fc=dense(8, 8)) == "linear"
    alone = "x InputLayer\nc Conv2D\nact Activation\nmul Multiply < c act\nend Dense"
    assert best(alone, "act", c=conv(3, 3, 8)) == "sigmoid"


def test_a_net_that_writes_its_activations_as_layers_has_few_others() -> None:
    explicit = "x InputLayer\na Conv2D\nr1 ReLU\nb Conv2D\nr2 ReLU\nc Conv2D\npool MaxPooling2D\nend Conv2D"
    fused = explicit.replace("ReLU", "Dropout")
    sizes = {"a": conv(3, 3, 8), "b": conv(3, 8, 8), "c": conv(3, 8, 8), "end": conv(3, 8, 8)}
    assert (best(explicit, "c", **sizes), best(fused, "c", **sizes)) == ("linear", "relu")


def test_an_upsampling_kernel_in_front_of_a_skip_is_linear() -> None:
    text = "x InputLayer\nc Conv2D\nup Conv2DTranspose\nj {} < up c\nend Conv2D"
    sizes = {"c": conv(3, 3, 8), "up": conv(2, 8, 8), "end": conv(3, 16, 8)}
    assert best(text.format("Concatenate"), "up", **sizes) == "linear"
    assert best("x InputLayer\nc Conv2D\nup Conv2DTranspose\nend Conv2D", "up", **sizes) == "relu"


def test_a_generator_ends_in_tanh_and_a_mask_in_sigmoid() -> None:
    end = {"end": conv(3, 8, 3), "fc": dense(10, 64), "c": conv(3, 3, 8)}
    assert best("z InputLayer\nfc Dense\nr Reshape\nu UpSampling2D\nend Conv2D", "end", **end) == "tanh"
    assert best("z InputLayer\nc Conv2D\nu UpSampling2D\nend Conv2D", "end", **end) == "sigmoid"


def test_recurrent_layers_keep_tanh() -> None:
    assert best("x InputLayer\nrnn LSTM\nfc Dense", "rnn", fc=dense(4, 1)) == "tanh"


REMEMBERED = {
    "attention over time": (
        "x InputLayer\nrnn LSTM\nscore Dense < rnn\nflat Flatten\nsoft Activation\nrep RepeatVector\nperm Permute\n"
        "mul Multiply < rnn perm\nend Dense",
        {"score": dense(8, 1), "end": dense(8, 2), "rnn": {"units": 8, "_channels_in": 4}},
        {"score": "tanh", "soft": "softmax"},
    ),
    "attention along a permuted axis": (
        "x InputLayer\nrnn LSTM\nt Permute < rnn\nw Dense\nback Permute\nmul Multiply < rnn back\nend Dense",
        {"w": dense(20, 20), "end": dense(8, 2), "rnn": {"units": 8, "_channels_in": 4}},
        {"w": "softmax"},
    ),
    "a gate that is turned once": (
        "x InputLayer\nc Conv1D\nw Dense < c\nback Permute\nmul Multiply < c back\nend Dense",
        {"c": conv(3, 4, 8, 1), "w": dense(8, 8), "end": dense(8, 2)},
        {"w": "sigmoid"},
    ),
    "scores between two products": (
        "x InputLayer\ny InputLayer\nd Dot < x y\nsoft Activation\nmix Dot < soft y\nend Dense",
        {"end": dense(8, 2)},
        {"soft": "softmax"},
    ),
    "branches that are normalised together": (
        "x InputLayer\na Conv1D\nb Conv1D < x\nj Concatenate < a b\nn BatchNormalization\nr ReLU\nend Dense",
        {
            "a": {**conv(3, 4, 8, 1), "use_bias": False},
            "b": {**conv(5, 4, 8, 1), "use_bias": False},
            "end": dense(16, 2),
        },
        {"a": "linear", "b": "linear"},
    ),
    "a gated unit": (
        "x InputLayer\nf Conv1D\ng Conv1D < x\nmul Multiply < f g\nend Conv1D",
        {"f": conv(2, 4, 4, 1), "g": conv(2, 4, 4, 1), "end": conv(1, 4, 3, 1)},
        {"f": "tanh", "g": "sigmoid"},
    ),
    "a latent code": (
        "x InputLayer\nh Dense\nmean Dense < h\nlog Dense < h",
        {"h": dense(784, 64), "mean": dense(64, 2), "log": dense(64, 2)},
        {"h": "relu"},
    ),
    "two codes": (
        "x InputLayer\nh Dense\na Dense < h\nb Dense < h",
        {"h": dense(784, 64), "a": dense(64, 9), "b": dense(64, 9)},
        {"a": "linear", "b": "linear"},
    ),
    "a policy and a value": (
        "x InputLayer\nh Dense\npi Dense < h\nv Dense < h",
        {"h": dense(8, 64), "pi": dense(64, 4), "v": dense(64, 1)},
        {"pi": "softmax", "v": "linear"},
    ),
    "a forecast": (
        "x InputLayer\nr LSTM\nend Dense",
        {"r": {"units": 8, "_channels_in": 3}, "end": dense(8, 1)},
        {"end": "linear"},
    ),
    "a text": (
        "x InputLayer\ne Embedding\nr LSTM\nend Dense",
        {"e": {"input_dim": 9, "output_dim": 3}, "r": {"units": 8, "_channels_in": 3}, "end": dense(8, 1)},
        {"end": "sigmoid"},
    ),
    "a reconstruction": (
        "x InputLayer\nh Dense\nend Dense",
        {"h": dense(784, 32), "end": dense(32, 784)},
        {"end": "sigmoid"},
    ),
    "an image at the end": (
        "x InputLayer\nh Dense\nend Dense\nshape Reshape",
        {"h": dense(100, 256), "end": dense(256, 784)},
        {"h": "relu", "end": "sigmoid"},
    ),
}


@pytest.mark.parametrize("name", REMEMBERED)
def test_what_people_copy(name: str) -> None:
    text, sizes, expected = REMEMBERED[name]
    assert {layer: best(text, layer, **sizes) for layer in expected} == expected


def test_halves_of_a_gate_read_one_tensor() -> None:
    sizes = {"f": conv(2, 4, 4, 1), "g": conv(2, 4, 4, 1)}
    assert best("x InputLayer\ny InputLayer\nf Conv1D < x\ng Conv1D < y\nmul Multiply < f g", "f", **sizes) != "tanh"


def test_numbers_of_a_nested_model_that_become_an_image() -> None:
    text, sizes = "x InputLayer\nh Dense\nend Dense", {"h": dense(8, 16), "end": dense(16, 784)}
    assert best(f"{text}\nr Reshape", "end", False, **sizes) in ("sigmoid", "tanh")
    assert best(text, "end", False, **sizes) not in ("sigmoid", "tanh")


def test_what_is_followed_by_an_activation_has_none_itself() -> None:
    found = belief("x InputLayer\nfc Dense\nact Activation\nend Dense", "fc", fc=dense(4, 4), end=dense(4, 2))
    assert found is not None and found.shares["linear"] > 0.99


def test_one_value_depends_on_what_the_net_reads() -> None:
    sizes = {"h": dense(8, 8), "end": dense(8, 1), "c": conv(3, 1, 8)}
    assert best("x InputLayer\ne Embedding\nf Flatten\nh Dense\nend Dense", "end", **sizes) == "sigmoid"
    assert best("x InputLayer\nc Conv2D\nf Flatten\nh Dense\nend Dense", "end", **sizes) == "sigmoid"
    assert best("x InputLayer\nh Dense\nend Dense", "end", **sizes) == "linear"


def test_maps_are_estimated_linearly_and_masks_are_not() -> None:
    sizes = {"a": conv(3, 1, 8), "b": conv(3, 8, 8), "end": conv(3, 8, 1)}
    assert best("x InputLayer\na Conv2D\nb Conv2D\nend Conv2D", "end", **sizes) == "linear"
    assert best("x InputLayer\na Conv2D\nu UpSampling2D\nb Conv2D\nend Conv2D", "end", **sizes) == "sigmoid"


def test_several_maps_are_a_detector_s() -> None:
    sizes = {"a": conv(3, 1, 8), "b": conv(3, 8, 8), "one": conv(1, 8, 21), "two": conv(1, 8, 21)}
    assert best("x InputLayer\na Conv2D\nb Conv2D\none Conv2D < a\ntwo Conv2D < b", "one", **sizes) == "linear"
    assert best("x InputLayer\na Conv2D\nb Conv2D\ntwo Conv2D", "two", **sizes) == "softmax"


@pytest.mark.parametrize(("before", "expected"), [("p Conv2D", "gelu"), ("p Embedding", "relu")])
def test_feed_forward_layers_by_what_the_net_reads(before: str, expected: str) -> None:
    text = f"x InputLayer\n{before}\nn LayerNormalization\nm LayerNormalization\nf Dense\ng Dense\nend Dense"
    sizes = {"p": conv(4, 3, 8), "f": dense(8, 32), "g": dense(32, 8), "end": dense(8, 2)}
    assert best(text, "f", **sizes) == expected


def test_small_convolutions_over_time_are_feed_forward_layers() -> None:
    text = "x InputLayer\nn LayerNormalization\nm LayerNormalization\nf Conv1D\ng Conv1D\nend Dense"
    sizes = {"f": conv(1, 8, 32, 1), "g": conv(1, 32, 8, 1), "end": dense(8, 2)}
    assert best(text, "f", **sizes) == "relu"
    assert best(text, "f", **{**sizes, "f": conv(4, 8, 32, 1)}) == "linear"


def test_heads_that_the_output_joins_are_outputs() -> None:
    net = """
        input InputLayer
        body Dense
        steer Dense < body
        brake Dense < body
        joined Concatenate < steer brake
    """
    sizes = {"body": dense(29, 300), "steer": dense(300, 1), "brake": dense(300, 1)}
    found = belief(net, "steer", **sizes)
    assert found is not None and found.best == "linear" and found.shares["relu"] < 0.2 < found.shares["linear"] < 0.6
    assert best(net, "body", **sizes) == "relu"
    assert best(net.rstrip() + "\nlast Dense", "steer", **sizes, last=dense(2, 1)) == "relu"


def test_feed_forward_pairs_with_dropout_behind_both_may_activate_twice() -> None:
    """The loop of Keras' own vision transformer; the paper's second layer is linear."""
    net = """
        x InputLayer
        c Conv2D
        n LayerNormalization < c
        m LayerNormalization < n
        f Dense
        {} Dropout
        g Dense
        d Dropout
        s Add < d n
        end Dense
    """
    configs = {"c": conv(4, 3, 8), "f": dense(8, 16), "g": dense(16, 8), "end": dense(8, 2)}
    found = belief(net.format("e"), "g", **configs)
    assert found is not None and found.best == "linear" and found.shares["gelu"] == 0.4
    alone = belief(net.replace("{} Dropout\n", "").replace("d Dropout", "d Dropout"), "g", **configs)
    assert alone is not None and alone.shares["linear"] > 0.9


BOARD = """x InputLayer
    c Conv2D
    p Conv2D < c
    f Flatten
    policy Dense
    v Conv2D < c
    g Flatten
    {} Dense"""
BOARD_SIZES = {"c": conv(3, 8, 32), "p": conv(1, 32, 2), "v": conv(1, 32, 1), "policy": dense(162, 82)}


def test_who_wins_a_game_on_a_board_goes_from_minus_one_to_one() -> None:
    text = BOARD.format("value_head")
    assert best(text, "value_head", value_head=dense(81, 1), **BOARD_SIZES) == "tanh"
    assert best(BOARD.format("score"), "score", score=dense(81, 1), **BOARD_SIZES) != "tanh"
    watching = {**BOARD_SIZES, "c": conv(8, 8, 32)}
    assert best(text, "value_head", value_head=dense(81, 1), **watching) == "linear", "an agent"


def test_scores_of_classes_are_linear() -> None:
    text = "x InputLayer\nc Conv2D\ns Conv2D\nt Conv2DTranspose\nend Activation"
    sizes = {"c": conv(3, 3, 64), "t": conv(4, 12, 12)}
    assert best(text, "s", s=conv(1, 64, 12), **sizes) == "linear"
    assert best(text, "s", s=conv(1, 64, 16), **sizes) == "relu"


def test_an_activation_layer_that_ends_a_nested_generator_is_none_of_its_hidden_ones() -> None:
    text = "x InputLayer\nd Dense\nr Reshape\nu UpSampling2D\nc Conv2D\na Activation"
    sizes = {"d": dense(100, 128), "c": conv(3, 8, 3)}
    assert best(text, "a", heads=False, **sizes) == "tanh"
    assert best("x InputLayer\nc Conv2D\na Activation", "a", heads=False, c=conv(3, 8, 3)) == "relu"


def test_branches_that_meet_in_a_product_gate_nothing() -> None:
    """Pictures and questions, each behind a Dense of its own, beside a gate over what it is computed from."""
    text = "x InputLayer\ny InputLayer\na Dense < x\nb Dense < y\nm Multiply < a b\nd Dense"
    sizes = {"a": dense(8, 16), "b": dense(4, 16), "d": dense(16, 3)}
    found = belief(text, "a", **sizes)
    assert found is not None and found.shares["sigmoid"] < 0.2 < found.shares["tanh"]
    assert best(text.replace("< y", "< x"), "b", **sizes) == "sigmoid"


def test_what_is_enlarged_at_the_end_is_an_output() -> None:
    found = belief("x InputLayer\nc Conv2D\nu UpSampling2D", "c", c=conv(3, 8, 3))
    assert found is not None and found.shares.get("relu", 0.0) < 0.1
