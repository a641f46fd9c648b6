"""Rows that bring what the Concatenate behind them joins."""

from __future__ import annotations

import math

from infer_convert.solve.fans import fanning, fans
from infer_convert.solve.wiring import WiringProblem, solve_widening

from .nets import net


def _module(name: str, source: str, channels: int) -> str:
    """A bottleneck, a pool, four branches and what joins them, in Keras' order."""
    return f"""
    {name}b Conv/1 in={channels} out=16 < {source}
    {name}p Pool < {source}
    {name}1 Conv/k in=16 out=16 < {name}b
    {name}2 Conv/k in=16 out=16 < {name}b
    {name}3 Conv/k in=16 out=16 < {name}b
    {name}4 Conv/1 in={channels} out=16 < {name}p
    {name}c Concatenate < {name}1 {name}2 {name}3 {name}4
    {name}n BatchNorm in=64 < {name}c
    {name}r Activation < {name}n
    """


MODULES = "x Input\n" + _module("k", "x", 3) + _module("l", "kr", 64) + _module("m", "lr", 64)
REPEATED = MODULES + "g GlobalPool < mr\nend Dense in=64 out=5 < g\n-> end"


def test_the_shortest_row_that_adds_up() -> None:
    made = net(REPEATED)
    found = {made.items[c].name: {made.items[i].name for i in row} for c, row in fans(made.items).items()}
    assert found == {f"{name}c": {f"{name}{number}" for number in range(1, 5)} for name in "klm"}


def test_no_row_with_other_sums() -> None:
    assert not fans(net(REPEATED.replace("in=64", "in=56")).items)


def test_nothing_parts_a_row_and_nothing_joins_it() -> None:
    made = net(REPEATED)
    cost = fanning(lambda producer, consumer: 1.0, fans(made.items))
    one, other, merge, outside = (made.index(name) for name in ("k1", "k2", "kc", "kb"))
    assert cost(one, merge) == 1.0 and cost(outside, one) == 1.0
    assert cost(one, other) == math.inf and cost(outside, merge) == math.inf


def test_modules_are_found_where_nothing_else_fits() -> None:
    made = net(REPEATED)
    found = solve_widening(WiringProblem(made.items, lambda producer, consumer: 0.0))
    assert found.wirings
    feeding = {producer for producer, consumer in found.wirings[0].edges() if consumer == made.index("mc")}
    assert feeding == {made.index(f"m{number}") for number in range(1, 5)}
