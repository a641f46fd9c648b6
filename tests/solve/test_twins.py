"""Layers that are called twice."""

from __future__ import annotations

from infer_convert.solve.twins import UNLIKE, in_order, unlike
from infer_convert.solve.wiring import WiringProblem, solve

from .nets import net

TOWERS = """
    image Input
    words Input
    c Conv/k in=3 out=8 < image
    e Embedding out=5 < words
    f Flatten < c
    l Recurrent in=5 out=16 < e
    a Dense in=128 out=16 < f
    b Dense in=16 out=16 < l
    m Multiply < a b
    d Dense in=16 out=1 < m
    -> d
"""
SHARED = """
    x Input
    y Input
    t Dense in=5 out=16 < x ; y
    m Multiply < t:0 t:1
    -> m
"""


def test_calls_on_unlike_things() -> None:
    both = net(TOWERS.replace("b Dense in=16 out=16 < l", "b Dense in=16 out=16 < l ; a").replace("< a b", "< b:0 b:1"))
    assert unlike(both.items, both.wiring()) == UNLIKE
    for text in (TOWERS, SHARED):
        assert unlike(net(text).items, net(text).wiring()) == 0


def test_two_branches_of_unlike_layers_end_in_two_layers() -> None:
    there = net(TOWERS)
    best = solve(WiringProblem(there.items, lambda producer, consumer: 0.0)).wirings[0]
    assert best.edges() == there.wiring().edges()


def test_which_call_is_the_first_is_no_difference() -> None:
    there = net(SHARED).wiring()
    other = net(SHARED.replace("x ; y", "y ; x").replace("t:0 t:1", "t:1 t:0")).wiring()
    assert there != other and in_order(there) == in_order(other)
