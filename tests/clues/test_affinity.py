"""What names say about edges, and when they are not believed."""

from __future__ import annotations

from infer_convert.clues.affinity import Affinities

PAIRED = ("conv2d_2", "conv2d_1", "batch_normalization_1", "batch_normalization_2", "conv2d", "batch_normalization")


def affinities(*names: str) -> Affinities:
    return Affinities.of(names, [""] * len(names))


def test_equal_counters_feed_each_other() -> None:
    found = affinities(*PAIRED)
    assert found.word(PAIRED.index("conv2d_1"), PAIRED.index("batch_normalization_1")) == "same counter"
    assert found.word(PAIRED.index("conv2d_2"), PAIRED.index("batch_normalization_1")) == "other counter"


def test_counters_start_where_the_net_starts() -> None:
    """A second model of the session: counters from 7 on the one side and from 3 on the other."""
    found = affinities(
        "conv2d_8", "conv2d_7", "batch_normalization_3", "batch_normalization_4", "conv2d_9", "batch_normalization_5"
    )
    assert found.word(1, 2) == found.word(0, 3) == "same counter"


def test_counters_in_list_order_say_nothing_beyond_the_list() -> None:
    found = affinities("conv2d", "conv2d_1", "batch_normalization", "batch_normalization_1", "conv2d_2",
                       "batch_normalization_2")  # fmt: skip
    assert {found.word(p, c) for p in range(6) for c in range(6)} == {""}


def test_unequal_numbers_say_nothing_about_pairs() -> None:
    found = affinities(*PAIRED[:-1])
    assert found.word(PAIRED.index("conv2d_1"), PAIRED.index("batch_normalization_1")) == ""


def test_a_later_layer_rarely_feeds_an_earlier_one() -> None:
    found = affinities(*PAIRED)
    assert (found.word(0, 1), found.word(1, 0)) == ("backward", "next")


BLOCKS = tuple(f"block{b}_{part}_{kind}" for b in (1, 2) for part in ("a", "b") for kind in ("conv", "bn", "out"))


def test_prefixes_bind_once_enough_layers_share_them() -> None:
    found = affinities(*BLOCKS)
    place = BLOCKS.index
    assert found.word(place("block1_a_conv"), place("block1_a_bn")) == "all words"
    assert found.word(place("block1_a_out"), place("block1_b_conv")) == "half the words"
    assert found.word(place("block1_a_out"), place("block2_a_conv")) == "no word"


def test_few_prefixes_are_not_believed() -> None:
    found = affinities(*BLOCKS[:3])
    assert {found.word(p, c) for p in range(3) for c in range(3)} == {""}


def test_numbers_glued_to_a_word_count_too() -> None:
    found = affinities("conv2", "conv1", "bn1", "bn2", "conv3", "bn3")
    assert found.word(1, 2) == found.word(0, 3) == "same counter"
    assert (found.word(0, 1), found.word(1, 0)) == ("backward", "next")


def test_a_number_that_few_share_is_part_of_the_word() -> None:
    """``relu6`` is a kind of relu, and ``conv1d`` ends in no number."""
    found = affinities("relu6", "conv1d_1", "relu", "conv1d")
    assert found.stems == ("relu6", "conv1d", "relu", "conv1d")


def test_roles_are_what_blocks_names_have_in_common() -> None:
    found = affinities(*BLOCKS, "max_pooling2d", "block1_only")
    assert found.roles() == (*("_".join(name.split("_")[1:]) for name in BLOCKS), "", "")


def test_of_a_name_of_two_words_the_last_is_the_role() -> None:
    found = affinities(*(f"block{b}_conv{k}" for b in (1, 2) for k in (1, 2, 3)), "block2_conv4")
    assert found.roles() == ("conv1", "conv2", "conv3") * 2 + ("",)


def test_few_layers_with_roles_have_none() -> None:
    assert affinities("block1_conv", "block2_conv", "dense_1", "dense_2", "fc1").roles() == ()


def test_a_name_may_begin_with_the_whole_name_of_what_feeds_it() -> None:
    names = [f"conv{k}{part}" for k in (1, 2, 3) for part in ("", "_bn", "_relu", "_drop")]
    found = affinities(*names)
    assert found.word(names.index("conv2"), names.index("conv2_bn")) == "all words"
    assert found.word(names.index("conv1"), names.index("conv2_bn")) == ""
