"""What leads nowhere is known before the search begins."""

from __future__ import annotations

import pytest

from infer_convert.solve import lattice
from infer_convert.solve.lattice import Lattice, Meeting, Reading, Shape
from infer_convert.solve.options import SizeCall, SizeItem, SizeOption
from infer_convert.solve.sizes import solve_sizes

MANY = 50


def sizes(operands: tuple[Shape, ...]) -> list[tuple[int, Shape]]:
    return [(number, (number + 1,)) for number in range(MANY)]


def halved(operands: tuple[Shape, ...]) -> list[tuple[int, Shape]]:
    (size,) = operands[0]
    assert size is not None
    return [(number, (size // by,)) for number, by in enumerate((1, 2)) if size // by]


def seven(operands: tuple[Shape, ...]) -> list[tuple[int, Shape]]:
    return [(0, (1,))] if operands[0] == (7,) else []


CHAIN = [Reading(0, (), (), True), Reading(1, (0,), (), True), Reading(2, (0,), (), False)]


def test_only_moves_that_come_to_an_end_are_left() -> None:
    made = Lattice([sizes, halved, seven], CHAIN)
    first = [number + 1 for number, _ in made.moves(0, 0)]
    assert first == [7, 14, 15]
    assert [[number for number, _ in made.moves(1, state)] for _, state in made.moves(0, 0)] == [[0], [1], [1]]


def test_the_first_call_that_nothing_suits_is_named() -> None:
    calls = [CHAIN[0], CHAIN[1], Reading(2, (0,), (), True), Reading(2, (0,), (), False)]
    assert Lattice([sizes, halved, seven], calls).failed_at == 3


def test_where_it_would_cost_too_much_nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lattice, "MOST_MOVES", MANY // 2)
    made = Lattice([sizes, halved, seven], CHAIN)
    assert len(made.moves(0, 0)) == MANY and made.failed_at is None
    assert made.moves(1, 6) == [(0, made.moves(1, 6)[0][1]), (1, made.moves(1, 6)[1][1])]


def test_a_narrow_beam_keeps_the_only_size_that_suits() -> None:
    """Forty likelier sizes fail at the very end."""
    start = SizeItem(tuple(SizeOption(-0.5 * size, lambda shapes, size=size: (size,)) for size in range(1, MANY)))
    keep = SizeItem((SizeOption(0.0, lambda shapes: shapes[0]),))
    end = SizeItem((SizeOption(0.0, lambda shapes: (1,) if shapes[0] == (40,) else None),))
    found = solve_sizes([start, keep, end], [SizeCall(0, ()), SizeCall(1, (0,)), SizeCall(2, (1,))], states=2)
    assert [answer.options for answer in found.answers] == [(39, 0, 0)]


def merged(operands: tuple[Shape, ...]) -> list[tuple[int, Shape]]:
    return [(0, operands[0])] if len(set(operands)) == 1 else []


FORK = [
    Reading(0, (), (), True), Reading(1, (0,), (0,), True), Reading(2, (0,), (1,), True, (Meeting(3, 3, 0, False),)),
    Reading(3, (0, 1), (), False),
]  # fmt: skip


def test_ways_of_other_sizes_end_before_their_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a look ahead at all, each result is held against what waits for the same merge."""
    monkeypatch.setattr(lattice, "MOST_MOVES", 0)
    made = Lattice([lambda operands: [(0, (8,))], halved, halved, merged], FORK)
    ((_, start),) = made.moves(0, 0)
    ways = made.moves(1, start)
    assert [[number for number, _ in made.moves(2, state)] for _, state in ways] == [[0], [1]]
    assert all(made.moves(3, behind) for _, state in ways for _, behind in made.moves(2, state))


def test_the_merge_is_named_where_no_way_suits_it() -> None:
    thirds = lambda operands: [(0, (3,))]  # noqa: E731
    assert Lattice([lambda operands: [(0, (8,))], halved, thirds, merged], FORK).failed_at == 3
