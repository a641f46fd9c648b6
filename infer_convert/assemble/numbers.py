"""Where the clues from trained numbers meet the inference before there is a plan: drafts are decoded, weighed and
rewired, and the sizes that a Flatten remembers are preferred. ``revise.py`` hears them about finished plans."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from infer_convert.assemble.decode import decode
from infer_convert.assemble.remembered import heard, remembered
from infer_convert.assemble.rewire import rewire
from infer_convert.assemble.settle import Settled
from infer_convert.assemble.typed import Typed
from infer_convert.clues.numbers import geometry, maps
from infer_convert.clues.numbers.arrays import Arrays, Store
from infer_convert.clues.numbers.budget import SECOND, Budget, OutOfWork
from infer_convert.clues.numbers.flow import Flow
from infer_convert.clues.numbers.net import Net, Node, of_draft
from infer_convert.draft import Draft
from infer_convert.hints import Hints
from infer_convert.solve import plain

WORK = {"auto": 3 * SECOND, "always": 60 * SECOND}
"""What the numbers may cost: counted, so that no clock and no load decides between answers."""
FOR_WIRING = 0.7
"""Part of the budget that the wiring may take."""
DECODED = 20.0
"""Share of a decoded net against 1 for the chain: the moments have been heard, and the chain has hardly any."""
REWIRED = 2
"""Drafts, the likeliest first, whose operands are tried otherwise."""
CHANGED_PRIOR = -1.0
"""Nats per layer whose operands the numbers change: the wiring engine ranked them lower or did not come upon them."""
Drafts = Sequence[tuple[Draft, float]]


@dataclass(frozen=True, slots=True)
class Numbers:
    """The tensors of one file and what was computed from them."""

    arrays: Arrays
    flow: Flow

    @classmethod
    def of(cls, tensors: Any, hints: Hints, channels_first: bool = False) -> Numbers | None:
        """Of a file that flattened its images ``channels_first``, as far as its kernels tell. None when the tensors are
        not at hand or must not be asked."""
        if tensors is None or hints.numbers == "never":
            return None
        store: Store = tensors
        arrays = Arrays(store, Budget(WORK[hints.numbers]))
        return cls(arrays, Flow(arrays, channels_first))


def decoded(typed: Sequence[Typed], numbers: Numbers | None, hints: Hints) -> list[tuple[Draft, float]]:
    """A net with branches for a list that shows only layers with weights, where the numbers tell one and the user told
    no operands; else nothing."""
    if numbers is None or hints.wired:
        return []
    with numbers.arrays.budget.spending(FOR_WIRING):
        found = decode(typed, numbers.flow)
    return [] if found is None else [(found, DECODED)]


def weighed(drafts: Drafts, numbers: Numbers | None, hints: Hints) -> list[tuple[Draft, float]]:
    """Drafts with their shares revised by the numbers, and those that the numbers prefer to all of them, best first."""
    if numbers is None or not any(_joins(draft) for draft, _ in drafts):
        return list(drafts)
    told = frozenset(hints.wired)

    def weigh() -> list[tuple[Draft, float]]:
        try:
            with numbers.arrays.budget.spending(FOR_WIRING):
                return _weighed(drafts, numbers, told)
        except OutOfWork:
            return list(drafts)

    return remembered(drafts, numbers.flow, numbers.arrays, told, weigh)


def _weighed(drafts: Drafts, numbers: Numbers, told: Collection[str]) -> list[tuple[Draft, float]]:
    entries = [(draft, math.log(max(share, 1e-12))) for draft, share in drafts]
    known = maps.relative([numbers.flow.follow(of_draft(draft)) for draft, _ in entries])
    order = sorted(range(len(entries)), key=lambda index: -(entries[index][1] + known[index]))
    for index in order[:REWIRED]:
        found = rewire(entries[index][0], numbers.flow, told)
        if found is not None and all(found.draft.layers != draft.layers for draft, _ in entries):
            changed = sum(
                a.operands != b.operands for a, b in zip(found.draft.layers, entries[index][0].layers, strict=True)
            )
            entries.append((found.draft, entries[index][1] + CHANGED_PRIOR * changed))
    said = maps.relative([numbers.flow.follow(of_draft(draft)) for draft, _ in entries])
    best = max(range(len(entries)), key=lambda index: entries[index][1] + said[index])
    if not maps.explained(numbers.flow.follow(of_draft(entries[best][0]))):
        return list(drafts)
    before = _normal([prior for _, prior in entries])
    after = _normal([prior + nats for (_, prior), nats in zip(entries, said, strict=True)])
    paired = [
        (replace(draft, heard=now - then), math.exp(now))
        for (draft, _), then, now in zip(entries, before, after, strict=True)
    ]
    return sorted(paired, key=lambda item: -item[1])


def _normal(logs: Sequence[float]) -> list[float]:
    """The logs of shares of 1 in all."""
    top = max(logs)
    total = top + math.log(math.fsum(math.exp(each - top) for each in logs))
    return [each - total for each in logs]


def _joins(draft: Draft) -> bool:
    """Whether there is a choice to make at all."""
    return any(len(call) > 1 for layer in draft.layers for call in layer.operands)


def flattened(answers: Sequence[Settled], numbers: Numbers | None) -> list[float]:
    """For each answer the nats by which its maps in front of a Flatten fall behind those that the Dense kernel behind
    it remembers."""
    nats = [0.0] * len(answers)
    if numbers is None or not answers:
        return nats
    draft = answers[0].draft
    mine = [index for index, answer in enumerate(answers) if answer.draft is draft]
    net = of_draft(draft)
    try:
        with numbers.arrays.budget.spending():
            for position, layer in enumerate(draft.layers):
                if layer.class_name != "Flatten":
                    continue
                shapes = [answers[index].shapes.get(layer.operands[0][0], ()) for index in mine]
                whole = {tuple(map(int, s)) for s in shapes if len(s) == 3 and None not in s}  # type: ignore[arg-type]
                maps_ = tuple((s[0], s[1], s[2]) for s in sorted(whole))
                chosen = _flattened(net, position, maps_, numbers) if len(maps_) > 1 else None
                for index, shape in zip(mine, shapes, strict=True):
                    nats[index] -= geometry.NATS if chosen is not None and tuple(shape) != chosen else 0.0
    except OutOfWork:
        pass
    return nats


Map = tuple[int, int, int]


def _flattened(net: Net, index: int, maps_: tuple[Map, ...], numbers: Numbers) -> Map | None:
    """The map in front of a Flatten among these that the Dense kernel behind it remembers, if it does."""
    dense = behind_flatten(net, index)
    if dense is None:
        return None
    first = numbers.flow.channels_first
    hear = partial(geometry.choose, shapes=maps_, channels_first=first)
    question = "flattened", maps_, first
    return heard(question, dense.uses, "kernel", numbers.arrays, hear, maps_.index, lambda said: _one_of(maps_, said))


def _one_of(maps_: Sequence[Map], said: Any) -> Map:
    return maps_[plain.index(said, len(maps_))]


def behind_flatten(net: Net, index: int) -> Node | None:
    """The first Dense behind a Flatten."""
    for consumer in net.consumers.get((index, 0), ()):
        node = net.nodes[consumer]
        if node.class_name == "Dropout":
            return behind_flatten(net, consumer)
        if node.class_name == "Dense":
            return node
    return None
