"""A partial wiring: the items placed so far and the operands that wait for a tensor. Frozen; every step copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from infer_convert.solve.demand import Demand, meet, upstream
from infer_convert.solve.items import Variant

UNBOUNDED = 1 << 40
ANYTHING = frozenset(range(1, 6))
_RANKED = ("Flatten", "GlobalPool", "Reshape", "RepeatVector", "Dense", "Embedding", "Recurrent")


@dataclass(frozen=True, slots=True)
class Slot:
    """An operand (or, for a merge, all further operands) of one call that waits for a tensor.

    ``need`` counts the operands still necessary, ``room`` those still possible. ``level`` is the log2 of the spatial
    size relative to the other slots of the same ``frame``.
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


@dataclass(frozen=True, slots=True)
class Placed:
    """What one item did: its reading and the (consumer, consumer's call, own call) it feeds."""

    item: int
    variant: int
    calls: int
    fills: tuple[tuple[int, int, int], ...]
    before: Placed | None
    cost: float = 0.0


Precedence = tuple[int, int, int]
"""(merge, a, b): operand a comes before operand b."""


@dataclass(frozen=True, slots=True)
class State:
    """A hypothesis about the items placed so far (those behind the current one in the list)."""

    cost: float = 0.0
    depth: int = 0
    slots: tuple[Slot, ...] = ()
    outputs: tuple[int, ...] = ()
    groups: Mapping[int, int] = field(default_factory=dict)
    parents: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    remainders: tuple[tuple[int, int], ...] = ()
    precedence: frozenset[Precedence] = frozenset()
    memory: Mapping[tuple[Any, ...], tuple[Any, ...]] = field(default_factory=dict)
    trail: Placed | None = None

    def frontier(self) -> tuple[object, ...]:
        """What the rest of the search depends on."""
        return (self.depth, self.slots, self.remainders)

    def unfilled(self) -> tuple[Slot, ...]:
        """Slots without which the wiring is incomplete."""
        waiting = dict(self.remainders)
        return tuple(slot for slot in self.slots if slot.need > 0 or waiting.get(slot.item, 0) > 0)

    def remainder(self, concatenate: int) -> int:
        """Channels that a Concatenate's operands still have to bring; unbounded when some operand's are not known."""
        return dict(self.remainders).get(concatenate, UNBOUNDED)

    def remembering(self, context: tuple[Any, ...], pattern: tuple[Any, ...]) -> State:
        """A copy that knows a choice made in a context."""
        return replace(self, memory={**self.memory, context: pattern})

    def constrained(self, precedence: Precedence) -> State:
        """A copy with an operand order fixed."""
        return replace(self, precedence=self.precedence | {precedence})

    def place(self, index: int, number: int, variant: Variant, chosen: tuple[Slot, ...], cost: float) -> State:
        """A copy in which item ``index`` feeds ``chosen`` (nothing: it is an output)."""
        out = meet(self, variant, chosen) if chosen else (variant.channels_out or 0)
        assert out is not None
        slots, remainders = self._filled(chosen, out, variant)
        group = 1 + max(slot.group for slot in chosen) if chosen else 0
        new, added = _open(index, 0, variant, group, out, chosen)
        remainders = (*remainders, *added)
        return replace(
            self,
            cost=self.cost + cost,
            depth=group,
            slots=(*slots, *new),
            outputs=self.outputs if chosen else (index, *self.outputs),
            groups={**self.groups, index: group},
            parents={**self.parents, index: tuple(dict.fromkeys(slot.item for slot in chosen))},
            remainders=remainders,
            trail=Placed(index, number, 1, tuple((slot.item, slot.call, 0) for slot in chosen), self.trail, cost),
        )._settled()

    def place_shared(
        self, index: int, number: int, variant: Variant, chosen: tuple[Slot, Slot], cost: float
    ) -> State | None:
        """A copy in which item ``index`` is called once for each of the two slots."""
        state: State = self
        opened: list[Slot] = []
        group = 1 + max(slot.group for slot in chosen)
        added: list[tuple[int, int]] = []
        same = chosen[0] is chosen[1]
        for call, slot in enumerate(chosen):
            current = (
                slot
                if not (same and call)
                else next((s for s in state.slots if s.item == slot.item and s.call == slot.call and s.merges), None)
            )
            if current is None:
                return None
            out = meet(state, variant, (current,))
            if out is None:
                return None
            slots, remainders = state._filled((current,), out, variant)
            state = replace(state, slots=slots, remainders=remainders)
            new, more = _open(index, call, variant, group, out, (current,))
            opened.extend(new)
            added.extend(more)
        fills = tuple((slot.item, slot.call, call) for call, slot in enumerate(chosen))
        return replace(
            state,
            cost=self.cost + cost,
            depth=group,
            slots=(*state.slots, *opened),
            groups={**self.groups, index: group},
            parents={**self.parents, index: tuple(dict.fromkeys(slot.item for slot in chosen))},
            remainders=(*state.remainders, *added),
            trail=Placed(index, number, 2, fills, self.trail, cost),
        )._settled()

    def _filled(
        self, chosen: tuple[Slot, ...], out: Demand, variant: Variant
    ) -> tuple[tuple[Slot, ...], tuple[tuple[int, int], ...]]:
        remainders = dict(self.remainders)
        unknown: set[int] = set()
        if isinstance(out, tuple) and out[0] == "parts" and variant.channels in ("multiple", "any"):
            # What this operand brings is not known, so neither is what the others must bring.
            for identity in out[1]:  # type: ignore[union-attr]
                remainders.pop(identity, None)
                unknown.add(identity)
        slots: list[Slot] = []
        for slot in self.slots:
            if not any(slot is other for other in chosen):
                slots.append(slot)
                continue
            if isinstance(out, int) and out and isinstance(slot.demand, tuple) and slot.demand[0] == "parts":
                for identity in slot.demand[1]:  # type: ignore[union-attr]
                    if identity in remainders:
                        remainders[identity] -= out
            if slot.room > 1:
                demand = slot.demand
                if slot.elementwise and not slot.broadcasts:
                    demand = out if isinstance(out, int) else 0
                ranks = slot.ranks
                if not slot.broadcasts:
                    ranks = ranks & {rank for _, rank in variant.ranks} or ranks
                need = max(0, slot.need - 1)
                slots.append(
                    replace(slot, need=need, room=slot.room - 1, filled=slot.filled + 1, demand=demand, ranks=ranks)
                )
        if unknown:
            slots = [_unchecked(slot, unknown) for slot in slots]
        return tuple(slots), tuple(sorted(remainders.items()))

    def _settled(self) -> State:
        """A copy without Concatenates that are full; slots of their own are closed."""
        full = {identity for identity, rest in self.remainders if rest == 0}
        if not full:
            return self
        slots = tuple(slot for slot in self.slots if not (slot.merges and slot.item in full and slot.need == 0))
        return (
            replace(self, slots=slots, remainders=tuple((identity, rest) for identity, rest in self.remainders if rest))
            if not any(slot.need and slot.item in full and slot.merges for slot in slots)
            else replace(self, slots=slots)
        )

    def visited_before(self, first: int, second: int) -> bool | Precedence | None:
        """Whether Keras' walk meets ``first`` before ``second``: yes, no, unknown, or only under a precedence."""
        x, y = first, second
        below_x: int | None = None
        below_y: int | None = None
        while True:
            if x == y:
                if below_x is None or below_y is None or below_x == below_y:
                    return below_x is not None and below_y is None
                if (x, below_x, below_y) in self.precedence:
                    return True
                if (x, below_y, below_x) in self.precedence:
                    return False
                return (x, below_x, below_y)
            if self.groups[x] == self.groups[y] and not (x == first and y == second):
                return x < y
            if self.groups[x] > self.groups[y] or (x == first and y == second):
                up = self._only_parent(x)
                if up is None:
                    return None if self.parents[x] else x < y
                below_x, x = x, up
            else:
                up = self._only_parent(y)
                if up is None:
                    return None
                below_y, y = y, up

    def _only_parent(self, item: int) -> int | None:
        parents = self.parents[item]
        return parents[0] if len(parents) == 1 else None


def _unchecked(slot: Slot, unknown: set[int]) -> Slot:
    """A slot that no longer counts towards the sums in ``unknown``."""
    if not isinstance(slot.demand, tuple) or slot.demand[0] != "parts":
        return slot
    left = tuple(identity for identity in slot.demand[1] if identity not in unknown)  # type: ignore[union-attr]
    return replace(slot, demand=("parts", left) if left else 0)


def _open(
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
    demand = upstream(variant, out)
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
    )
    return (slot,), sums
