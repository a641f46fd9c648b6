"""What an item fed where the same stretch of the list stands once more.

Real nets are motifs repeated: the list of kinds is mostly made of stretches that stand in it several times. Read
backward, the later one is wired already, and an item of the earlier one does what its twin did, so many items further
on. Of 771 items of NASNetMobile 653 do just that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from infer_convert.solve.items import Item

LEAST = 16
"""Items that a repeated stretch has at least."""
AROUND = 3
"""Items of it that stand at least on each side of an item that is copied."""


class Twin(NamedTuple):
    """An item's twin stands ``offset`` items further on; ``reach`` items from there on are the same."""

    offset: int
    reach: int


def twins(items: Sequence[Item]) -> list[Twin | None]:
    """Every item's twin: that in the longest stretch of equal kinds, of several the nearest. Time grows with the square
    of the number of items."""
    kinds: dict[str, int] = {}
    labels = [kinds.setdefault(item.variants[0].label, len(kinds)) for item in items]
    count = len(labels)
    longest = [0] * count
    found: list[Twin | None] = [None] * count
    for offset in range(1, count - LEAST + 1):
        start = 0
        same = [a == b for a, b in zip(labels, labels[offset:], strict=False)]
        while start < len(same):
            if not same[start]:
                start += 1
                continue
            end = start
            while end < len(same) and same[end]:
                end += 1
            if end - start >= LEAST:
                for index in range(start + AROUND - 1, end - AROUND + 1):
                    if end - start > longest[index]:
                        longest[index] = end - start
                        found[index] = Twin(offset, end - index)
            start = end
    return found
