"""Nets of repeated cells: each cell reads the two in front of it, and is wired like the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

import pytest

from infer_convert.solve import wiring
from infer_convert.solve.cells import RIGHT
from infer_convert.solve.items import Call, Wiring
from infer_convert.solve.order import keras_order, reproduces
from infer_convert.solve.wiring import WiringProblem, WiringResult, solve_widening

from .nets import Net, net

CELLS = 6


def cell(number: int, width: int, joined: int, before: str, last: str) -> list[str]:
    """Four branches of two tensors, three of which are normalised twice."""
    n = number
    lines = [
        f"ar{n} Activation < {before}",
        f"al{n} Activation < {last}",
        f"cr{n} Conv/1 in={joined} out={width} < ar{n}",
        f"cl{n} Conv/1 in={joined} out={width} < al{n}",
        f"r{n} BatchNorm in={width} < cr{n}",
        f"l{n} BatchNorm in={width} < cl{n}",
    ]
    for branch, source in enumerate(("l", "r", "r", "l")):
        lines += [
            f"a{branch}{n} Activation < {source}{n}",
            f"c{branch}{n} Conv/k in={width} out={width} < a{branch}{n}",
            f"b{branch}{n} BatchNorm in={width} < c{branch}{n}",
        ]
    return [
        *lines,
        f"p{n} Pool < r{n}",
        f"s0{n} Add < b0{n} b1{n}",
        f"s1{n} Add < b2{n} b3{n}",
        f"s2{n} Add < p{n} l{n}",
        f"k{n} Concatenate < r{n} s0{n} s1{n} s2{n}",
    ]


def listed(lines: Sequence[str], end: str) -> Net:
    """The net in Keras' order."""
    names = [line.split()[0] for line in lines]
    operands = [(tuple((names.index(word), 0) for word in line.partition("<")[2].split()),) for line in lines]
    order = keras_order(operands, [(names.index(end), 0)])
    return net("\n".join([*(lines[place] for place in order), f"-> {end}"]))


@cache
def cells() -> Net:
    lines = ["x Input", "i Conv/k in=3 out=128 < x", "k0 BatchNorm in=128 < i"]
    for number in range(1, CELLS + 1):
        lines += cell(number, 32, 128, f"k{max(0, number - 2)}", f"k{number - 1}")
    return listed([*lines, f"g GlobalPool < k{CELLS}", "end Dense in=128 out=5 < g"], "end")


@cache
def copied() -> WiringResult:
    return wiring._with_cells(WiringProblem(cells().items, lambda producer, consumer: 0.0))


def named(made: Net, edges: frozenset[tuple[int, int]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for producer, consumer in edges:
        found.setdefault(made.items[consumer].name, set()).add(made.items[producer].name)
    return found


def test_cells_are_wired_as_they_are_listed() -> None:
    found = copied().wirings
    assert found
    for one in found:
        assert reproduces(one.operands, one.outputs)
        assert all(len(calls[0]) == 2 for item, calls in zip(cells().items, one.operands, strict=True)
                   if item.variants[0].label == "Add")  # fmt: skip


def test_every_cell_is_wired_like_the_one_behind_it() -> None:
    reads = named(cells(), copied().wirings[0].edges())
    inner = ["s0", "s1", "s2", *(f"{kind}{branch}" for kind in "acb" for branch in range(4))]
    told = {
        str([sorted({one[:-1] for one in reads[f"{name}{number}"] if one[-1] == str(number)}) for name in inner])
        for number in range(2, CELLS)
    }
    assert len(told) == 1


def test_convolutions_feed_their_own_norms() -> None:
    reads = named(cells(), copied().wirings[0].edges())
    assert all(reads[f"b{branch}{n}"] == {f"c{branch}{n}"} for branch in range(4) for n in range(1, CELLS + 1))


def test_they_are_guesses() -> None:
    found = copied().wirings
    assert all(one.guessed for one in found)
    assert math.fsum(one.probability for one in found) == pytest.approx(RIGHT)


def test_nothing_is_copied_where_little_is_repeated() -> None:
    lines = ["x Input", "i Conv/k in=3 out=128 < x", "k0 BatchNorm in=128 < i", *cell(1, 32, 128, "k0", "k0")]
    made = listed([*lines, "g GlobalPool < k1", "end Dense in=128 out=5 < g"], "end")
    assert not wiring._with_cells(WiringProblem(made.items, lambda producer, consumer: 0.0)).wirings


@pytest.mark.parametrize(("longest", "copies"), [(10, True), (450, False)])
def test_long_lists_are_copied_where_ties_lead_nowhere(
    monkeypatch: pytest.MonkeyPatch, longest: int, copies: bool
) -> None:
    plain = WiringResult((Wiring((), (), ()),))
    asked: list[Mapping[str, object]] = []

    def vain(problem: WiringProblem, beam: int | None = None, **rest: object) -> WiringResult:
        asked.append(rest)
        return WiringResult(()) if len(asked) == 1 else plain

    monkeypatch.setattr(wiring, "LONG", longest)
    monkeypatch.setattr(wiring, "solve", vain)
    found = solve_widening(WiringProblem(cells().items, lambda producer, consumer: 0.0))
    assert found.wirings[0].guessed == copies


def test_edges_that_are_told_are_kept() -> None:
    """A pinned edge forbids every other into its consumer."""
    made = cells()
    merge, other = made.index(f"s1{CELLS}"), made.index(f"b0{CELLS}")

    def affinity(producer: int, consumer: int) -> float:
        return math.inf if (consumer == merge) != (producer in pinned) and consumer == merge else 0.0

    pinned = {made.index(f"b2{CELLS}"), made.index(f"b3{CELLS}")}
    found = wiring._with_cells(WiringProblem(made.items, affinity)).wirings
    assert found and all(not one.edges() & {(other, merge)} for one in found)
    calls: list[Call] = [call for one in found for call in one.operands[merge][0]]
    assert {item for item, _ in calls} == pinned
