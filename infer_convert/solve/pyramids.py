"""Feature pyramids, whose head may be called on every level.

Levels that are upsampled and added to side branches of one width, one after the other, are made to be read level by
level: detectors call one head on each of them (FPN, RetinaNet, FCOS). The list shows such a head once, as it shows one
that reads the finest level alone; no width and no tie of the order tells the two apart. So a wiring in which only the
finest level is read is never the only answer: a twin with the head called on all levels stands beside it. As many equal
convolutions in front of the head as there are levels may smooth one level each (FPN); they look like a chain, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from infer_convert.solve.items import Call, Item, Wiring
from infer_convert.solve.order import reproduces

LEVELS = 3
"""Levels at least: two are as well a decoder's skip."""
SHARED = 0.6
"""Share of the nets with such levels whose head reads all of them. A judgement: the detectors named above do, nets for
segmentation that add levels without a convolution in between, and read the last alone, are rarer."""
TOLD = 0.97
"""The same where it is known that there are as many outputs."""
SMOOTHED = 0.75
"""Share of smoothed levels among these, where there are as many convolutions for that. A judgement."""
_PLAIN = ("Activation", "BatchNorm", "GroupNorm")


@dataclass(frozen=True, slots=True)
class Pyramid:
    """The levels, coarsest first, the heads, each the items from what they read to an output, and the convolutions in
    front of them that may smooth one level each."""

    levels: tuple[int, ...]
    heads: tuple[tuple[int, ...], ...]
    smoothing: tuple[int, ...] = ()


def with_levels(items: Sequence[Item], wirings: Sequence[Wiring], outputs: int | None) -> tuple[Wiring, ...]:
    """The wirings, best first again, each that reads only the finest level of a pyramid beside its twin that reads them
    all; where ``outputs`` tells that there are not as many outputs, without twins."""
    found: list[Wiring] = []
    for wiring in wirings:
        twins = [
            twin
            for seen in pyramids(items, wiring)
            if (twin := called_on_all(wiring, seen)) is not None and outputs in (None, len(twin.outputs))
        ]
        share = 0.0 if not twins else SHARED if outputs is None else TOLD
        parts = (SMOOTHED, 1 - SMOOTHED) if len(twins) > 1 else (1.0,)
        for twin, part in zip(twins, parts, strict=False):
            found.append(replace(twin, probability=share * part * wiring.probability))
        found.append(replace(wiring, probability=(1 - share) * wiring.probability))
    return tuple(sorted(found, key=lambda wiring: -wiring.probability))


def may_have_levels(items: Sequence[Item]) -> bool:
    """Whether there are enough items that upsample."""
    return sum(item.variants[0].label.startswith("UpSampling") for item in items) >= LEVELS - 1


def pyramids(items: Sequence[Item], wiring: Wiring) -> Iterator[Pyramid]:
    """The pyramid of which a wiring reads the finest level alone: first with smoothed levels, where that may be."""
    if not may_have_levels(items) or wiring.sums or any(len(calls) != 1 for calls in wiring.operands):
        return
    graph = _Graph(items, wiring)
    for item in range(len(items) - 1, -1, -1):
        levels = tuple(graph.levels(item))
        if len(levels) >= LEVELS:
            for smoothing in dict.fromkeys((graph.smoothing(item, len(levels)), ())):
                heads = [graph.head(consumer) for consumer in graph.consumers[smoothing[-1] if smoothing else item]]
                if heads and all(heads) and {head[-1] for head in heads} == graph.outputs:
                    yield Pyramid(levels[::-1], tuple(heads), smoothing)
            return


def called_on_all(wiring: Wiring, seen: Pyramid) -> Wiring | None:
    """The twin whose heads are called on every level; None when Keras would list its layers otherwise."""
    operands = list(wiring.operands)
    numbers = range(len(seen.levels))
    for smoothing, level in zip(seen.smoothing, seen.levels, strict=bool(seen.smoothing)):
        operands[smoothing] = (((level, 0),),)
    for head in seen.heads:
        operands[head[0]] = tuple([((level, 0),) for level in seen.smoothing or seen.levels])
        for before, item in pairwise(head):
            operands[item] = tuple([((before, number),) for number in numbers])
    ends = [head[-1] for head in seen.heads]
    by_head: tuple[Call, ...] = tuple([(end, number) for end in ends for number in numbers])
    by_level: tuple[Call, ...] = tuple([(end, number) for number in numbers for end in ends])
    for outputs in (by_head, by_level):
        if reproduces(operands, outputs):
            return replace(wiring, operands=tuple(operands), outputs=outputs)
    return None


class _Graph:
    """A wiring without shared items."""

    def __init__(self, items: Sequence[Item], wiring: Wiring) -> None:
        self.variants = [item.variants[number] for item, number in zip(items, wiring.variants, strict=True)]
        self.producers = [tuple([producer for producer, _ in calls[0]]) for calls in wiring.operands]
        self.outputs = {item for item, _ in wiring.outputs}
        self.consumers: list[list[int]] = [[] for _ in items]
        for consumer, producers in enumerate(self.producers):
            for producer in producers:
                self.consumers[producer].append(consumer)

    def levels(self, item: int) -> Iterator[int]:
        """A level and those that it is made of, as long as each adds the upsampled one in front of it to a side branch,
        and nothing else reads that one."""
        while True:
            yield item
            below = [self._upsampled(producer) for producer in self.producers[item]]
            if self.variants[item].label != "Add" or len(below) != 2 or below.count(None) != 1:
                return
            side = self.producers[item][below.index(None)]
            item = next(level for level in below if level is not None)
            if not self._is_lateral(side) or self.outputs & {item}:
                return
            if self.variants[item].label != "Add":
                if self._is_lateral(item):
                    yield item
                return

    def _upsampled(self, item: int) -> int | None:
        """What an item upsamples, if nothing else reads it."""
        if not self.variants[item].label.startswith("UpSampling"):
            return None
        source = self.producers[item][0]
        return source if self.consumers[source] == [item] else None

    def _is_lateral(self, item: int) -> bool:
        """Whether a tensor comes from a 1x1 convolution, perhaps normalised and activated."""
        while self.variants[item].label in _PLAIN and len(self.producers[item]) == 1:
            item = self.producers[item][0]
        return self.variants[item].label == "Conv/1"

    def smoothing(self, item: int, count: int) -> tuple[int, ...]:
        """As many equal convolutions as there are levels, a chain behind one item; none where there is none."""
        found: list[int] = []
        while len(found) < count and len(self.consumers[item]) == 1:
            item = self.consumers[item][0]
            found.append(item)
        variants = {self.variants[item] for item in found}
        equal = len(found) == count and len(variants) == 1 and self.variants[item].label == "Conv/k"
        return tuple(found) if equal and self.consumers[item] else ()

    def head(self, item: int) -> tuple[int, ...]:
        """The items from one to an output, if each feeds the next alone and changes no size; else none."""
        found = [item]
        while item not in self.outputs:
            if len(self.consumers[item]) != 1:
                return ()
            item = self.consumers[item][0]
            found.append(item)
        kinds = {self.variants[item].label.partition("/")[0] for item in found}
        return tuple(found) if kinds <= {"Conv", "Separable", *_PLAIN, "Dropout"} else ()
