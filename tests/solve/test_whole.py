"""Finished wirings as wholes: kinds are counted, not occurrences; and one decision turned round in all blocks."""

from __future__ import annotations

from collections.abc import Callable

from infer_convert.solve.features import Key
from infer_convert.solve.flips import flipped
from infer_convert.solve.items import Wiring
from infer_convert.solve.whole import GUIDE, features, score

from .nets import Net, net

STEM = """
    x Input
    c0 Conv/k in=3 out=8 < x
"""
BLOCK = """
    b{n} BatchNorm in=8 < {x}
    a{n} Activation < b{n}
    c{n} Conv/k in=8 out=8 < a{n}
    s{n} Conv/1 in=8 out=8 < {source}
    add{n} Add < s{n} c{n}
"""
HEAD = """
    gap GlobalPool < {x}
    fc Dense in=8 out=10 < gap
    -> fc
"""


def blocks(*sources: str) -> Net:
    """Pre-activation blocks whose shortcuts read ``x`` (in front of the block) or ``a`` (activated)."""
    text, x = STEM, "c0"
    for number, source in enumerate(sources, 1):
        text += BLOCK.format(n=number, x=x, source=x if source == "x" else f"a{number}")
        x = f"add{number}"
    return net(text + HEAD.format(x=x))


def wiring(made: Net) -> Wiring:
    return Wiring((0,) * len(made.items), made.operands, made.outputs)


def kinds(made: Net) -> dict[Key, float]:
    return features(made.items, wiring(made), lambda producer, consumer: "")


def test_a_motif_counts_once_however_often_it_is_repeated() -> None:
    three, five = kinds(blocks("x", "x", "x")), kinds(blocks("x", "x", "x", "x", "x"))
    assert three == five


def test_a_block_unlike_the_others_is_one_kind_more() -> None:
    assert kinds(blocks("a", "a"))["#B",] == 1
    assert kinds(blocks("a", "x"))["#B",] == 2


def test_blocks_tell_where_they_start_and_their_shortest_branch() -> None:
    assert ("B", "Add", "Activation", ("Conv/1",)) in kinds(blocks("a", "a"))
    assert ("B", "Add", "Conv/k", ("Conv/1",)) in kinds(blocks("x"))


def test_a_merge_within_a_branch_stands_for_its_block() -> None:
    made = net("""
        x Input
        c1 Conv/k in=3 out=8 < x
        c2 Conv/k in=8 out=8 < c1
        gap GlobalPool < c2
        gate Dense in=8 out=8 < gap
        mul Multiply < c2 gate
        add Add < c1 mul
        -> add
    """)
    assert ("Bs", "Add", (), ("Multiply",), ("Conv/k",)) in kinds(made)


def test_the_parser_s_score_is_one_feature_among_others() -> None:
    assert score({GUIDE: 0.5, ("#B",): -1.0}, {("#B",): 2.0, ("#E",): 9.0}, -4.0) == -4.0


def judge(made: Net, likes: dict[Key, float]) -> Callable[[Wiring], float]:
    return lambda found: score(likes, features(made.items, found, lambda producer, consumer: ""), found.log_score)


def test_a_wrong_motif_is_turned_round_in_all_blocks_at_once() -> None:
    wrong, right = blocks("x", "x", "x"), blocks("a", "a", "a")
    likes = {("E", "Activation", "Conv/1"): 2.0, ("#B",): -1.0}
    found = flipped(wrong.items, [wiring(wrong)], judge(wrong, likes), lambda made: made)
    assert right.operands in [made.operands for made in found]


def test_flips_that_the_parser_refuses_are_dropped() -> None:
    wrong = blocks("x", "x")
    likes = {("E", "Activation", "Conv/1"): 2.0}
    assert not flipped(wrong.items, [wiring(wrong)], judge(wrong, likes), lambda made: None)
