"""Other wirings near the best ones: one decision turned round in all its blocks at once.

Real nets are motifs repeated, so that a wrong motif is wrong in every block and the beam, which keeps alternatives of
single steps, holds no wiring in which all are right. Here an operand is moved some layers up or down its branch,
wherever the same stands around it, and once by itself. What looks better as a whole (``whole.py``) is read once more
by the parser, which alone decides whether it is possible and what it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from infer_convert.solve.items import Item, Wiring

FARTHEST = 3
"""Layers that an operand is moved at most."""
WORK = 30_000
"""Flips tried times items."""
BEST = 3
"""Wirings that flips start from."""
ROUNDS = 3
REPLAYED = 4
"""Wirings that the parser reads again in a round, those that gain most."""
Change = tuple[int, int, int]
"""(consumer, its old producer, its new one)."""
Replay = Callable[[Wiring], Wiring | None]
Judge = Callable[[Wiring], float]
"""Nats in favour of a wiring as a whole."""


def flipped(items: Sequence[Item], wirings: Sequence[Wiring], judge: Judge, replay: Replay) -> list[Wiring]:
    """New wirings that look better as wholes than the one that they come from, with the parser's own score."""
    tried: set[object] = {wiring.operands for wiring in wirings}
    found: list[Wiring] = []
    left = WORK // max(1, len(items))
    waiting = list(wirings[:BEST])
    for _ in range(ROUNDS):
        promising: list[tuple[float, int, Wiring]] = []
        for wiring in waiting:
            bar = judge(wiring)
            for changes in _flips(items, wiring):
                changed = _changed(wiring, changes) if left else None
                if changed is None or changed.operands in tried:
                    continue
                tried.add(changed.operands)
                left -= 1
                looks = judge(changed)
                if looks > bar:
                    promising.append((looks - bar, len(promising), changed))
        promising.sort(key=lambda entry: (-entry[0], entry[1]))
        better = [made for _, _, changed in promising[:REPLAYED] if (made := replay(changed)) is not None]
        if not better:
            break
        found.extend(better)
        waiting = better[:BEST]
    return found


def _flips(items: Sequence[Item], wiring: Wiring) -> Iterator[tuple[Change, ...]]:
    """Changes that mean the same in every block, and each of them alone."""
    labels = [items[index].variants[number].label for index, number in enumerate(wiring.variants)]
    consumers: list[list[int]] = [[] for _ in items]
    single = [calls[0][0][0] if len(calls) == 1 and len(calls[0]) == 1 else -1 for calls in wiring.operands]
    for consumer, calls in enumerate(wiring.operands):
        for producer, _ in calls[0] if len(calls) == 1 else ():
            consumers[producer].append(consumer)
    motifs: dict[object, list[Change]] = {}
    for consumer, calls in enumerate(wiring.operands):
        for producer, _ in calls[0] if len(calls) == 1 else ():
            if len(consumers[producer]) < 2 and len(calls[0]) < 2:
                continue
            for way, other in _near(labels, consumers, single, producer, consumer):
                if len(consumers[producer]) > 1:
                    motifs.setdefault((labels[consumer], len(calls[0]), way), []).append((consumer, producer, other))
    for changes in motifs.values():
        yield tuple(changes)
        if len(changes) > 1:
            for change in changes[:: len(changes) - 1]:
                yield (change,)


def _near(
    labels: Sequence[str], consumers: Sequence[Sequence[int]], single: Sequence[int], producer: int, consumer: int
) -> Iterator[tuple[tuple[str, ...], int]]:
    """Tensors up and down the branch from ``producer``, with the way there."""
    item = producer
    way: tuple[str, ...] = ("up",)
    for _ in range(FARTHEST):
        above = single[item]
        if above < 0:
            break
        way = (*way, labels[item])
        item = above
        yield way, item
    down: list[tuple[int, tuple[str, ...]]] = [(producer, ("down",))]
    for _ in range(FARTHEST):
        down = [
            (following, (*steps, labels[following]))
            for item, steps in down
            for following in consumers[item]
            if following < consumer and single[following] == item
        ]
        for following, steps in down:
            yield steps, following


def _changed(wiring: Wiring, changes: Sequence[Change]) -> Wiring | None:
    """The wiring with the changes; None when something would feed nothing. Operands are put in order by the parser."""
    operands = list(wiring.operands)
    for consumer, old, new in changes:
        ((*call,),) = operands[consumer]
        if (new, 0) in call:
            return None
        operands[consumer] = (tuple([(new, 0) if operand == (old, 0) else operand for operand in call]),)
    made = replace(wiring, operands=tuple(operands), ordered=frozenset())
    return made if _reaches(made) else None


def _reaches(wiring: Wiring) -> bool:
    """Whether every item feeds another or is an output."""
    feeding = {producer for producer, _ in wiring.edges()} | {item for item, _ in wiring.outputs}
    return len(feeding) == len(wiring.operands)
