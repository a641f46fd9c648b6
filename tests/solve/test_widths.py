"""Channels of finished wirings: sums that the parser could not check on its way back."""

from __future__ import annotations

from infer_convert.solve.widths import adds_up

from .nets import net

TWO_TEXTS = """
    a Input
    b Input
    e Embedding out=8 < a ; b
    r Recurrent in=8 out=16 < e:0 ; e:1
    m Multiply < r:0 r:1
    cat Concatenate < r:0 r:1 m
    d Dense in=48 out=4 < cat
    -> d
"""
GATED = """
    x Input
    c Conv/k in=3 out=8 < x
    g Conv/1 in=8 out=1 < c
    m Multiply < c g
    out Conv/k in=8 out=3 < m
    -> out
"""


def test_operands_that_add_up() -> None:
    made = net(TWO_TEXTS)
    assert adds_up(made.items, made.wiring())


def test_a_sum_with_an_operand_missing() -> None:
    made = net(TWO_TEXTS.replace("< r:0 r:1 m", "< r:0 m"))
    assert not adds_up(made.items, made.wiring())


def test_a_gate_of_one_channel_leaves_the_channels() -> None:
    made = net(GATED)
    assert adds_up(made.items, made.wiring())


def test_what_is_not_known_contradicts_nothing() -> None:
    made = net(GATED.replace("m Multiply < c g", "m Reshape < g"))
    assert adds_up(made.items, made.wiring())


def test_the_calls_of_one_layer_and_their_product_side_by_side() -> None:
    made = net(TWO_TEXTS)
    found = made.solved().wirings
    assert all(adds_up(made.items, wiring) for wiring in found)
    assert made.is_told_by(found[0])
