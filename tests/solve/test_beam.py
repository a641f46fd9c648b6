"""What stays in the beam."""

from __future__ import annotations

import pytest

from infer_convert.solve import sizes
from infer_convert.solve.options import SizeCall, SizeItem, SizeOption
from infer_convert.solve.sizes import SizeResult, solve_sizes

INPUTS = 60


def given(kind: str, step: float) -> SizeItem:
    """An input of any of many sizes, each a stratum."""
    return SizeItem(
        tuple(
            SizeOption(-step * ((7 * size) % INPUTS), lambda shapes, size=size: (size,), (), ((kind, size),))
            for size in range(1, INPUTS)
        )
    )


def kept(result: SizeResult) -> list[tuple[tuple[int, ...], float]]:
    return [(answer.options, round(answer.log_score, 9)) for answer in result.answers]


def test_of_one_input_more_only_what_might_stay_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers are those of a beam that looks at every pair of sizes."""
    ways = [SizeOption(-by, lambda shapes, by=by: (max(1, (shapes[0][0] or 0) // by),)) for by in (1, 2)]
    halve = SizeItem(tuple(ways))
    both = SizeItem((SizeOption(0.0, lambda shapes: (1,)),))
    items = [given("input/a", 0.1), halve, given("input/b", 0.07), both]
    calls = [SizeCall(0, ()), SizeCall(1, (0,)), SizeCall(2, ()), SizeCall(3, (1, 2))]
    strata = ["input/a", "input/b"]
    looked: list[int] = []
    whole = sizes.entered

    def counted(*arguments: object) -> object:
        found = whole(*arguments)  # type: ignore[arg-type]
        looked.extend([len(found)] if found is not None else [])
        return found

    monkeypatch.setattr(sizes, "entered", counted)
    short = solve_sizes(items, calls, best=40, states=80, strata=strata)
    monkeypatch.setattr(sizes, "entered", lambda *arguments: None)
    assert kept(short) == kept(solve_sizes(items, calls, best=40, states=80, strata=strata))
    assert looked and looked[0] < 0.1 * 2 * INPUTS * INPUTS
