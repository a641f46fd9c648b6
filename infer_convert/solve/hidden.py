"""Sums that no list shows, where the list itself calls for them.

Functional code with ``x + y`` leaves an operation that is no layer. Such a list may still parse as a plain chain (the
ConvNeXts do). But nobody repeats a block that widens its channels and narrows them again, or a transformer's halves,
without a sum around it: where a chain does so and shows no sum at all, one is put behind every such block, and the list
with them is parsed like any other. A long even row of equal normalised convolutions calls for sums less loudly. And
where two branches meet in a layer that takes one tensor, the sum in between is certain, and stretches like the longer
branch have one too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from infer_convert.solve.features import Affinity, Names
from infer_convert.solve.items import Call, Item, Variant, Wiring

WIDENED = 2
"""How much wider than its ends a block must be somewhere inside."""
PERIODS = range(3, 40)
"""Layers of a block."""
LIKELY = 0.95
"""Share of the wirings with sums where blocks call for them."""
ROW = 4
"""Equal normalised convolutions in a row that call for sums around every two; an odd row does not."""
PERHAPS = 0.6
"""Share of the wirings with sums where only such a row calls for them. Of the benchmark's tune split and corpus one net
has such a row and shows no sum, and it hides them; known plain nets pool or change their width after three at most, but
for denoisers."""
_NORMS = ("BatchNorm", "LayerNorm", "RMSNorm", "GroupNorm")
_SUM = Item("", (Variant("Add", (2, 2)),))


@dataclass(frozen=True, slots=True)
class Expanded:
    """A list with hidden sums: the items, and for each its place in the list as it is (sums count on behind it).
    ``around`` are the two items that a sum adds: the end of its block and what its block starts from; ``share`` is how
    likely they are together."""

    items: tuple[Item, ...]
    places: tuple[int, ...]
    listed: int
    around: dict[int, tuple[int, int]]
    share: float

    def affinity(self, producer: int, consumer: int, given: Affinity) -> float:
        """Cost of an edge: a sum stands around its block; between listed items it is what is ``given``."""
        if consumer in self.around:
            return 0.0 if producer in self.around[consumer] else math.inf
        return given(self.places[producer], self.places[consumer]) if producer not in self.around else 0.0

    def names(self, producer: int, consumer: int, given: Names) -> str:
        """What the names say about an edge between listed items."""
        if producer in self.around or consumer in self.around:
            return ""
        return given(self.places[producer], self.places[consumer])

    def roles(self, given: Sequence[str]) -> tuple[str, ...]:
        """The items' roles; sums have none."""
        return tuple([given[place] if place < self.listed else "" for place in self.places]) if given else ()

    def contracted(self, wiring: Wiring) -> Wiring:
        """A wiring of the longer list in terms of the list as it is."""
        own = len(self.items)
        further = self.listed + len(self.around)

        def moved(calls: Sequence[Call]) -> tuple[Call, ...]:
            return tuple([(self.places[item] if item < own else further + item - own, call) for item, call in calls])

        pairs = list(zip(self.places, wiring.operands, strict=True))
        return replace(
            wiring,
            variants=tuple(
                [variant for place, variant in zip(self.places, wiring.variants, strict=True) if place < self.listed]
            ),
            operands=tuple([tuple([moved(call) for call in calls]) for place, calls in pairs if place < self.listed]),
            outputs=moved(wiring.outputs),
            ordered=frozenset(self.places[item] for item in wiring.ordered),
            sums=(
                *[moved(calls[0]) for place, calls in sorted(pairs) if place >= self.listed],
                *[moved(calls) for calls in wiring.sums],
            ),
        )


def expanded(items: Sequence[Item]) -> Expanded | None:
    """The list with a sum behind every block that calls for one; None when none does, or when the list has sums."""
    first = [item.variants[0] for item in items]
    if any(variant.operands[1] > 1 and variant.channels == "same" for variant in first):
        return None
    widths = _widths(first)
    pattern = _pattern(first, widths)
    if pattern is not None:
        return _with_sums(items, dict(_blocks(first, widths, pattern)), LIKELY)
    starts = dict(_rows(first, widths))
    return _with_sums(items, starts, PERHAPS) if starts else None


def likewise(items: Sequence[Item], wiring: Wiring) -> Expanded | None:
    """The list with a sum around every stretch like the longer branch of a sum that ``wiring`` needs; None where there
    is no such stretch. What such a stretch starts from and leads to must be of the same kinds, too."""
    first = [item.variants[number] for item, number in zip(items, wiring.variants, strict=True)]
    single = [calls[0] if len(calls) == 1 else () for calls in wiring.operands]
    widths = _widths(first)
    starts: dict[int, int] = {}
    for consumer, operands in enumerate(single):
        if len(operands) < 2 or first[consumer].operands[1] != 1:
            continue
        branches = [_branch(single, item) for item, _ in operands]
        top = next((item for item in branches[0] if all(item in branch for branch in branches[1:])), None)
        if top is None:
            continue
        longest = max((branch[: branch.index(top) + 1] for branch in branches), key=len)
        kinds = [first[item].label for item in (*reversed(longest), consumer)]
        for start in range(1, len(items) - len(kinds) + 2):
            end = start + len(kinds) - 3
            stretch = [variant.label for variant in first[start - 1 : end + 2]]
            if stretch == kinds and widths[end] and widths[end] == widths[start - 1] and _is_chain(single, start, end):
                starts[end] = start
    return _with_sums(items, starts, LIKELY) if starts else None


def _branch(single: Sequence[Sequence[Call]], item: int) -> list[int]:
    """An item and what stands in front of it, as long as that is one thing."""
    found = [item]
    while len(single[item]) == 1:
        item = single[item][0][0]
        found.append(item)
    return found


def _is_chain(single: Sequence[Sequence[Call]], start: int, end: int) -> bool:
    """Whether each of the items and the one behind them reads the one in front of it alone."""
    return all([item for item, _ in single[index]] == [index - 1] for index in range(start, end + 2))


def _with_sums(items: Sequence[Item], starts: Mapping[int, int], share: float) -> Expanded:
    """The list with sums around stretches, given by their last items and their first."""
    made: list[Item] = []
    places: list[int] = []
    around: dict[int, tuple[int, int]] = {}
    last: list[int] = []
    for index, item in enumerate(items):
        made.append(item)
        places.append(index)
        if index in starts:
            around[len(made)] = len(made) - 1, last[starts[index] - 1]
            places.append(len(items) + len(around) - 1)
            made.append(_SUM)
        last.append(len(made) - 1)
    return Expanded(tuple(made), tuple(places), len(items), around, share)


def _widths(variants: Sequence[Variant]) -> list[int]:
    """Channels behind every item of a chain, 0 where they are not known."""
    found: list[int] = []
    for variant in variants:
        fixed = variant.channels_out or 0
        found.append(fixed if variant.channels == "fixed" else found[-1] if variant.channels == "same" and found else 0)
    return found


def _pattern(variants: Sequence[Variant], widths: Sequence[int]) -> tuple[str, ...] | None:
    """The labels of the shortest block that calls for a sum and stands twice or more in a row."""
    tokens = [(variant.label, width) for variant, width in zip(variants, widths, strict=True)]
    for period in PERIODS:
        start = 0
        while start + 2 * period <= len(tokens):
            length = 0
            while start + length + period < len(tokens) and tokens[start + length] == tokens[start + length + period]:
                length += 1
            if length >= period and _calls(variants, widths, start, period):
                return tuple([variant.label for variant in variants[start : start + period]])
            start += max(1, length)
    return None


def _calls(variants: Sequence[Variant], widths: Sequence[int], start: int, period: int) -> bool:
    """Whether a block calls for a sum."""
    if not start:
        return False
    width, block = widths[start - 1], range(start, start + period)
    labels = [variants[index].label.partition("/")[0] for index in block]
    return (
        bool(width)
        and widths[start + period - 1] == width
        and max([widths[index] for index in block]) >= WIDENED * width
        and min([widths[index] for index in block]) >= width
        and any(label in _NORMS for label in labels)
        and not any(label in ("Pool", "GlobalPool", "UpSampling", "Flatten", "Reshape") for label in labels)
    )


def _blocks(variants: Sequence[Variant], widths: Sequence[int], pattern: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """The last and the first item of everything that a sum stands around."""
    period, index = len(pattern), 1
    while index + period < len(variants):
        labels = tuple([variant.label for variant in variants[index : index + period]])
        if labels != pattern or not _calls(variants, widths, index, period):
            index += 1
            continue
        start = index
        for end in _halves(pattern):
            yield index + end, start
            start = index + end + 1
        index += period


def _rows(variants: Sequence[Variant], widths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The last and the first item of what sums stand around in even rows of equal (convolution, norm, activation)."""
    kinds = [variant.label.partition("/")[0] for variant in variants]
    index = 1
    while index + 3 * ROW <= len(variants):
        unit = variants[index]
        count = 0
        if kinds[index] == "Conv" and unit.channels_in == unit.channels_out == widths[index - 1]:
            while _is_unit(variants, kinds, unit, index + 3 * count):
                count += 1
        if count >= ROW and count % 2 == 0:
            for start in range(index, index + 3 * count, 6):
                yield start + 4, start
        index += max(1, 3 * count)


def _is_unit(variants: Sequence[Variant], kinds: Sequence[str], unit: Variant, index: int) -> bool:
    """Whether a convolution like ``unit`` stands there, with a norm and an activation behind it."""
    return (
        index + 2 < len(variants)
        and variants[index] == unit
        and kinds[index + 1] in _NORMS
        and kinds[index + 2] == "Activation"
    )


def _halves(pattern: tuple[str, ...]) -> Iterator[int]:
    """Where sums stand within a block: in a transformer every half has one, in front of a norm or behind all."""
    attends = [place for place, label in enumerate(pattern) if label.startswith("Attention")]
    for place, label in enumerate(pattern):
        if attends and place > attends[0] and label in _NORMS:
            yield place - 1
    if not (attends and pattern[-1] in _NORMS):
        yield len(pattern) - 1
