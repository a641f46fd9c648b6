"""Sums that no list shows: where blocks call for them."""

from __future__ import annotations

import math

import pytest

from infer_convert.solve import wiring
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


def test_what_blocks_call_for_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """However odd the wirings of a long net look: the sums are there already."""
    asked: list[bool] = []
    once = wiring.solve

    def counting(problem: WiringProblem, beam: int | None = None, worst: float = math.inf) -> WiringResult:
        asked.append(problem.hidden)
        return once(problem, beam, worst=worst)

    monkeypatch.setattr(wiring, "ODD", -1e9)
    monkeypatch.setattr(wiring, "solve", counting)
    assert solved(net(WIDENING)).wirings[0].sums
    assert asked == [False, False]


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


UNIT = """
    c{n} Conv/k in=8 out=8 < {before}
    b{n} BatchNorm in=8 < c{n}
    a{n} Activation < b{n}
"""


def row(count: int) -> Net:
    """Equal normalised convolutions in a row."""
    units = "".join(UNIT.format(n=n, before=f"a{n - 1}" if n > 1 else "stem") for n in range(1, count + 1))
    return net("x Input\nstem Conv/k in=3 out=8 < x\n" + units + HEAD.format(last=f"a{count}"))


def test_a_long_even_row_calls_for_sums_around_every_two() -> None:
    made = row(4)
    found = solved(made)
    assert feeding(made, found, "a2") == {"b2", "stem"}
    assert feeding(made, found, "a4") == {"b4", "a2"}
    assert feeding(made, found, "a3") == {"b3"}


def test_a_row_calls_less_loudly_than_a_block() -> None:
    """Nobody may rely on such sums: the plain chain stays likely."""
    shares = {bool(wiring.sums): wiring.probability for wiring in reversed(solved(row(4)).wirings)}
    assert shares[False] > 0.3


@pytest.mark.parametrize("count", [2, 3, 5])
def test_short_rows_and_odd_ones_call_for_nothing(count: int) -> None:
    assert expanded(row(count).items) is None


PROJECTED = """
    x Input
    c0 Conv/k in=3 out=8 < x
    a0 Activation < c0
    c1 Conv/k in=8 out=8 < a0
    b1 BatchNorm in=8 < c1
    a1 Activation < b1
    c2 Conv/k in=8 out=8 < a1
    b2 BatchNorm in=8 < c2
    a2 Activation < b2
    c3 Conv/k in=8 out=16 < a2
    b3 BatchNorm in=16 < c3
    a3 Activation < b3
    c4 Conv/k in=16 out=16 < a3
    short Conv/1 in=8 out=16 < a2
    b4 BatchNorm in=16 < c4
    bs BatchNorm in=16 < short
    a4 Activation < b4 bs
    gap GlobalPool < a4
    fc Dense in=16 out=10 < gap
    -> fc
"""
"""Two of its blocks add what they start from; only the second, whose branches must meet, needs a sum to be read."""


def test_stretches_like_the_branch_of_a_needed_sum_have_one_too() -> None:
    made = net(PROJECTED)
    found = solved(made)
    assert feeding(made, found, "a4") == {"b4", "bs"}
    assert feeding(made, found, "a2") == {"b2", "a0"}
    skip = made.index("a0"), made.index("a2")
    assert 0.5 < sum(wiring.probability for wiring in found.wirings if skip in wiring.edges()) < 0.99


def test_sums_that_leave_a_wiring_odd_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With sums anywhere, lists that are read wrongly can be wired, too."""
    monkeypatch.setattr(wiring, "ODD", 0.1)
    assert not any(wired.sums or len(wired.operands[-3][0]) > 1 for wired in solved(net(PROJECTED)).wirings)


def test_unlike_stretches_get_none() -> None:
    """A block without its second norm is no block like the one whose branches meet."""
    shorter = PROJECTED.replace("    b2 BatchNorm in=8 < c2\n", "")
    made = net(shorter.replace("a2 Activation < b2", "a2 Activation < c2"))
    assert feeding(made, solved(made), "a2") == {"c2"}
