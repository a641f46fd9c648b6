"""What open operands demand of a tensor's last axis, and whether an item can meet it.

A demand is an int (exactly that many channels), 0 (no matter), ``("div", n)`` (a divisor of n: the tensor is flattened)
or ``("parts", (a, b))``: the channels count towards the sums of the Concatenates a and b, whose remainders the state
keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from infer_convert.solve.items import Variant

if TYPE_CHECKING:
    from infer_convert.solve.state import Slot

Demand = int | tuple[str, int] | tuple[str, tuple[int, ...]]


MOST_PARTS = 200
"""Sums of Concatenates that one tensor may count towards, with repetition: the largest dense block of published nets
has 48 Concatenates, hostile lists of Concatenates of unknown widths double the number with every one."""


def meet(remainders: Mapping[int, int], variant: Variant, chosen: tuple[Slot, ...]) -> Demand | None:
    """The demand on the *output* when ``variant`` fills all of ``chosen``; None when it cannot.

    ``remainders`` are the channels that the Concatenates' operands still have to bring.

    A fixed output returns its own channel number. The sums of Concatenates are checked, not yet reduced.
    """
    exact: int | None = variant.channels_out if variant.channels == "fixed" and variant.channels_out else None
    divisors: list[int] = []
    parts: list[int] = []
    for slot in chosen:
        demand = slot.demand
        if isinstance(demand, int):
            if demand == 0:
                continue
            if exact is None and not slot.broadcasts:
                exact = demand
            elif exact is not None and exact != demand and not (slot.broadcasts and exact == 1):
                return None
        elif demand[0] == "div":
            divisors.append(demand[1])  # type: ignore[arg-type]
        else:
            parts.extend(demand[1])  # type: ignore[arg-type]
    if len(parts) > MOST_PARTS:
        return None
    if exact is not None and variant.channels == "doubled" and exact % 2:
        return None
    if exact is None and variant.channels == "same":
        wishes = [slot.demand for slot in chosen if slot.broadcasts and isinstance(slot.demand, int) and slot.demand]
        if wishes and not parts and not divisors:
            # A gate has as many channels as what it gates, or one.
            return ("div", int(wishes[0])) if int(wishes[0]) > 1 else 1
    if exact is not None:
        if any(total % exact for total in divisors):
            return None
        for identity in set(parts):
            if exact * parts.count(identity) > remainders.get(identity, exact * parts.count(identity)):
                return None
        return exact
    if parts:
        return ("parts", tuple(sorted(parts)))
    if divisors:
        return ("div", min(divisors))
    return 0
