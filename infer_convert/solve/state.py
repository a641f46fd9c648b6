"""A partial wiring: the items placed so far and the operands that wait for a tensor. Immutable; every step copies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from infer_convert.solve.demand import Demand
from infer_convert.solve.items import Variant
from infer_convert.solve.past import History, Memory

ANYTHING = frozenset(range(1, 6))
STATE = "State/"
"""Beginning of the label of an operand that is another recurrent layer's state; its kind follows."""
_RANKED = ("Flatten", "GlobalPool", "Reshape", "RepeatVector", "Dense", "Embedding", "Recurrent")


@dataclass(frozen=True, slots=True)
class Slot:
    """An operand (or, for a merge, all further operands) of one call that waits for a tensor.

    ``need`` counts the operands still necessary, ``room`` those still possible. ``level`` is the log2 of the spatial
    size relative to the other slots of the same ``frame``. ``hidden`` marks an operand that a sum outside the layer
    list (``x + y``) fills. ``goes`` is the label of what the item itself feeds. Slots of one ``link`` take tensors of
    one width, which is not known yet (-1: linked to none).
    """

    item: int
    call: int
    label: str
    group: int
    demand: Demand
    ranks: frozenset[int]
    level: int
    frame: int
    need: int = 1
    room: int = 1
    filled: int = 0
    merges: bool = False
    elementwise: bool = False
    broadcasts: bool = False
    hidden: bool = False
    goes: str = ""
    link: int = -1
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """States are told apart by their slots: each slot's hash is computed once."""
        object.__setattr__(
            self,
            "_hash",
            hash((self.item, self.call, self.group, self.demand, self.ranks, self.level, self.frame, self.room)),
        )

    def __hash__(self) -> int:
        return self._hash

    def is_state(self) -> bool:
        """Whether another recurrent layer's state fills it."""
        return self.label.startswith(STATE)

    def taken(self, demand: Demand, ranks: frozenset[int]) -> Slot:
        """The slot after one more operand."""
        return Slot(
            self.item, self.call, self.label, self.group, demand, ranks, self.level, self.frame,
            max(0, self.need - 1), self.room - 1, self.filled + 1, self.merges, self.elementwise, self.broadcasts,
            self.hidden, self.goes, self.link,
        )  # fmt: skip

    def demanding(self, demand: Demand) -> Slot:
        """The slot with another demand."""
        return Slot(
            self.item, self.call, self.label, self.group, demand, self.ranks, self.level, self.frame, self.need,
            self.room, self.filled, self.merges, self.elementwise, self.broadcasts, self.hidden, self.goes, self.link,
        )  # fmt: skip

    def linked(self, link: int, demand: Demand) -> Slot:
        """The slot with another link and demand."""
        return Slot(
            self.item, self.call, self.label, self.group, demand, self.ranks, self.level, self.frame, self.need,
            self.room, self.filled, self.merges, self.elementwise, self.broadcasts, self.hidden, self.goes, link,
        )  # fmt: skip

    def summing(self) -> Slot:
        """The slot as the first operand of a sum that no list shows: as if an Add stood in front of the item."""
        return Slot(
            self.item, self.call, "Add", self.group, self.demand, self.ranks, self.level, self.frame, 2, 3, 0,
            True, True, False, True, self.label,
        )  # fmt: skip


class Placed(NamedTuple):
    """What one item did: its reading and the (consumer, consumer's call, own call, whether with its
    state) it feeds."""

    item: int
    variant: int
    calls: int
    fills: tuple[tuple[int, int, int, bool], ...]
    before: Placed | None


Precedence = tuple[int, int, int]
"""(merge, a, b): operand a comes before operand b."""


class State(NamedTuple):
    """A hypothesis about the items placed so far (those behind the current one in the list).

    Row k of ``past`` tells of item ``last - k``. ``memory`` holds the choices made so far by context.
    """

    last: int
    cost: float = 0.0
    depth: int = 0
    slots: tuple[Slot, ...] = ()
    outputs: tuple[int, ...] = ()
    past: History = History()
    remainders: tuple[tuple[int, int], ...] = ()
    precedence: frozenset[Precedence] = frozenset()
    memory: Memory = Memory()
    trail: Placed | None = None

    def frontier(self) -> tuple[object, ...]:
        """What the rest of the search depends on."""
        return (self.depth, self.slots, self.remainders)

    def unfilled(self) -> tuple[Slot, ...]:
        """Slots without which the wiring is incomplete."""
        waiting = dict(self.remainders)
        return tuple(slot for slot in self.slots if slot.need > 0 or waiting.get(slot.item, 0) > 0)

    def visited_before(self, chosen: tuple[Slot, ...]) -> bool | Precedence | None:
        """Whether Keras' walk meets the next item, feeding ``chosen`` at the current depth, before the item placed
        last: yes, no, unknown, or only under a precedence."""
        count = self.past.rows()
        item = self.last - count
        consumers = tuple(dict.fromkeys([slot.item for slot in chosen]))
        if not consumers:
            return True
        first = self.first_of(item, consumers)
        if first is None:
            # Wherever the walk comes from, it must not come too late.
            return False if self._from_any(item, consumers, item + 1, 2) is False else None
        for other in range(item + 1, self.last + 1):
            depth, feeds, met_from = self.past.row(self.last - other)
            if depth != self.depth:
                break
            said = self._visited_from(item, first, other)
            if said is not None and (said is not True or met_from is not None or not feeds):
                return said
        return None

    def _visited_from(self, item: int, consumer: int, other: int) -> bool | Precedence | None:
        """Whether the walk meets an item, from ``consumer``, before the placed item ``other``."""
        met = self._met(consumer, other)
        if not isinstance(met, tuple):
            return met
        merge, below_x, below_y = met
        below_x = item if below_x is None else below_x
        if below_y is None or below_x == below_y:
            return below_y is None
        if (merge, below_x, below_y) in self.precedence:
            return True
        if (merge, below_y, below_x) in self.precedence:
            return False
        return (merge, below_x, below_y)

    def first_of(self, item: int, consumers: Sequence[int]) -> int | None:
        """The one of its consumers from which the walk meets ``item`` first; None when that is open."""
        first = self.first_or_open(item, consumers)
        return first if isinstance(first, int) else None

    def first_or_open(self, item: int, consumers: Sequence[int]) -> int | Precedence | None:
        """As ``first_of``; where it depends on the order of two operands of a merge, one of the two orders."""
        best = consumers[0]
        for other in consumers[1:]:
            met = self._met(best, other)
            if isinstance(met, tuple):
                merge, below_best, below_other = met
                below_best = item if below_best is None else below_best
                below_other = item if below_other is None else below_other
                if (merge, below_best, below_other) in self.precedence:
                    continue
                if (merge, below_other, below_best) not in self.precedence:
                    return merge, below_best, below_other
                best = other
            elif met is None:
                return None
            elif not met:
                best = other
        return best

    def _met(self, x: int, y: int, branches: int = 2) -> bool | tuple[int, int | None, int | None] | None:
        """Which of two placed items the walk meets first: the deeper one is lifted to where the walk met it from until
        both stand in one depth group, where the list tells. When they meet in one item instead, that item and the
        operands by which they reach it (None for the item itself). Where it is open from where one was met, up to
        ``branches`` times all possibilities are tried; None when they disagree."""
        if x == y:
            return x, None, None
        below_x: int | None = None
        below_y: int | None = None
        row, last = self.past.row, self.last
        depth_x, above_x, up_x = row(last - x)
        depth_y, above_y, up_y = row(last - y)
        while True:
            if depth_x == depth_y:
                return x < y
            if depth_x > depth_y:
                if up_x is None:
                    return self._from_any(x, above_x, y, branches) if above_x else x < y
                below_x, x = x, up_x
                if x == y:
                    return x, below_x, below_y
                depth_x, above_x, up_x = row(last - x)
            else:
                if up_y is None:
                    said = self._from_any(y, above_y, x, branches)
                    return None if said is None else not said
                below_y, y = y, up_y
                if x == y:
                    return x, below_x, below_y
                depth_y, above_y, up_y = row(last - y)

    def _from_any(self, item: int, consumers: Sequence[int], other: int, branches: int) -> bool | None:
        """Whether the walk meets ``item`` before ``other``, from whichever of its consumers it meets it first: yes or
        no when that holds for each of them that can be the first, else None."""
        if not branches:
            return None
        said: set[bool] = set()
        for first in consumers:
            implied = self._implied(item, first, consumers)
            if implied is None:
                continue
            met = self._met(first, other, branches - 1)
            if isinstance(met, tuple):
                merge, mine, its = met
                order = self.precedence | implied
                mine = item if mine is None else mine
                if its is None:  # ``other`` leads to it, and what is to be compared stands below ``other``
                    return None
                met = False if (merge, its, mine) in order else (merge, mine, its) in order or None
            if met is None:
                return None
            said.add(met)
        return said.pop() if len(said) == 1 else None

    def _implied(self, item: int, first: int, consumers: Sequence[int]) -> frozenset[Precedence] | None:
        """What it says about operands when the walk meets ``item`` from ``first``; None when it cannot."""
        implied: set[Precedence] = set()
        for other in consumers:
            met = self._met(first, other, 0) if other != first else None
            if met is False:
                return None
            if isinstance(met, tuple):
                merge, mine, its = (item if place is None else place for place in met)
                if (merge, its, mine) in self.precedence:
                    return None
                implied.add((merge, mine, its))
        return frozenset(implied)


def contradictory(precedence: frozenset[Precedence], latest: Precedence) -> bool:
    """Whether the ``latest`` of the precedences closes a circle."""
    merge, first, last = latest
    behind: dict[int, list[int]] = {}
    for where, a, b in precedence:
        if where == merge:
            behind.setdefault(a, []).append(b)
    waiting, seen = [last], {last}
    while waiting:
        for item in behind.get(waiting.pop(), ()):
            if item == first:
                return True
            if item not in seen:
                seen.add(item)
                waiting.append(item)
    return False


def filled(
    slots: tuple[Slot, ...],
    remainders: tuple[tuple[int, int], ...],
    chosen: tuple[Slot, ...],
    out: Demand,
    variant: Variant,
) -> tuple[tuple[Slot, ...], tuple[tuple[int, int], ...]]:
    """The slots and the remainders of the Concatenates' sums once ``chosen`` have taken a tensor with ``out``."""
    rest = dict(remainders)
    unknown: set[int] = set()
    unlike = variant.channels in ("multiple", "halved", "doubled", "any") or variant.broadcasts
    if isinstance(out, tuple) and out[0] == "parts" and unlike:
        # What this operand brings is not known (a Multiply's gate may have one channel), so neither is what the others
        # must bring.
        for identity in out[1]:  # type: ignore[union-attr]
            rest.pop(identity, None)
            unknown.add(identity)
    left: list[Slot] = []
    for slot in slots:
        if not any(slot is other for other in chosen):
            left.append(slot)
            continue
        if isinstance(out, int) and out and isinstance(slot.demand, tuple) and slot.demand[0] == "parts":
            for identity in slot.demand[1]:  # type: ignore[union-attr]
                if identity in rest:
                    rest[identity] -= out
        if slot.room > 1:
            demand, ranks = slot.demand, slot.ranks
            if slot.elementwise and not slot.broadcasts:
                demand = out if isinstance(out, int) else 0
            if not slot.broadcasts:
                ranks = ranks & {rank for _, rank in variant.ranks} or ranks
            left.append(slot.taken(demand, ranks))
    if unknown:
        left = [_unchecked(slot, unknown) for slot in left]
    links = _links(chosen)
    if links:
        left = _one_width(left, links, out, rest)
    return tuple(left), tuple(sorted(rest.items()))


def _links(chosen: tuple[Slot, ...]) -> set[int]:
    return {slot.link for slot in chosen if slot.link >= 0}


def _one_width(slots: list[Slot], links: set[int], out: Demand, rest: dict[int, int]) -> list[Slot]:
    """Slots after some of ``links`` took one tensor with ``out``: all of them take its width. What then is known to go
    into the Concatenates' sums is taken from the ``rest``."""
    one = min(links)
    left: list[Slot] = []
    for slot in slots:
        if slot.link in links and isinstance(out, int) and out:
            for identity in _parts(slot):
                if identity in rest:
                    rest[identity] -= out
            slot = slot.linked(-1, out)
        elif slot.link in links and slot.link != one:
            slot = slot.linked(one, slot.demand)
        left.append(slot)
    return left


def settled(
    slots: tuple[Slot, ...], remainders: tuple[tuple[int, int], ...]
) -> tuple[tuple[Slot, ...], tuple[tuple[int, int], ...]]:
    """Without Concatenates that are full; slots of their own are closed."""
    full = {identity for identity, rest in remainders if rest == 0 and not awaited(slots, identity)}
    if not full:
        return slots, remainders
    slots = tuple(slot for slot in slots if not (slot.merges and slot.item in full and slot.need == 0))
    if any(slot.need and slot.item in full and slot.merges for slot in slots):
        return slots, remainders
    return slots, tuple((identity, rest) for identity, rest in remainders if rest)


def awaited(slots: Iterable[Slot], identity: int) -> int:
    """How many operands that wait for a tensor count towards a Concatenate's sum."""
    return sum([1 if slot.elementwise else slot.need for slot in slots if slot.need and identity in _parts(slot)])


def overdrawn(slots: Sequence[Slot], remainders: Iterable[tuple[int, int]]) -> bool:
    """Whether some Concatenate's sum leaves no channels for operands that wait."""
    return any(rest < awaited(slots, identity) for identity, rest in remainders)


def _parts(slot: Slot) -> tuple[int, ...]:
    """The Concatenates towards whose sums an operand counts."""
    demand = slot.demand
    return demand[1] if isinstance(demand, tuple) and isinstance(demand[1], tuple) else ()


def _unchecked(slot: Slot, unknown: set[int]) -> Slot:
    """A slot that no longer counts towards the sums in ``unknown``."""
    if not isinstance(slot.demand, tuple) or slot.demand[0] != "parts":
        return slot
    left = tuple(identity for identity in slot.demand[1] if identity not in unknown)  # type: ignore[union-attr]
    return slot.demanding(("parts", left) if left else 0)


def opened(
    index: int, call: int, variant: Variant, group: int, out: Demand, chosen: tuple[Slot, ...]
) -> tuple[tuple[Slot, ...], tuple[tuple[int, int], ...]]:
    """The operand slots of a freshly placed call, and the sums that it starts."""
    least, most = variant.operands
    if most == 0:
        return (), ()
    firm = [slot.ranks for slot in chosen if not slot.broadcasts] or [slot.ranks for slot in chosen]
    wanted = frozenset.intersection(*firm) if firm else ANYTHING
    ranks = frozenset(a for a, b in variant.ranks if b in wanted) or frozenset(a for a, _ in variant.ranks)
    level = chosen[0].level if chosen else 0
    frame = chosen[0].frame if chosen else index
    if variant.scale is None and variant.label in _RANKED:
        frame, level = index, 0
    demand = _upstream(variant, out)
    sums: tuple[tuple[int, int], ...] = ()
    if variant.channels == "sum" and isinstance(out, int) and out:
        demand, sums = ("parts", (index,)), ((index, out),)
    elif variant.channels == "sum":
        demand = out if isinstance(out, tuple) and out[0] == "parts" else 0
    merges = most > 1 and not variant.takes_state
    link = -1
    if variant.channels == "same" and not variant.broadcasts and variant.channels_in is None and not _known(demand):
        link = min(_links(chosen), default=index if merges else -1)
    slot = Slot(
        item=index,
        call=call,
        label=variant.label,
        group=group,
        demand=demand,
        ranks=ranks,
        level=level - (variant.scale or 0),
        frame=frame,
        need=1 if variant.takes_state else least,
        room=1 if variant.takes_state else most,
        merges=merges,
        elementwise=merges and variant.channels == "same",
        broadcasts=variant.broadcasts,
        goes=chosen[0].label if chosen else "",
        link=link,
    )
    if variant.takes_state:
        return (slot, _state_slot(slot, variant)), sums
    return (slot,), sums


def _state_slot(slot: Slot, variant: Variant) -> Slot:
    """The operand that another item's state fills; its rank says nothing about that item's result."""
    width = variant.channels_out or 0
    return Slot(slot.item, slot.call, STATE + variant.state, slot.group, width, ANYTHING, 0, slot.item, goes=slot.goes)


def _known(demand: Demand) -> bool:
    return isinstance(demand, int) and demand > 0


def _upstream(variant: Variant, out: Demand) -> Demand:
    """What the operands of a one-operand or elementwise item must have, given the demand on its output."""
    if variant.channels_in is not None:
        return variant.channels_in
    if variant.channels == "same":
        return 0 if variant.broadcasts and not isinstance(out, int) else out
    if variant.channels == "halved":
        return 2 * out if isinstance(out, int) else 0
    if variant.channels == "doubled":
        return out // 2 if isinstance(out, int) else 0
    if variant.channels == "multiple":
        return (
            ("div", out) if isinstance(out, int) and out else out if isinstance(out, tuple) and out[0] == "div" else 0
        )
    return 0
