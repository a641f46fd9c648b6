"""What a choice would mean where the same stretch of the list stands once more.

The first cell of a net often takes other widths than the like ones behind it, and so tells more: an edge between two
layers of one width in the last cell may be one between 11 and 32 channels in the first. A choice that will be copied
(``copies.py``) must suit there, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infer_convert.solve.copies import Twin
from infer_convert.solve.items import Item, Variant
from infer_convert.solve.past import History

FARTHEST = 96
"""Items of a stretch that are looked at."""
Copy = tuple[int, int]
"""How many items further to the front a copy stands, and how many items from there on are the same."""


class Elsewhere:
    """The copies of every item that tell something about it."""

    def __init__(self, items: Sequence[Item], found: Sequence[Twin | None]) -> None:
        self._items = [item.variants[0] for item in items]
        self._copies: list[list[Copy]] = [[] for _ in items]
        for copy, twin in enumerate(found):
            original = copy
            while twin is not None:
                original += twin.offset
                twin = found[original]
                alike = self._alike(original, copy)
                if self._tells(original, copy, alike):
                    self._copies[original].append((original - copy, alike))

    def _alike(self, original: int, copy: int) -> int:
        alike = 0
        while (
            alike < FARTHEST
            and original + alike < len(self._items)
            and self._items[original + alike].label == self._items[copy + alike].label
        ):
            alike += 1
        return alike

    def _tells(self, original: int, copy: int, alike: int) -> bool:
        """Whether one width in the original is several in the copy."""
        widths: dict[int, int] = {}
        for step in range(alike):
            for ours, its in _widths(self._items[original + step], self._items[copy + step]):
                if widths.setdefault(ours, its) != its:
                    return True
        return False

    def suits(self, past: History, last: int, index: int, consumers: Sequence[int]) -> bool:
        """Whether ``index`` may feed ``consumers`` wherever both stand once more; ``past`` tells what these feed."""
        for offset, alike in self._copies[index]:
            if max(consumers) >= index + alike:
                continue
            wanted = {
                width for consumer in consumers for width in self._wanted(past, last, consumer, offset, index + alike)
            }
            mine = self._items[index - offset]
            if mine.channels == "fixed" and mine.channels_out:
                wanted.add(mine.channels_out)
            if len(wanted) > 1 and not mine.broadcasts:
                return False
        return True

    def _wanted(self, past: History, last: int, item: int, offset: int, end: int) -> Iterator[int]:
        """The channels that the copy of an item takes, as far as that is known."""
        mine = self._items[item - offset]
        if mine.channels_in is not None:
            yield mine.channels_in
        elif mine.channels == "same" and not mine.broadcasts and item < end:
            for consumer in past.row(last - item)[1]:
                if consumer < end:
                    yield from self._wanted(past, last, consumer, offset, end)


def _widths(original: Variant, copy: Variant) -> Iterator[tuple[int, int]]:
    for ours, its in ((original.channels_in, copy.channels_in), (original.channels_out, copy.channels_out)):
        if ours is not None and its is not None:
            yield ours, its
