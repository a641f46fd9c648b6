"""Partial wirings that cannot be completed."""

from __future__ import annotations

import pytest

from infer_convert.solve.ahead import Ahead
from infer_convert.solve.items import Variant
from infer_convert.solve.state import Slot, opened
from infer_convert.solve.supply import supplies

from .nets import MAPS, net

JOINS = net("""
    x Input
    c0 Conv/k in=3 out=32 < x
    c1 Conv/k in=32 out=32 < c0
    c2 Conv/k in=32 out=32 < c0
    k Concatenate < c1 c2
    c3 Conv/k in=64 out=32 < k
    c4 Conv/k in=32 out=32 < c3
    l Concatenate < c3 c4
    out Conv/k in=64 out=3 < l
    -> out
""")


def waiting(item: int, width: int, group: int = 1) -> Slot:
    return opened(item, 0, Variant("Conv/k", ranks=MAPS, channels_in=width), group, 8, ())[0][0]


@pytest.mark.parametrize(("widths", "dead"), [((64, 32), False), ((64, 64), False), ((64, 48), True), ((96,), True)])
def test_every_rare_width_takes_a_concatenate_and_none_joins_more_than_is_asked_for(
    widths: tuple[int, ...], dead: bool
) -> None:
    """In front of the second Concatenate there is one more: it makes at most twice what the layers have."""
    ahead = Ahead(JOINS.items, supplies(JOINS.items), {})
    slots = tuple(waiting(JOINS.index("out") + place, width) for place, width in enumerate(widths))
    assert ahead.is_dead(JOINS.index("l"), (1, slots, ())) == dead


def test_a_normalised_concatenate_makes_what_its_norm_takes() -> None:
    wider = net(
        """
        x Input
        c0 Conv/k in=3 out=32 < x
        c1 Conv/k in=32 out=16 < c0
        c2 Conv/k in=32 out=16 < c0
        k Concatenate < c1 c2
        n BatchNorm in=32 < k
        out Conv/k in=64 out=3 < n
        -> out
        """
    )
    index, slots = wider.index("out") - 1, (waiting(wider.index("out"), 64),)
    supply = supplies(wider.items)
    assert not Ahead(wider.items, supply, {}).is_dead(index, (1, slots, ()))
    assert Ahead(wider.items, supply, {wider.index("k"): wider.index("n")}).is_dead(index, (1, slots, ()))


ROWS = net("""
    x Input
    c0 Conv/k in=3 out=8 < x
    c1 Conv/k in=8 out=8 < c0
    a1 Activation < c0
    a2 Activation < c0
    n1 BatchNorm in=8 < c1
    c3 Conv/k in=8 out=8 < a1
    c4 Conv/k in=8 out=8 < a2
    cat Concatenate < n1 c3 c4
    out Conv/k in=24 out=3 < cat
    -> out
""")


@pytest.mark.parametrize(("behind", "dead"), [(("c3", "c4"), False), (("c3",), True)])
def test_what_stands_within_a_tie_needs_operands_behind_it(behind: tuple[str, ...], dead: bool) -> None:
    ties = {ROWS.index("c1"): ROWS.index("n1")}
    slots = tuple(waiting(ROWS.index(name), 8, 2) for name in ("n1", *behind))
    ahead = Ahead(ROWS.items, supplies(ROWS.items), ties)
    assert ahead.is_dead(ROWS.index("n1"), (2, slots, ())) == dead
