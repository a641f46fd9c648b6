"""Assignments drawn in proportion to their probability."""

from __future__ import annotations

import math

import pytest

from infer_convert.solve.lattice import Shape
from infer_convert.solve.options import SizeCall, SizeItem, SizeOption
from infer_convert.solve.sizes import SizeResult, solve_sizes


def halved(shapes: tuple[Shape, ...]) -> Shape | None:
    (length,) = shapes[0]
    assert length is not None
    return (length // 2,)


def kept(shapes: tuple[Shape, ...]) -> Shape | None:
    return shapes[0]


def ends_at(length: int) -> SizeOption:
    return SizeOption(0.0, lambda shapes: shapes[0] if shapes[0] == (length,) else None)


def solved(*last: SizeOption) -> SizeResult:
    """A length of 16 that each of two layers halves or keeps."""
    steps = SizeItem((SizeOption(math.log(0.75), halved), SizeOption(math.log(0.25), kept)))
    items = [SizeItem((SizeOption(0.0, lambda shapes: (16,)),)), steps, steps, *(SizeItem((each,)) for each in last)]
    return solve_sizes(items, [SizeCall(0, ()), *(SizeCall(n, (n - 1,)) for n in range(1, len(items)))])


def test_draws_come_as_often_as_they_are_likely() -> None:
    draws = solved().draw()
    total = sum(draw.times for draw in draws)
    assert {draw.options[1:3] for draw in draws} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    for draw in draws:
        likely = math.prod(0.25 if option else 0.75 for option in draw.options[1:3])
        assert draw.log_probability == pytest.approx(math.log(likely))
        assert draw.times / total == pytest.approx(likely, abs=0.08)


def test_draws_fit_and_are_the_same_each_time() -> None:
    """One halving is left by the end; which of the two layers it is, stays open."""
    result = solved(ends_at(8))
    draws = result.draw()
    assert {draw.options for draw in draws} == {(0, 0, 1, 0), (0, 1, 0, 0)}
    assert all(math.exp(draw.log_probability) == pytest.approx(0.5) for draw in draws)
    assert draws == result.draw() == solved(ends_at(8)).draw()


def test_nothing_is_drawn_where_nothing_fits() -> None:
    assert solved(ends_at(5)).draw() == ()
