"""In which order did the layers stand? What the tree still knows, and a fall-back when it does not.

A rewritten file (h5repack, h5py ``copy``, a script over sorted keys) has its links in alphabetical order, so heap order
equal to sorted order over at least four children means that the order is lost (0 false alarms in 273 unsorted files of
strangers; see ``order_of`` for the two cases in which a Keras 3 tree still proves itself).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from infer_convert.facts import Order
from infer_convert.readers.names import counter
from infer_convert.readers.tree import Group

ENOUGH = 4
"""With fewer children, alphabetical order proves nothing and heap order is believed."""

_FIRST = ("input", "rescaling", "normalization", "embedding")
_LATE = ("dense", "fc")
_LAST = ("logits", "prediction", "output", "softmax")
_MAX_STATES = 50_000
"""Positions that the interleaving search may visit before it gives up."""


def order_of(group: Group, rewritten: bool | None = None) -> Order:
    """What the stored order of a group's children is worth: ``recovered`` or ``lost``.

    ``rewritten`` is what the rest of the tree proves about the file (``v3.rewritten``), None when it proves nothing.
    """
    if len(group.children) < 2 or group.written == "written":
        return "recovered"
    if group.written == "unknown" or rewritten:
        return "lost"
    return "lost" if rewritten is None and len(group.children) >= ENOUGH else "recovered"


def natural(keys: Sequence[str]) -> list[str]:
    """A sensible order of layer keys when the file has none: inputs before, dense layers and answers last.

    One common stem gives the plain numeric order (``layer_0`` … ``layer_10``); several stems advance together. Where
    keys hold several numbers (``block1_conv2``, ``conv2_1``), the first of them counts before what follows it.
    """
    split = {key: counter(key) for key in keys}
    if single_stem(keys):
        return sorted(keys, key=lambda key: split[key][1])
    counts = [len(_NUMBERS.findall(_AXES.sub("", key))) for key in keys]
    nested = 2 * sum(count > 1 for count in counts) >= max(1, sum(count > 0 for count in counts))

    def place(key: str) -> tuple[Any, ...]:
        stem, number = split[key]
        low = stem.lower()
        rank = 0 if low.startswith(_FIRST) else 3 if low.startswith(_LAST) else 2 if low.startswith(_LATE) else 1
        return (rank, *(_parts(key) if nested else (number, stem)))

    return sorted(keys, key=place)


_NUMBERS = re.compile(r"(\d+)")
_AXES = re.compile(r"[123]d(?![a-z])", re.IGNORECASE)
"""The number in a class's name, such as ``conv2d``."""


def _parts(key: str) -> list[tuple[str, int]]:
    """Words and the numbers behind them, in turn."""
    found = _NUMBERS.split(key)
    return [(word, int(number)) for word, number in zip(found[::2], [*found[1::2], "0"], strict=True)]


def single_stem(keys: Sequence[str]) -> bool:
    """True when the keys are one class's counters, so that their numeric order is *the* order (Keras 3 trees)."""
    return len({counter(key)[0] for key in keys}) == 1


def numbered(keys: Sequence[str]) -> bool:
    """Whether the keys are numbers alone, or one word with a number each, so that these state the order."""
    return single_stem(keys) and all(key[-1:].isdigit() for key in keys)


Shape = tuple[int, ...]


def by_slots(shapes: Mapping[str, Sequence[Shape]], slots: Sequence[Shape]) -> list[str] | None:
    """Order the layers so that their trainable shapes spell the optimizer's slots, when just one order does.

    ``shapes`` maps each layer key to the shapes of its trainable weights; ``slots`` are the shapes of the optimizer's
    per-variable slots, interleaved and without its scalars. Within a class the counters give the order, within a layer
    any order will do. Returns the keys of the layers with weights, or None when no order or more than one fits (a
    frozen layer, whose weights have no slots, fits nowhere).
    """
    classes: dict[str, list[str]] = defaultdict(list)
    for key in shapes:
        if shapes[key]:
            classes[counter(key)[0]].append(key)
    queues = [sorted(keys, key=lambda key: counter(key)[1]) for keys in classes.values()]
    for repeat in (2, 1, 3):  # Adam has two slots per variable, SGD with momentum and RMSprop one, AMSGrad three
        thinned = _thin(slots, repeat)
        if thinned and (found := _unique(queues, shapes, thinned)) is not None:
            return found
    return None


def _thin(slots: Sequence[Shape], repeat: int) -> list[Shape] | None:
    if not slots or len(slots) % repeat:
        return None
    runs = [slots[at : at + repeat] for at in range(0, len(slots), repeat)]
    return [run[0] for run in runs] if all(len(set(run)) == 1 for run in runs) else None


def _unique(queues: list[list[str]], shapes: Mapping[str, Sequence[Shape]], slots: list[Shape]) -> list[str] | None:
    """The one merge of the queues whose shapes spell ``slots``; breadth first over positions, counting the ways."""
    State = tuple[tuple[int, ...], int]
    start: State = ((0,) * len(queues), 0)
    ways: dict[State, int] = {start: 1}
    came: dict[State, tuple[State, str]] = {}
    frontier, ends, visited = [start], [], 0
    while frontier:
        following: dict[State, None] = {}
        for state in frontier:
            visited += 1
            if visited > _MAX_STATES:
                return None
            positions, at = state
            if at == len(slots) and all(p == len(q) for p, q in zip(positions, queues, strict=True)):
                ends.append(state)
                continue
            for which, queue in enumerate(queues):
                if positions[which] == len(queue):
                    continue
                key = queue[positions[which]]
                if not _fits(shapes[key], slots, at):
                    continue
                moved = (*positions[:which], positions[which] + 1, *positions[which + 1 :])
                following_state = (moved, at + len(shapes[key]))
                ways[following_state] = ways.get(following_state, 0) + ways[state]
                came[following_state] = (state, key)
                following[following_state] = None
        frontier = list(following)
    if len(ends) != 1 or ways[ends[0]] != 1:
        return None
    keys: list[str] = []
    state = ends[0]
    while state in came:
        state, key = came[state]
        keys.append(key)
    return keys[::-1]


def _fits(weights: Sequence[Shape], slots: list[Shape], at: int) -> bool:
    """Do the slots from ``at`` on hold just these weights, in any order?"""
    return sorted(slots[at : at + len(weights)]) == sorted(weights)


def place_unordered(ordered: Sequence[str], everything: Sequence[str]) -> list[str]:
    """``ordered`` as it is, with the remaining keys of ``everything`` put before the key they precede there."""
    known = set(ordered)
    waiting: list[str] = []
    before: dict[Hashable, list[str]] = {}
    for key in everything:
        if key in known:
            before[key] = waiting
            waiting = []
        else:
            waiting.append(key)
    return [item for key in ordered for item in (*before.get(key, ()), key)] + waiting
