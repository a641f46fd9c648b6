"""What names say about edges, and when they are not believed."""

from __future__ import annotations

from infer_convert.clues.affinity import BACKWARD, OTHER_COUNTER, PREFIX, SAME_COUNTER, Affinities

PAIRED = ("conv2d_2", "conv2d_1", "batch_normalization_1", "batch_normalization_2", "conv2d", "batch_normalization")


def affinities(*names: str) -> Affinities:
    return Affinities.of(names, [""] * len(names))


def test_equal_counters_feed_each_other() -> None:
    found = affinities(*PAIRED)
    assert found.cost(PAIRED.index("conv2d_1"), PAIRED.index("batch_normalization_1")) == SAME_COUNTER
    assert found.cost(PAIRED.index("conv2d_2"), PAIRED.index("batch_normalization_1")) == OTHER_COUNTER


def test_counters_start_where_the_net_starts() -> None:
    """A second model of the session: counters from 7 on the one side and from 3 on the other."""
    found = affinities(
        "conv2d_8", "conv2d_7", "batch_normalization_3", "batch_normalization_4", "conv2d_9", "batch_normalization_5"
    )
    assert found.cost(1, 2) == found.cost(0, 3) == SAME_COUNTER


def test_counters_in_list_order_say_nothing_beyond_the_list() -> None:
    found = affinities("conv2d", "conv2d_1", "batch_normalization", "batch_normalization_1", "conv2d_2",
                       "batch_normalization_2")  # fmt: skip
    assert {found.cost(p, c) for p in range(6) for c in range(6)} == {0.0}


def test_unequal_numbers_say_nothing_about_pairs() -> None:
    found = affinities(*PAIRED[:-1])
    assert found.cost(PAIRED.index("conv2d_1"), PAIRED.index("batch_normalization_1")) == 0.0


def test_a_later_layer_rarely_feeds_an_earlier_one() -> None:
    found = affinities(*PAIRED)
    assert (found.cost(0, 1), found.cost(1, 0)) == (BACKWARD, 0.0)


BLOCKS = tuple(f"block{b}_{part}_{kind}" for b in (1, 2) for part in ("a", "b") for kind in ("conv", "bn", "out"))


def test_prefixes_bind_once_enough_layers_share_them() -> None:
    found = affinities(*BLOCKS)
    place = BLOCKS.index
    assert found.cost(place("block1_a_conv"), place("block1_a_bn")) == PREFIX
    assert found.cost(place("block1_a_out"), place("block1_b_conv")) == PREFIX / 2
    assert found.cost(place("block1_a_out"), place("block2_a_conv")) == 0.0


def test_few_prefixes_are_not_believed() -> None:
    found = affinities(*BLOCKS[:3])
    assert {found.cost(p, c) for p in range(3) for c in range(3)} == {0.0}
