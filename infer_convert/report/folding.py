"""Find blocks of layers that repeat, so that a table of 177 layers fits a screen."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")

LONGEST = 64
"""Longest block looked for."""


@dataclass(frozen=True, slots=True)
class Fold(Generic[Row]):
    """``rows`` once, which stand ``times`` times in a row; ``last`` is the last row of the last repetition."""

    rows: tuple[Row, ...]
    times: int
    last: Row


def fold(rows: Sequence[Row], key: Callable[[Row], Hashable]) -> tuple[Fold[Row], ...]:
    """Cut rows into blocks; a block is repeated when its rows have equal keys. Folds only what saves three rows."""
    keys = [key(row) for row in rows]
    folds: list[Fold[Row]] = []
    start = 0
    while start < len(rows):
        saved, period, times = max(
            (((count - 1) * period, period, count) for period, count in _repeats(keys, start)),
            default=(0, 1, 1),
            key=lambda found: (found[0], -found[1]),
        )
        if saved < 3:
            period, times = 1, 1
        end = start + period * times
        folds.append(Fold(tuple(rows[start : start + period]), times, rows[end - 1]))
        start = end
    return tuple(folds)


def _repeats(keys: Sequence[Hashable], start: int) -> list[tuple[int, int]]:
    found = []
    for period in range(1, min(LONGEST, (len(keys) - start) // 2) + 1):
        count = 1
        while keys[start + count * period : start + (count + 1) * period] == keys[start : start + period]:
            count += 1
        if count > 1:
            found.append((period, count))
    return found
