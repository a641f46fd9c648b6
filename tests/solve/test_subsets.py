"""Sets of open operands that are proposed together."""

from __future__ import annotations

from infer_convert.solve.demand import Demand
from infer_convert.solve.state import Slot
from infer_convert.solve.subsets import last_of_runs, of_one_width


def slot(item: int, label: str, demand: Demand = 0, merges: bool = False) -> Slot:
    return Slot(item, 0, label, 1, demand, frozenset({4}), 0, 0, merges=merges)


def sets(slots: list[Slot], masks: list[int]) -> list[set[int]]:
    return [{slot.item for i, slot in enumerate(slots) if mask >> i & 1} for mask in masks]


def test_all_that_wait_for_one_width() -> None:
    slots = [slot(9, "Conv/k", 64), slot(7, "Conv/k", 32), slot(3, "Pool", 64), slot(2, "Add", 32, merges=True)]
    assert sets(slots, list(of_one_width(slots))) == [{9, 3}]


def test_the_last_of_every_run_of_like_layers() -> None:
    slots = [slot(item, "Embedding") for item in (9, 8, 4, 3, 2)]
    assert sets(slots, list(last_of_runs(slots))) == [{9, 4}]
    assert not list(last_of_runs(slots[:2]))
