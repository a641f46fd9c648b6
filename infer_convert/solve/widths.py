"""Whether a finished wiring's channels add up, read forward.

The parser reads backward and must leave some sums unchecked: what a product gives is not known before its operands are,
so that ``[a, b, a * b]`` passes for ``[a, a * b]``. Behind the last item all of it is known.
"""

from __future__ import annotations

from collections.abc import Sequence

from infer_convert.solve.items import Call, Item, Variant, Wiring


def adds_up(items: Sequence[Item], wiring: Wiring) -> bool:
    """Whether every item with weights is given as many channels as they take, wherever that is known."""
    known: dict[Call, int | None] = {}
    for index, number in enumerate(wiring.variants):
        variant = items[index].variants[number]
        for call, operands in enumerate(wiring.operands[index]):
            given = [known.get(operand) for operand in operands]
            if variant.channels_in is not None and not variant.takes_state and {*given} - {None, variant.channels_in}:
                return False
            known[index, call] = _result(variant, given)
    return True


def _result(variant: Variant, given: Sequence[int | None]) -> int | None:
    """The channels of a call's result; None where they are not known. A gate may have fewer than what it gates."""
    if variant.channels == "fixed":
        return variant.channels_out
    told = [width for width in given if width is not None]
    if variant.channels in ("multiple", "any") or not told or len(told) < len(given):
        return None
    if variant.channels == "sum":
        return sum(told)
    return {"halved": max(told) // 2, "doubled": 2 * max(told)}.get(variant.channels, max(told))
