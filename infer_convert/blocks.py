"""Find the blocks that a network repeats: the same kinds of layers, wired in the same way, one after the other.

Everything is by position: call number i has a key and operands ``(position, tensor)`` with smaller positions. Two
stretches of calls are the same block when their keys are equal, their inner wires are equal, what they read from
outside is equal up to renaming, and the same of their calls are read from outside.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

LONGEST = 64
"""Most calls in a block; in networks of more than ``MANY`` calls ``LONGEST_OF_MANY``."""
MANY = 500
LONGEST_OF_MANY = 36
MOST_WIRES = 4
"""Most tensors that a block reads from outside, and most that are read of it."""

Operands = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Network:
    """Calls in an order in which operands come first.

    ``keys`` is None for calls that no block may hold. ``kept`` are positions that are read from outside the network
    (its outputs). ``names`` serve to cut where the names do: at ``block2_1``, not at ``block1_relu``.
    """

    keys: Sequence[Hashable | None]
    operands: Sequence[Operands]
    kept: frozenset[int]
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A block of ``length`` calls that begins at each of ``starts`` (ascending, not overlapping)."""

    length: int
    starts: tuple[int, ...]

    def runs(self) -> tuple[tuple[int, ...], ...]:
        """The starts, in groups of immediate neighbours."""
        found: list[list[int]] = []
        for start in self.starts:
            if found and found[-1][-1] + self.length == start:
                found[-1].append(start)
            else:
                found.append([start])
        return tuple(map(tuple, found))


def wires(network: Network, start: int, length: int) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    """What the stretch reads from outside, in the order of first use, and which of its positions are read outside."""
    outer: dict[tuple[int, int], None] = {}
    for position in range(start, start + length):
        for operand in network.operands[position]:
            if operand[0] < start:
                outer.setdefault(operand)
    last = _last_readers(network)
    return tuple(outer), tuple(p for p in range(start, start + length) if last[p] >= start + length)


def repeats(network: Network, least: float = 4.0) -> tuple[Repeat, ...]:
    """The blocks that save the reader most, best first; none overlaps another. ``least``: calls that one must save."""
    groups = _groups(network)
    free = bytearray(b"\1" * len(network.keys))
    found: list[Repeat] = []
    numbered = list(groups.items())
    queue = [
        (-value, starts[0], number, starts)
        for number, (signature, starts) in enumerate(numbered)
        if (value := _value(network, signature, starts)) >= least
    ]
    heapq.heapify(queue)
    while queue:
        _, _, number, before = heapq.heappop(queue)
        signature = numbered[number][0]
        length = signature[0]
        starts = _apart([start for start in before if free.find(0, start, start + length) < 0], length)
        if starts != before:
            # Calls of a better block are gone: what is left goes back in line.
            value = _value(network, signature, starts)
            if value >= least:
                heapq.heappush(queue, (-value, starts[0], number, starts))
            continue
        found.append(Repeat(length, starts))
        for start in starts:
            free[start : start + length] = bytes(length)
    return tuple(found)


Signature = tuple[int, int, tuple[tuple[tuple[int, int], ...], ...], tuple[int, ...]]
"""Length, the first start whose keys are the same, operands from the block's own start, positions read outside."""


def _groups(network: Network) -> dict[Signature, tuple[int, ...]]:
    numbers: dict[Hashable, int] = {}
    ids = [-1 if key is None else numbers.setdefault(key, len(numbers)) for key in network.keys]
    count = len(ids)
    longest = LONGEST if count <= MANY else LONGEST_OF_MANY
    last = _last_readers(network)
    groups: dict[Signature, tuple[int, ...]] = {}
    alike = [[start for start, number in enumerate(ids) if number >= 0]]
    for length in range(1, min(longest, count // 2) + 1):
        alike = _split(alike, ids, length - 1)
        for starts in alike if length > 1 else ():
            if (len(_apart(starts, length)) - 1) * length < 8:
                continue
            wired: dict[Signature, list[int]] = {}
            for start in starts:
                signature = _signature(network, last, starts[0], start, length)
                if signature is not None:
                    wired.setdefault(signature, []).append(start)
            for signature, mine in wired.items():
                kept = _apart(mine, length)
                if len(kept) > 1:
                    groups[signature] = kept
    return groups


def _split(groups: list[list[int]], ids: Sequence[int], offset: int) -> list[list[int]]:
    """Groups of starts whose calls up to ``offset`` have the same keys; what is alone or meets a barrier goes."""
    found: list[list[int]] = []
    for starts in groups:
        by_key: dict[int, list[int]] = {}
        for start in starts:
            if start + offset < len(ids) and ids[start + offset] >= 0:
                by_key.setdefault(ids[start + offset], []).append(start)
        found.extend(mine for mine in by_key.values() if len(mine) > 1)
    return found


def _signature(network: Network, last: Sequence[int], alike: int, start: int, length: int) -> Signature | None:
    end = start + length
    read = tuple(position - start for position in range(start, end) if last[position] >= end)
    if len(read) > MOST_WIRES or not read:
        return None
    outer: dict[tuple[int, int], int] = {}
    calls = []
    for position in range(start, end):
        calls.append(
            tuple(
                (operand[0] - start, operand[1])
                if operand[0] >= start
                else (-1 - outer.setdefault(operand, len(outer)), 0)
                for operand in network.operands[position]
            )
        )
    if len(outer) > MOST_WIRES:
        return None
    return length, alike, tuple(calls), read


def _apart(starts: Sequence[int], length: int) -> tuple[int, ...]:
    kept: list[int] = []
    for start in starts:
        if not kept or start >= kept[-1] + length:
            kept.append(start)
    return tuple(kept)


def _value(network: Network, signature: Signature, starts: tuple[int, ...]) -> float:
    """Calls that a reader need not read: all but one occurrence, less what function, loops and wires cost."""
    if len(starts) < 2:
        return 0.0
    length = signature[0]
    inputs = len({operand for call in signature[2] for operand in call if operand[0] < 0})
    extra = inputs + len(signature[3]) - 2
    runs = len(Repeat(length, starts).runs())
    named = sum(_own_prefix(network.names, start, length) for start in starts) / len(starts)
    return (len(starts) - 1) * length - 2.5 * runs - 6.0 - extra * (2.0 + len(starts)) + named * len(starts)


def _own_prefix(names: Sequence[str], start: int, length: int) -> bool:
    """Whether the names of a stretch begin alike, and their neighbours' do not."""
    prefix = common_prefix(names[start : start + length])
    if len(prefix) < 2:
        return False
    before = names[start - 1] if start else ""
    after = names[start + length] if start + length < len(names) else ""
    return not before.startswith(prefix) and not after.startswith(prefix)


def common_prefix(names: Sequence[str]) -> str:
    """The longest text that all names begin with."""
    low, high = min(names), max(names)
    count = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    return low[:count]


def _last_readers(network: Network) -> list[int]:
    last = [-1] * len(network.keys)
    for position, operands in enumerate(network.operands):
        for operand, _ in operands:
            last[operand] = max(last[operand], position)
    for position in network.kept:
        last[position] = len(network.keys)
    return last
