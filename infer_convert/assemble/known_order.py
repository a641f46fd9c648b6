"""The order of layers that a file has lost, as a known architecture has it.

Rewritten files list everything by name. Where the tensors' shapes, in whatever order, are those of a known
architecture (with a head of one's own, perhaps), its order is theirs. Layers of equal shapes must be told apart by
their names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from infer_convert.assemble.from_library import seen
from infer_convert.assemble.typed import Typed
from infer_convert.facts import WeightFile
from infer_convert.hints import Hints
from infer_convert.library import store
from infer_convert.library.families import with_alike
from infer_convert.library.references import Known, Shapes

LEAST = 8
"""Layers with weights that a reference must have: of small nets shapes say too little (set by hand)."""
MOST_OWN, MOST_MISSING = 4, 3
"""Layers of the file that the reference has not, and of the reference's end that the file has not: heads (set by
hand)."""


def in_known_order(typed: Sequence[Typed], facts: WeightFile, hints: Hints) -> tuple[tuple[Typed, ...], WeightFile]:
    """The layers with weights in the order of the architecture that has most of them, and the facts of such a list;
    both as they are where the order is not lost, the library is off or nothing in it has these shapes."""
    entries = [entry for entry in typed if entry.stored.tensors]
    nested = any(entry.stored.children for entry in typed)
    if facts.order != "lost" or not hints.library or nested or len(entries) < LEAST:
        return tuple(typed), facts
    best: list[int] = max(_orders(entries, with_alike(hints.without_families)), key=len, default=[])
    if not best:
        return tuple(typed), facts
    taken = set(best)
    rest = [place for place in range(len(entries)) if place not in taken]
    ordered = tuple(entries[place] for place in [*best, *rest])
    return ordered, replace(facts, order="recovered", lists_weightless=False)


def _orders(entries: Sequence[Typed], without: frozenset[str]) -> Iterator[list[int]]:
    """For every reference with these shapes the places of its layers, where names tell apart what shapes do not."""
    places: dict[Shapes, list[int]] = {}
    for place, entry in enumerate(entries):
        places.setdefault(seen(entry).shapes, []).append(place)
    for signature in store.index():
        if signature.family in without or signature.weighted < LEAST:
            continue
        if not -MOST_OWN <= signature.weighted - len(entries) <= MOST_MISSING:
            continue
        known = store.reference(signature.family, signature.number).flat()
        theirs = list(known.weighted)
        while theirs and len(known.weighted) - len(theirs) < MOST_MISSING and _lacks(places, known, theirs):
            theirs.pop()
        if _lacks(places, known, theirs) or len(theirs) < max(LEAST, len(entries) - MOST_OWN):
            continue
        order = _order(entries, places, known, theirs)
        if order is not None:
            yield order


def _lacks(places: Mapping[Shapes, Sequence[int]], known: Known, theirs: Sequence[int]) -> bool:
    """Whether the reference has layers of shapes that the file has not, or has fewer of."""
    wanted = Counter(known.layers[index].shapes() for index in theirs)
    return any(len(places.get(shapes, ())) < count for shapes, count in wanted.items())


def _order(
    entries: Sequence[Typed], places: Mapping[Shapes, Sequence[int]], known: Known, theirs: Sequence[int]
) -> list[int] | None:
    """The places in the reference's order. Layers of equal shapes go by the reference's names or, where their names
    differ in numbers alone and each reads what the one before made, by these; None where neither tells."""
    groups: dict[Shapes, list[int]] = {}
    for index in theirs:
        groups.setdefault(known.layers[index].shapes(), []).append(index)
    behind = _ancestors(known)
    found: dict[int, int] = {}
    for shapes, indices in groups.items():
        mine = {entries[place].stored.name: place for place in places[shapes]}
        named = {index: known.layers[index].name for index in indices if known.layers[index].name in mine}
        found.update((index, mine.pop(name)) for index, name in named.items())
        rest = [index for index in indices if index not in named]
        if len(rest) > 1 or (rest and len(mine) > 1):
            in_a_row = all(behind[later] >> earlier & 1 for earlier, later in pairwise(rest))
            if not in_a_row or len({_NUMBER.sub("", name) for name in mine}) > 1:
                return None
        found.update((index, mine[name]) for index, name in zip(rest, sorted(mine, key=_counted), strict=False))
    return [found[index] for index in theirs]


def _ancestors(known: Known) -> list[int]:
    """For every layer the layers that its result comes from, as bits."""
    found: list[int] = []
    for layer in known.layers:
        bits = 0
        for call in layer.operands:
            for item, _ in call:
                bits |= found[item] | 1 << item
        found.append(bits)
    return found


_NUMBER = re.compile(r"_?\d+")


def _counted(name: str) -> list[int]:
    """The numbers of a name; the first of a class has none."""
    return [int(number) for number in re.findall(r"\d+", name)]
