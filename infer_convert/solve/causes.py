"""Why no wiring fits, told at the item where every reading failed."""

from __future__ import annotations

from collections.abc import Sequence

from infer_convert.solve.demand import Demand
from infer_convert.solve.items import Item
from infer_convert.solve.state import State


def nothing_open(items: Sequence[Item], state: State, index: int) -> str:
    """An item that can feed nothing that is still open."""
    wanted = "; ".join(
        f"{items[slot.item].name} needs {_demand(slot.demand)} at rank {sorted(slot.ranks)}" for slot in state.slots[:4]
    )
    name, readings = items[index].name, items[index].variants
    variants = ", ".join(f"{v.label} giving {v.channels_out or 'any number of'} channels" for v in readings)
    return f"{name} ({variants}) can feed nothing that is still open: {wanted or 'nothing is open'}"


def nothing_gives(items: Sequence[Item], state: State) -> str:
    """An item whose input nothing gives."""
    slot = state.unfilled()[0]
    return f"{items[slot.item].name} needs an input of {_demand(slot.demand)} and no earlier layer gives it"


def _demand(demand: Demand) -> str:
    return f"{demand} channels" if isinstance(demand, int) and demand else "any channels"
