"""Parallel branches, side by side in the list: what is tied, what is not, and when ties are given up."""

from __future__ import annotations

import math

import pytest

from infer_convert.solve import wiring
from infer_convert.solve.bundles import bound, bundled
from infer_convert.solve.wiring import WiringProblem, WiringResult, solve_widening

from .nets import Net, net

BRANCHES = """
    x Input
    c0 Conv/k in=3 out=8 < x
    a1 Activation < c0
    a2 Activation < c0
    a3 Activation < c0
    c1 Conv/1 in=8 out=8 < a1
    c2 Conv/k in=8 out=8 < a2
    c3 Conv/1 in=8 out=8 < a3
    b1 BatchNorm in=8 < c1
    b2 BatchNorm in=8 < c2
    b3 BatchNorm in=8 < c3
    cat Concatenate < b1 b2 b3
    out Conv/k in=24 out=3 < cat
    -> out
"""
TIED = {("a1", "c1"), ("a2", "c2"), ("a3", "c3"), ("c1", "b1"), ("c2", "b2"), ("c3", "b3")}


def tied(made: Net) -> set[tuple[str, str]]:
    return {(made.items[a].name, made.items[b].name) for a, b in bundled(made.items).items()}


def test_each_layer_of_a_run_feeds_its_own_of_the_next() -> None:
    assert tied(net(BRANCHES)) == TIED


def test_two_branches_are_none() -> None:
    two = "\n".join(line for line in BRANCHES.splitlines() if line.split()[:1] not in (["a3"], ["c3"], ["b3"]))
    assert not tied(net(two.replace("b1 b2 b3", "b1 b2").replace("in=24", "in=16")))


STACKS = """
    x Input
    r1 Recurrent in=8 out=8 < x
    r2 Recurrent in=8 out=8 < r1
    r3 Recurrent in=8 out=8 < r2
    d1 Dense in=8 out=8 < r3
    d2 Dense in=8 out=8 < d1
    d3 Dense in=8 out=8 < d2
    -> d3
"""


def test_two_stacks_behind_each_other_are_no_branches() -> None:
    assert not tied(net(STACKS))


HEADS = """
    x Input
    c0 Conv/k in=3 out=8 < x
    c1 Conv/k in=8 out=8 < c0
    c2 Conv/k in=8 out=8 < c1
    s0 Conv/k in=8 out=6 < c0
    s1 Conv/k in=8 out=6 < c1
    s2 Conv/k in=8 out=6 < c2
    r0 Reshape < s0
    r1 Reshape < s1
    r2 Reshape < s2
    b0 Conv/k in=8 out=4 < c0
    b1 Conv/k in=8 out=4 < c1
    b2 Conv/k in=8 out=4 < c2
    cat Concatenate < r0 r1 r2
    q0 Reshape < b0
    q1 Reshape < b1
    q2 Reshape < b2
    more Concatenate < q0 q1 q2
    -> cat more
"""


def test_rows_of_one_kind_of_heads_do_not_feed_the_other_kind() -> None:
    assert not {name for name, other in tied(net(HEADS)) if name.startswith("r") and other.startswith("b")}


def test_ties_forbid_all_other_edges_of_both_ends() -> None:
    cost = bound(lambda producer, consumer: 1.0, {2: 5})
    assert [cost(*edge) for edge in ((2, 5), (2, 6), (3, 5), (3, 6))] == [1.0, math.inf, math.inf, 1.0]


def test_nothing_within_a_tie_feeds_anything_within_it() -> None:
    cost = bound(lambda producer, consumer: 1.0, {2: 6, 4: 8})
    allowed = {(a, b) for a in range(9) for b in range(a + 1, 9) if cost(a, b) < math.inf}
    assert not allowed & {(3, 4), (3, 5), (5, 7), (6, 7)}
    assert {(1, 3), (3, 7), (2, 6), (1, 7)} <= allowed


@pytest.mark.parametrize(("cost", "asked"), [(1.0, [math.inf]), (99.0, [math.inf, 0.0])])
def test_ties_are_given_up_where_they_make_odd_wirings(
    monkeypatch: pytest.MonkeyPatch, cost: float, asked: list[float]
) -> None:
    made = net(BRANCHES)
    (best, *_) = made.solved().wirings
    seen: list[float] = []

    def counting(problem: WiringProblem, beam: int | None = None, worst: float = math.inf) -> WiringResult:
        seen.append(problem.affinity(made.index("a1"), made.index("c2")))
        return WiringResult((best,), cost=cost if len(seen) == 1 else 1.0)

    monkeypatch.setattr(wiring, "solve", counting)
    solve_widening(WiringProblem(made.items, lambda producer, consumer: 0.0))
    assert seen == asked
