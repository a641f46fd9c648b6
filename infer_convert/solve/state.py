"""A partial wiring: the items placed so far and the operands that wait for a tensor. Immutable; every step copies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from infer_convert.solve.demand import Demand
from infer_convert.solve.items import Variant
from infer_convert.solve.past import History, Memory

ANYTHING = frozenset(range(1, 6))
_RANKED = ("Flatten", "GlobalPool", "Reshape", "RepeatVector", "Dense", "Embedding", "Recurrent")


@dataclass(frozen=True, slots=True)
class Slot:
    """An operand (or, for a merge, all further operands) of one call that waits for a tensor.

    ``need`` counts the operands still necessary, ``room`` those still possible. ``level`` is the log2 of the spatial
    size relative to the other slots of the same ``frame``. ``hidden`` marks an operand that a sum outside the layer
    list (``x + y``) fills. ``goes`` is the label of what the item itself feeds.
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

    def taken(self, demand: Demand, ranks: frozenset[int]) -> Slot:
        """The slot after one more operand."""
        return Slot(
            self.item, self.call, self.label, self.group, demand, ranks, self.level, self.frame,
            max(0, self.need - 1), self.room - 1, self.filled + 1, self.merges, self.elementwise, self.broadcasts,
            self.hidden, self.goes,
        )  # fmt: skip

    def demanding(self, demand: Demand) -> Slot:
        """The slot with another demand."""
        return Slot(
            self.item, self.call, self.label, self.group, demand, self.ranks, self.level, self.frame, self.need,
            self.room, self.filled, self.merges, self.elementwise, self.broadcasts, self.hidden, self.goes,
        )  # fmt: skip

    def summing(self) -> Slot:
        """The slot as the first operand of a sum that no list shows."""
        return Slot(
            self.item, self.call, self.label, self.group, self.demand, self.ranks, self.level, self.frame, 2, 3, 0,
            True, True, False, True, self.goes,
        )  # fmt: skip


class Placed(NamedTuple):
    """What one item did: its reading and the (consumer, consumer's call, own call) it feeds."""

    item: int
    variant: int
    calls: int
    fills: tuple[tuple[int, int, int], ...]
    before: Placed | None


Precedence = tuple[int, int, int]
"""(merge, a, b): operand a comes before operand b."""


class State(NamedTuple):
    """A hypothesis about the items placed so far (those behind the current one in the list).

    Row k of ``past`` is the depth and the consumers of item ``last - k``. ``memory`` holds the choices made so far by
    context.
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
        first, second = self.last - count, self.last - count + 1
        consumers = {slot.item for slot in chosen}
        if len(consumers) != 1:
            return None if consumers else True
        below_x, x = first, next(iter(consumers))
        below_y, y = None, second
        while x != y:
            (depth_x, parents_x), (depth_y, parents_y) = self.past.row(self.last - x), self.past.row(self.last - y)
            if depth_x == depth_y:
                return x < y
            parents = parents_x if depth_x > depth_y else parents_y
            up = parents[0] if len(parents) == 1 else None
            if depth_x > depth_y:
                if up is None:
                    return None if parents_x else x < y
                below_x, x = x, up
            else:
                if up is None:
                    return None
                below_y, y = y, up
        if below_y is None or below_x == below_y:
            return below_y is None
        if (x, below_x, below_y) in self.precedence:
            return True
        if (x, below_y, below_x) in self.precedence:
            return False
        return (x, below_x, below_y)


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
    if isinstance(out, tuple) and out[0] == "parts" and (variant.channels in ("multiple", "any") or variant.broadcasts):
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
    return tuple(left), tuple(sorted(rest.items()))


def settled(
    slots: tuple[Slot, ...], remainders: tuple[tuple[int, int], ...]
) -> tuple[tuple[Slot, ...], tuple[tuple[int, int], ...]]:
    """Without Concatenates that are full; slots of their own are closed."""
    full = {identity for identity, rest in remainders if rest == 0}
    if not full:
        return slots, remainders
    slots = tuple(slot for slot in slots if not (slot.merges and slot.item in full and slot.need == 0))
    if any(slot.need and slot.item in full and slot.merges for slot in slots):
        return slots, remainders
    return slots, tuple((identity, rest) for identity, rest in remainders if rest)


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
    merges = most > 1
    slot = Slot(
        item=index,
        call=call,
        label=variant.label,
        group=group,
        demand=demand,
        ranks=ranks,
        level=level - (variant.scale or 0),
        frame=frame,
        need=least,
        room=most,
        merges=merges,
        elementwise=merges and variant.channels == "same",
        broadcasts=variant.broadcasts,
        goes=chosen[0].label if chosen else "",
    )
    return (slot,), sums


def _upstream(variant: Variant, out: Demand) -> Demand:
    """What the operands of a one-operand or elementwise item must have, given the demand on its output."""
    if variant.channels_in is not None:
        return variant.channels_in
    if variant.channels == "same":
        return 0 if variant.broadcasts and not isinstance(out, int) else out
    if variant.channels == "multiple":
        return (
            ("div", out) if isinstance(out, int) and out else out if isinstance(out, tuple) and out[0] == "div" else 0
        )
    return 0
