"""What a partial wiring remembers, so that a step copies little of it however long the list is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

SHIFT = 6
CHUNK = 1 << SHIFT
"""Entries that are copied at most when one is added."""

Row = tuple[int, tuple[int, ...], int | None]
"""Depth of an item, the items that it feeds, and the one of these from which Keras' walk meets it first (None when it
feeds none, or when that is open)."""


class History(NamedTuple):
    """Rows in the order in which they were added."""

    older: tuple[tuple[Row, ...], ...] = ()
    recent: tuple[Row, ...] = ()

    def row(self, number: int) -> Row:
        """Row ``number``, counted from the first."""
        older, chunk = self.older, number >> SHIFT
        return older[chunk][number & CHUNK - 1] if chunk < len(older) else self.recent[number & CHUNK - 1]

    def rows(self) -> int:
        """How many there are."""
        return CHUNK * len(self.older) + len(self.recent)

    def with_row(self, row: Row) -> History:
        """One more row."""
        recent = (*self.recent, row)
        return History((*self.older, recent), ()) if len(recent) == CHUNK else History(self.older, recent)


class Memory(NamedTuple):
    """The last choice made in every context and how often it was made in a row; all are numbers."""

    older: Mapping[int, tuple[int, int]] = MappingProxyType({})
    recent: Mapping[int, tuple[int, int]] = MappingProxyType({})

    def get(self, context: int) -> tuple[int, int] | None:
        """The last choice in a context; None when there was none."""
        return self.recent.get(context) or self.older.get(context)

    def after(self, motifs: Iterable[tuple[int, int]]) -> Memory:
        """The memory once these choices are made in these contexts."""
        recent = dict(self.recent)
        for context, choice in motifs:
            before = self.get(context)
            recent[context] = (choice, before[1] + 1 if before is not None and before[0] == choice else 1)
        return Memory(self.older, recent) if len(recent) < CHUNK else Memory({**self.older, **recent})
