"""Heads that may be called on every level of a pyramid."""

from __future__ import annotations

import pytest

from infer_convert.solve.order import reproduces
from infer_convert.solve.pyramids import SHARED, TOLD
from infer_convert.solve.wiring import WiringProblem, WiringResult, solve_widening

from .nets import Net, net

BACKBONE = """
    x Input
    c1 Conv/k in=3 out=8 < x
    r1 Activation < c1
    c2 Conv/k in=8 out=16 < r1
    r2 Activation < c2
    c3 Conv/k in=16 out=24 < r2
    r3 Activation < c3
    l3 Conv/1 in=24 out=12 < r3
    u3 UpSampling < l3
    l2 Conv/1 in=16 out=12 < r2
"""
LEVELS = """
    a2 Add < u3 l2
    u2 UpSampling < a2
    l1 Conv/1 in=8 out=12 < r1
    a1 Add < u2 l1
"""
SHARED_HEAD = BACKBONE + LEVELS + "head Conv/k in=12 out=4 < l3 ; a2 ; a1\n-> head head:1 head:2"
FINEST_ALONE = BACKBONE + LEVELS + "head Conv/k in=12 out=4 < a1\n-> head"
TOWER = BACKBONE + LEVELS + """
    t Conv/k in=12 < l3 ; a2 ; a1
    r Activation < t ; t:1 ; t:2
    head Conv/k in=12 out=4 < r ; r:1 ; r:2
    -> head head:1 head:2
"""
TWO_HEADS = BACKBONE + LEVELS + """
    kind Conv/k in=12 out=4 < l3 ; a2 ; a1
    box Conv/k in=12 out=6 < l3 ; a2 ; a1
    -> kind kind:1 kind:2 box box:1 box:2
"""
SMOOTHED = BACKBONE + LEVELS + """
    s3 Conv/k in=12 < l3
    s2 Conv/k in=12 < a2
    s1 Conv/k in=12 < a1
    kind Conv/k in=12 out=4 < s3 ; s2 ; s1
"""
BOXES = "box Conv/k in=12 out=6 < s3 ; s2 ; s1\n"
DEEP_TOWER = BACKBONE + LEVELS + """
    t Conv/k in=12 < l3 ; a2 ; a1
    u Conv/k in=12 < t ; t:1 ; t:2
    v Conv/k in=12 < u ; u:1 ; u:2
    head Conv/k in=12 out=4 < v ; v:1 ; v:2
    -> head head:1 head:2
"""
DECODER = BACKBONE + """
    a2 Add < u3 l2
    head Conv/k in=12 out=4 < a2
    -> head
"""
REFINED = BACKBONE + """
    a2 Add < u3 l2
    d Conv/k in=12 < a2
    u2 UpSampling < d
    l1 Conv/1 in=8 out=12 < r1
    a1 Add < u2 l1
    head Conv/k in=12 out=4 < a1
    -> head
"""


def solved(made: Net, outputs: int | None = None) -> WiringResult:
    return solve_widening(WiringProblem(made.items, lambda producer, consumer: 0.0, outputs))


@pytest.mark.parametrize("text", [SHARED_HEAD, TOWER])
def test_a_head_is_called_on_all_levels(text: str) -> None:
    made = net(text)
    assert reproduces(made.operands, made.outputs)
    best, second = solved(made).wirings[:2]
    assert made.is_told_by(best)
    assert best.probability <= SHARED and len(second.outputs) == len(made.outputs) // 3
    assert best.probability + second.probability > 0.9


@pytest.mark.parametrize(
    ("text", "least"),
    [
        (SMOOTHED + "-> kind kind:1 kind:2", 0.4),
        (SMOOTHED + BOXES + "-> kind kind:1 kind:2 box box:1 box:2", 0.05),  # two heads have many places in a chain
    ],
)
def test_as_many_convolutions_as_levels_may_smooth_one_each(text: str, least: float) -> None:
    made = net(text)
    assert reproduces(made.operands, made.outputs)
    assert any(made.is_told_by(wiring) and wiring.probability > least for wiring in solved(made).wirings)


def test_or_be_called_on_every_level() -> None:
    made = net(DEEP_TOWER)
    smoothed, chain, tower = solved(made).wirings[:3]
    assert made.is_told_by(tower) and tower.probability > 0.1
    assert len(chain.outputs) == 1 and {len(calls) for calls in smoothed.operands[14:17]} == {1}


def test_two_heads_are_called_on_all_levels_together() -> None:
    made = net(TWO_HEADS)
    assert reproduces(made.operands, made.outputs)
    assert any(made.is_told_by(wiring) and wiring.probability > 0.1 for wiring in solved(made).wirings)


def test_where_one_output_is_known_the_finest_level_is_read_alone() -> None:
    made = net(FINEST_ALONE)
    assert made.is_told_by(solved(made, 1).wirings[0])
    assert {len(wiring.outputs) for wiring in solved(made, 1).wirings} == {1}
    assert made.is_told_by(solved(made).wirings[1]), "without that it is the second answer"


def test_as_many_outputs_as_levels_speak_for_the_head() -> None:
    best = solved(net(SHARED_HEAD), 3).wirings[0]
    assert net(SHARED_HEAD).is_told_by(best)
    assert 0.8 < best.probability <= TOLD


def test_other_numbers_of_outputs_do_not() -> None:
    assert all(len(wiring.outputs) == 2 for wiring in solved(net(SHARED_HEAD), 2).wirings)


@pytest.mark.parametrize("text", [DECODER, REFINED])
def test_decoders_have_no_levels(text: str) -> None:
    made = net(text)
    assert made.is_told_by(solved(made).wirings[0])
    assert all(len(calls) == 1 for wiring in solved(made).wirings for calls in wiring.operands)
