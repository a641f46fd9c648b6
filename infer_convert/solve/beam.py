"""The beam of merged states that a search over settings keeps: how states grow behind one call more, and which stay."""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from infer_convert.solve.lattice import Lattice, Meeting, Reading
from infer_convert.solve.options import SizeCall, SizeItem

MOST_PER_STRATUM = 4
"""States of every stratum that are kept at least."""


class Node:
    """A merged state behind one call: the numbers of its shapes in the lattice and of its context. ``alpha`` is the sum
    of all ways to it and ``best`` the best of them; ``behind`` is the best of what follows and ``share`` its
    probability, once the end is known."""

    __slots__ = ("alpha", "behind", "best", "context", "edges", "shapes", "share")

    def __init__(self, shapes: int, context: int) -> None:
        self.shapes, self.context = shapes, context
        self.alpha = self.best = 0.0
        self.behind, self.share = -math.inf, 0.0
        self.edges: list[tuple[Node, int, float]] = []


@dataclass(frozen=True, slots=True)
class Step:
    """One call: what it reads and keeps, and of its item's earlier setting, when this is not its first call, the
    position among the settings that are remembered."""

    reading: Reading
    fixed_at: int | None
    remembers: bool


def plan_steps(items: Sequence[SizeItem], calls: Sequence[SizeCall]) -> list[Step]:
    last = list(range(len(calls)))
    for index, call in enumerate(calls):
        for operand in call.operands:
            last[operand] = index
    count: dict[int, int] = {}
    for call in calls:
        count[call.item] = count.get(call.item, 0) + 1
    live: list[int] = []
    remembered: list[int] = []
    merges: dict[int, list[int]] = {}
    for index, call in enumerate(calls):
        if items[call.item].pairs:
            for operand in set(call.operands):
                merges.setdefault(operand, []).append(index)
    steps = []
    for index, call in enumerate(calls):
        operands = tuple(live.index(operand) for operand in call.operands)
        kept = tuple(position for position, name in enumerate(live) if last[name] > index)
        keeps_result = last[index] > index
        fixed_at = remembered.index(call.item) if call.item in remembered else None
        remembers = count[call.item] > 1 and fixed_at is None
        live = [live[position] for position in kept]
        meetings = tuple(_meetings(calls, merges.get(index, ()), index, live))
        steps.append(Step(Reading(call.item, operands, kept, keeps_result, meetings), fixed_at, remembers))
        live += [index] if keeps_result else []
        if remembers:
            remembered.append(call.item)
    return steps


def _meetings(
    calls: Sequence[SizeCall], merges: Sequence[int], result: int, kept: Sequence[int]
) -> Iterator[Meeting]:
    for merge in merges:
        operands = calls[merge].operands
        for place, other in enumerate(kept):
            if other in operands:
                yield Meeting(calls[merge].item, merge, place, operands.index(result) < operands.index(other))


def pruned(found: list[Node], states: int, contexts: Contexts, strata: Sequence[int]) -> list[Node]:
    if len(found) <= states:
        return found
    groups = _strata(found, contexts, strata)
    share = max(MOST_PER_STRATUM, states // len(groups))
    shrunk = [_best(share, group) for group in groups]
    likeliest = heapq.nlargest(max(1, states // share), shrunk, key=lambda group: group[0].best)
    return [node for group in likeliest for node in group]


def _strata(found: list[Node], contexts: Contexts, strata: Sequence[int]) -> list[list[Node]]:
    groups: dict[tuple[Hashable, ...], list[Node]] = {}
    of_context: dict[int, list[Node]] = {}
    for node in found:
        group = of_context.get(node.context)
        if group is None:
            memories = contexts.memories[node.context]
            stratum = tuple([memories[kind] for kind in strata])
            group = of_context[node.context] = groups.setdefault(stratum, [])
        group.append(node)
    return list(groups.values())


def _best(count: int, group: list[Node]) -> list[Node]:
    return group if len(group) == 1 else heapq.nlargest(count, group, key=attrgetter("best"))


def entered(
    lattice: Lattice,
    index: int,
    ways: Ways,
    before: list[Node],
    states: int,
    contexts: Contexts,
    strata: Sequence[int],
) -> list[Node] | None:
    """Behind one input more, whose every size makes a stratum of each: only those that ``pruned`` might keep. Where
    the i-th best stratum meets the j-th best size, at least ``i * j - 1`` others are as good. None for other calls, and
    where that is no shorter."""
    options = ways.apart(strata)
    if len(before) * options <= 4 * states or any(len(lattice.moves(index, n.shapes)) < options for n in before):
        return None
    groups = _strata(before, contexts, strata)
    share = max(MOST_PER_STRATUM, states // (len(groups) * options))
    most = max(1, states // share)
    shrunk = sorted([_best(share, group) for group in groups], key=lambda group: -group[0].best)
    found = []
    for place, group in enumerate(shrunk[:most]):
        for node in group:
            _, weights, _ = ways.of(node.context)
            likely = set(heapq.nlargest(most // (place + 1), range(options), key=weights.__getitem__))
            for number, shapes in lattice.moves(index, node.shapes):
                if number in likely:
                    target = Node(shapes, ways.behind(node.context, number))
                    target.alpha, target.best = node.alpha + weights[number], node.best + weights[number]
                    target.edges.append((node, number, weights[number]))
                    found.append(target)
    return found


class Weigher:
    """An item's weights by the memories that it reads, and what its options write, by position."""

    def __init__(self, item: SizeItem, kinds: Mapping[str, int]) -> None:
        self.item = item
        reads = {kind: None for option in item.options for kind, _, _ in option.reads if kind in kinds}
        self._kinds = tuple(reads)
        self.reads = tuple(kinds[kind] for kind in reads)
        written: dict[tuple[tuple[int, Hashable], ...], int] = {}
        self.written = [
            written.setdefault(
                tuple([(kinds[kind], value) for kind, value in option.writes if kind in kinds]), len(written)
            )
            for option in item.options
        ]
        """What every option writes, as a place in ``writes``: many options write the same."""
        self.writes = list(written)
        self.alike: list[list[int]] = [[] for _ in written]
        """The options that write the same, by place in ``writes``."""
        for option, place in enumerate(self.written):
            self.alike[place].append(option)
        self._known: dict[tuple[Hashable, ...], tuple[float, ...]] = {}

    def weights(self, memories: tuple[Hashable, ...]) -> tuple[float, ...]:
        """Of every option behind these memories."""
        key = tuple([memories[position] for position in self.reads])
        found = self._known.get(key)
        if found is None:
            last = {kind: value for kind, value in zip(self._kinds, key, strict=True) if value is not None}
            found = self._known[key] = self.item.weights(last)
        return found


class Contexts:
    """What states hold beside shapes, by number: the memories, and the settings of items that are called again."""

    def __init__(self, kinds: int) -> None:
        self.memories: list[tuple[Hashable, ...]] = []
        self.chosen: list[tuple[int, ...]] = []
        self._numbers: dict[tuple[tuple[Hashable, ...], tuple[int, ...]], int] = {}
        self.number((None,) * kinds, ())

    def number(self, memories: tuple[Hashable, ...], chosen: tuple[int, ...]) -> int:
        found = self._numbers.get((memories, chosen))
        if found is None:
            found = self._numbers[memories, chosen] = len(self.memories)
            self.memories.append(memories)
            self.chosen.append(chosen)
        return found


class Ways:
    """What one call's options weigh and leave behind in every context."""

    def __init__(self, weigher: Weigher, step: Step, forgets: Sequence[int], contexts: Contexts) -> None:
        self._weigher, self._step, self._forgets, self._contexts = weigher, step, forgets, contexts
        self.favours = weigher.item.favours
        self._known: dict[int, tuple[int | None, Sequence[float], list[int | None]]] = {}

    def apart(self, strata: Sequence[int]) -> int:
        """How many options there are, if each of them makes a stratum of its own, whatever was before; else 0. What was
        before may change their weights: then the likeliest of every stratum before are looked at all the same."""
        weigher = self._weigher
        alone = self._step.fixed_at is None and not self._step.reading.operands
        written = [{position for position, _ in each} for each in weigher.writes]
        apart = len(weigher.writes) == len(weigher.written) and all(each & set(strata) for each in written)
        return len(weigher.written) if alone and apart else 0

    def of(self, context: int) -> tuple[int | None, Sequence[float], list[int | None]]:
        """The only option that is open, if the item has been called before; every option's weight; and the number of
        the context behind it, None where ``behind`` was not asked yet: of an input's many sizes few are kept."""
        found = self._known.get(context)
        if found is None:
            found = self._known[context] = self._made(context)
        return found

    def _made(self, context: int) -> tuple[int | None, Sequence[float], list[int | None]]:
        options = len(self._weigher.written)
        if self._step.fixed_at is not None:
            chosen = self._contexts.chosen[context]
            same = self._after(context, ())
            return chosen[self._step.fixed_at], (0.0,) * options, [same] * options
        return None, self._weigher.weights(self._contexts.memories[context]), [None] * options

    def behind(self, context: int, option: int) -> int:
        """The number of the context behind an option, written down in what ``of`` gives."""
        known = self.of(context)[2]
        found = known[option]
        if found is None:
            place = self._weigher.written[option]
            written = self._weigher.writes[place]
            if self._step.remembers:
                found = known[option] = self._after(context, written, (option,))
            else:
                found = self._after(context, written)
                for other in self._weigher.alike[place]:
                    known[other] = found
        return found

    def _after(self, context: int, written: Sequence[tuple[int, Hashable]], also: tuple[int, ...] = ()) -> int:
        memories = list(self._contexts.memories[context])
        for position, value in written:
            memories[position] = value
        for position in self._forgets:
            memories[position] = None
        return self._contexts.number(tuple(memories), (*self._contexts.chosen[context], *also))


def advance(lattice: Lattice, index: int, ways: Ways, before: list[Node]) -> list[Node]:
    found: dict[tuple[int, int], Node] = {}
    moves = lattice.moves
    favours = ways.favours
    for node in before:
        fixed, weights, behind = ways.of(node.context)
        if favours is not None:
            nats = favours(lattice.operands(index, node.shapes))
            weights = [weight + nats for weight in weights]
        for number, shapes in moves(index, node.shapes):
            if fixed is not None and number != fixed:
                continue
            context = behind[number]
            if context is None:
                context = ways.behind(node.context, number)
            key = shapes, context
            target = found.get(key)
            if target is None:
                target = found[key] = Node(shapes, context)
            target.edges.append((node, number, weights[number]))
    for target in found.values():
        edges = target.edges
        if len(edges) == 1:
            node, _, weight = edges[0]
            target.best, target.alpha = node.best + weight, node.alpha + weight
            continue
        target.best = max([node.best + weight for node, _, weight in edges])
        target.alpha = log_sum([node.alpha + weight for node, _, weight in edges])
    return list(found.values())


def log_sum(logs: Sequence[float]) -> float:
    top = max(logs, default=-math.inf)
    if top == -math.inf:
        return top
    return top + math.log(sum([math.exp(value - top) for value in logs]))
