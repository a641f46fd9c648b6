"""What an input's consumers demand of it, and which shapes are tried."""

from __future__ import annotations

from typing import Any

import pytest

from infer_convert.assemble.inputs import MOST_ORDERS, allotments, candidates, depends_on_size, kind_of
from infer_convert.assemble.wanted import Wanted, wanted
from infer_convert.infer import infer

from ..clues.drafts import conv, dense, draft
from .files import facts

RECURRENT = {"_channels_in": 7, "units": 4}

DEMANDS: dict[str, tuple[str, dict[str, Any], Wanted]] = {
    "dense": ("d Dense", {"d": dense(5, 2)}, Wanted(1, 5)),
    "image": ("c Conv2D", {"c": conv(3, 3, 8)}, Wanted(3, 3)),
    "series": ("c Conv1D", {"c": conv(3, 6, 8, 1)}, Wanted(2, 6)),
    "recurrent": ("r LSTM", {"r": RECURRENT}, Wanted(2, 7)),
    "words": ("e Embedding", {"e": {"input_dim": 9, "output_dim": 4}}, Wanted(1, None, indices=True)),
    "through what keeps the shape": ("drop Dropout\nz ZeroPadding2D\nc Conv2D", {"c": conv(3, 3, 8)}, Wanted(3, 3)),
    "flattened": ("f Flatten\nd Dense", {"d": dense(784, 2)}, Wanted(flat=784)),
    "the strictest": ("g Dense < x\nc Conv2D < x", {"g": dense(3, 2), "c": conv(3, 3, 8)}, Wanted(3, 3)),
    "nothing": ("drop Dropout", {}, Wanted()),
}


@pytest.mark.parametrize("name", DEMANDS)
def test_wanted(name: str) -> None:
    text, sizes, expected = DEMANDS[name]
    assert wanted(draft(f"x InputLayer\n{text}", **sizes), 0) == expected


def test_channels_that_stand_first_are_put_last() -> None:
    there = draft("x InputLayer\nc Conv2D", c=conv(3, 7, 8))
    assert list(allotments(there, {"": ((7, 19, 19),)})) == [{"x": (7, 19, 19)}, {"x": (19, 19, 7)}]
    assert list(allotments(there, {"": ((19, 19, 7),)})) == [{"x": (19, 19, 7)}]


def test_what_a_sum_leaves_for_the_input() -> None:
    there = draft("x InputLayer\ny InputLayer\na Dense < x\nj Concatenate < a y\nd Dense", a=dense(5, 4), d=dense(6, 1))
    assert wanted(there, 1) == Wanted(1, 2)


def test_a_vector_beside_flattened_maps_is_what_they_leave() -> None:
    there = draft(
        "x InputLayer\nc Conv2D < x\nf Flatten\ny InputLayer\nj Concatenate < f y\nd Dense",
        c=conv(3, 3, 32), d=dense(32 * 49 + 10, 1),
    )  # fmt: skip
    assert wanted(there, 3) == Wanted(1, 10)


def test_numbers_beside_frames_that_are_pooled_or_flattened() -> None:
    inner = conv(3, 3, 32)
    there = draft(
        "x InputLayer\nc TimeDistributed < x\nt TimeDistributed\ny InputLayer\nj Concatenate < t y\nr LSTM",
        c={"_class": "Conv2D", "_inner": inner}, r={"_channels_in": 42, "units": 8},
    )  # fmt: skip
    assert wanted(there, 3) == Wanted(2, 10)


def test_what_is_normalised_before_it_is_flattened_has_two_axes() -> None:
    there = draft(
        "x InputLayer\nc Conv2D\nr Reshape\nn LayerNormalization\nf Flatten\nd Dense",
        c=conv(3, 1, 32), n={"_channels_in": 8}, d=dense(1152, 10),
    )  # fmt: skip
    assert wanted(there, 2) == Wanted(2, 8, flat=1152)


def test_inputs_that_are_read_alike_are_of_one_kind() -> None:
    there = draft(
        "x InputLayer\ny InputLayer\nz InputLayer\nc Conv1D < x\nd Conv1D < y\ne Dense < z",
        c=conv(3, 9, 4, 1), d=conv(5, 9, 4, 1), e=dense(9, 1),
    )  # fmt: skip
    assert kind_of(there, 0) == kind_of(there, 1) is not None and kind_of(there, 2) is None
    assert kind_of(draft("x InputLayer\nc Conv1D", c=conv(3, 9, 4, 1)), 0) is None


def shapes(text: str, fixed: bool, **sizes: Any) -> list[tuple[int | None, ...]]:
    found = candidates(draft(f"x InputLayer\n{text}", **sizes), 0, fixed)
    return [shape for shape, _ in sorted(found, key=lambda item: -item[1])]


def test_images() -> None:
    grey, colour = (shapes("c Conv2D", True, c=conv(3, channels, 8)) for channels in (1, 3))
    assert grey[0] == (28, 28, 1) and (66, 200, 1) in grey and {shape[-1] for shape in grey} == {1}
    assert (28, 28, 3) not in colour[:10] and {(224, 224, 3), (32, 32, 3)} == set(colour[:2])
    assert len(shapes("c Conv2D", False, c=conv(3, 3, 8))) < 10 < len(colour)


def test_boards() -> None:
    """Seven planes are no colours."""
    assert {shape[0] for shape in shapes("c Conv2D", True, c=conv(3, 7, 8))[:6]} >= {19, 8}
    assert 19 not in [shape[0] for shape in shapes("c Conv2D", True, c=conv(3, 3, 8))[:20]]


def test_an_oblong_board() -> None:
    """Four in a row is played on seven columns of six; other boards are tried where no usual size suits: 45 = 5 · 9."""
    text = "input_1\nconv2d kernel:3x3x3x8 bias:8\nconv2d_1 kernel:1x1x8x1 bias:1\nflatten\ndense kernel:{}x7 bias:7"
    assert infer(facts(text.format(42))).best.layer("input_1").config["batch_shape"] == [None, 6, 7, 3]
    sides = infer(facts(text.format(45))).best.layer("input_1").config["batch_shape"][1:3]
    assert sorted(sides) == [5, 9]


def test_joined_categories_are_single_ones() -> None:
    """More inputs than every length could be tried for: vectors of five categories are joined, then flattened."""
    ids = "\n".join(f"c{number}" for number in range(5))
    tables = "\n".join(f"embedding_{number} embeddings:50x8" for number in range(5))
    plan = infer(facts(f"{ids}\n{tables}\nconcatenate\nflatten\ndense kernel:40x2 bias:2")).best
    assert [layer.config["batch_shape"] for layer in plan.layers if layer.class_name == "InputLayer"] == [[None, 1]] * 5


def test_vectors_and_sequences() -> None:
    assert shapes("d Dense", True, d=dense(5, 2)) == [(5,)]
    assert shapes("r LSTM", True, r=RECURRENT)[0] == (100, 7)
    assert shapes("e Embedding", False, e={"output_dim": 4}) == [(None,)]


def test_a_flattened_image_is_square() -> None:
    assert shapes("f Flatten\nd Dense", True, d=dense(784, 2))[0] == (28, 28)
    assert shapes("f Flatten\nd Dense", True, d=dense(3072, 2))[0] == (32, 32, 3)


@pytest.mark.parametrize(("text", "expected"), [("f Flatten", True), ("g GlobalAveragePooling2D", False)])
def test_what_depends_on_the_size(text: str, expected: bool) -> None:
    there = draft(f"x InputLayer\nc Conv2D\n{text}\nd Dense", c=conv(3, 3, 8), d=dense(8, 2))
    assert depends_on_size(there) is expected


def test_given_shapes_go_by_name_then_in_order() -> None:
    there = draft("a InputLayer\nb InputLayer\nc InputLayer\nj Concatenate < a b c")
    assert next(allotments(there, {"b": ((3,),), "": ((1,), (2,))})) == {"b": (3,), "a": (1,), "c": (2,)}
    assert list(allotments(there, {})) == [{}]


def test_given_shapes_follow_the_counters_then_what_suits() -> None:
    there = draft("input_2 InputLayer\ninput_1 InputLayer\nl Dense < input_2\nj Concatenate < l input_1",
                  l=dense(3, 4))  # fmt: skip
    made, turned = allotments(there, {"": ((5,), (3,))})
    assert (made, turned) == ({"input_1": (5,), "input_2": (3,)}, {"input_1": (3,), "input_2": (5,)})
    three = draft("a InputLayer\nb InputLayer\nc InputLayer\nl Dense < b\nj Concatenate < l a c", l=dense(3, 4))
    orders = list(allotments(three, {"": ((3,), (5,), (6,))}))
    assert len(orders) == MOST_ORDERS and orders[1]["b"] == (3,)


def test_one_vector_beside_flattened_categories() -> None:
    """32 channels, of which the embedding brings 6."""
    text = "x InputLayer\ne Embedding\nf Flatten\ny InputLayer\nc Concatenate < f y\nd Dense"
    there = draft(text, e={"input_dim": 9, "output_dim": 6}, d=dense(32, 4))
    assert candidates(there, 3, True) == (((26,), 0.0),)


def test_frames_over_time_leave_their_number_open() -> None:
    inner = {"_class": "Conv2D", "_inner": {"kernel_size": [3, 3], "filters": 8, "_channels_in": 1}}
    there = draft("x InputLayer\nt TimeDistributed", t=inner)
    found = candidates(there, 0, True)
    assert {shape[-1] for shape, _ in found} == {1} and {len(shape) for shape, _ in found} == {4}
    assert max(found, key=lambda item: item[1])[0][0] is None and any(shape[0] == 10 for shape, _ in found)


def test_recurrent_convolutions_are_built_for_one_size() -> None:
    assert depends_on_size(draft("x InputLayer\nr ConvLSTM2D", r=conv(3, 1, 8)))


def test_a_long_sequence_is_found_from_what_flatten_leaves() -> None:
    """6800 = 425 · 16 values behind two pools by 2: 1700 steps."""
    text = "x InputLayer\nc Conv1D\np MaxPooling1D\nq MaxPooling1D\nf Flatten\nd Dense"
    there = draft(text, c=conv(3, 1, 16, 1), d=dense(6800, 4))
    assert (1700, 1) in [shape for shape, _ in candidates(there, 0, True)]


def test_a_nested_model_says_its_input() -> None:
    there = draft("x InputLayer\nm Identity", m={"_input_shape": (5, 3)})
    assert candidates(there, 0, True) == (((5, 3), 0.0),)


def test_a_text_may_have_any_length() -> None:
    """Nobody's favourite: 37 words of 8 numbers."""
    file = facts("input_1\nembedding embeddings:500x8\nflatten\ndense kernel:296x2 bias:2")
    assert infer(file).best.layer("input_1").config["batch_shape"] == [None, 37]


def test_a_length_that_an_lstm_takes_for_channels() -> None:
    net = draft(
        "story InputLayer\nquestion InputLayer\ne Embedding < story\nf Embedding < question\nturned Permute < e\n"
        "both Concatenate < turned f\nr LSTM < both",
        e={"input_dim": 9, "output_dim": 4}, f={"input_dim": 9, "output_dim": 6}, turned={"dims": [2, 1]},
        r={"units": 2, "_channels_in": 80},
    )  # fmt: skip
    assert {(74,), (80,)} <= {shape for shape, _ in candidates(net, 0, True)}


def test_what_augments_pictures_tells_that_the_input_is_one() -> None:
    text = "x InputLayer\nn Normalization\nflip {}"
    assert wanted(draft(text.format("RandomFlip"), n={"_channels_in": 3}), 0).axes == 3
    assert wanted(draft(text.format("Dropout"), n={"_channels_in": 3}), 0).axes == 1


def test_frames_of_games() -> None:
    agent, other = (shapes("c Conv2D\nf Flatten", True, c=conv(kernel, 1, 32)) for kernel in (8, 7))
    assert agent[0] == (84, 84, 1) != other[0]


def test_a_flattened_picture_beside_a_vector() -> None:
    text = "z InputLayer\nx InputLayer\nf Flatten < x\nj Concatenate < z f\nd Dense"
    for vector, picture in ((25, 784), (100, 3072)):
        there = draft(text, d=dense(vector + picture, 256))
        assert wanted(there, 0) == Wanted(1, vector) and wanted(there, 1) == Wanted(flat=picture)
