"""Sums that no list shows: where blocks call for them."""

from __future__ import annotations

from infer_convert.solve.hidden import expanded
from infer_convert.solve.wiring import WiringProblem, WiringResult, solve_widening

from .nets import Net, net

STEM = """
    x Input
    stem Conv/k in=3 out=8 < x
    n0 BatchNorm in=8 < stem
"""
BLOCKS = """
    d1 Depthwise in=8 out=8 < n0
    n1 BatchNorm in=8 < d1
    w1 Dense in=8 out=32 < n1
    a1 Activation < w1
    s1 Dense in=32 out=8 < a1
    d2 Depthwise in=8 out=8 < s1
    n2 BatchNorm in=8 < d2
    w2 Dense in=8 out=32 < n2
    a2 Activation < w2
    s2 Dense in=32 out=8 < a2
"""
HEAD = """
    gap GlobalPool < {last}
    fc Dense in=8 out=10 < gap
    -> fc
"""
WIDENING = STEM + BLOCKS + HEAD.format(last="s2")
SHOWN = STEM + BLOCKS + "    add Add < s1 s2\n" + HEAD.format(last="add")
NARROWING = WIDENING.replace("out=32", "out=4").replace("in=32", "in=4")


def solved(made: Net) -> WiringResult:
    return solve_widening(WiringProblem(made.items, lambda producer, consumer: 0.0))


def feeding(made: Net, found: WiringResult, name: str) -> set[str]:
    return {made.items[a].name for a, b in found.wirings[0].edges() if b == made.index(name)}


def test_repeated_widening_blocks_get_a_sum_around_each() -> None:
    made = net(WIDENING)
    found = solved(made)
    assert feeding(made, found, "d2") == {"s1", "n0"}
    assert feeding(made, found, "gap") == {"s2", "s1", "n0"}
    assert feeding(made, found, "n2") == {"d2"}
    assert len(found.wirings[0].sums) == 2


def test_sums_of_sums_stay_sums_of_two() -> None:
    found = solved(net(WIDENING))
    assert [len(operands) for operands in found.wirings[0].sums] == [2, 2]


def test_the_plain_chain_stays_an_alternative() -> None:
    found = solved(net(WIDENING))
    assert any(not wiring.sums for wiring in found.wirings)
    assert abs(sum(wiring.probability for wiring in found.wirings) - 1) < 1e-9


def test_a_list_that_shows_a_sum_gets_no_other() -> None:
    assert expanded(net(SHOWN).items) is None


def test_narrowing_blocks_call_for_nothing() -> None:
    assert expanded(net(NARROWING).items) is None


def test_one_block_calls_for_nothing() -> None:
    once = STEM + "\n".join(BLOCKS.splitlines()[:6]) + HEAD.format(last="s1")
    assert expanded(net(once).items) is None
