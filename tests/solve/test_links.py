"""Operands of one width, which is not known yet, and what they leave of a Concatenate's sum."""

from __future__ import annotations

from infer_convert.solve.demand import meet
from infer_convert.solve.items import Variant, Wiring
from infer_convert.solve.state import Slot, filled, opened, overdrawn, settled

from .nets import MAPS, Net, net

ADD = Variant("Add", (2, 6))
POOL = Variant("Pool", ranks=MAPS)
CONV = Variant("Conv/k", ranks=MAPS, channels="fixed", channels_in=3, channels_out=8)
SUM = ((9, 24),)
"""The Concatenate 9 still takes 24 channels."""


def added() -> Slot:
    """The Add 7, which the Concatenate reads."""
    ((slot,), _) = opened(7, 0, ADD, 2, ("parts", (9,)), ())
    return slot


def pooled(add: Slot) -> tuple[tuple[Slot, ...], Slot]:
    """What is left of an Add that reads the pool 6, and the pool."""
    out = meet(dict(SUM), POOL, (add,))
    assert out is not None
    ((pool,), _) = opened(6, 0, POOL, 3, out, (add,))
    return filled((add,), SUM, (add,), out, POOL)[0], pool


def test_what_one_operand_of_a_sum_brings_the_others_bring_too() -> None:
    (rest,), pool = pooled(added())
    assert rest.link == pool.link == 7
    left, remainders = filled((rest, pool), SUM, (rest,), 8, CONV)
    assert [(slot.item, slot.demand, slot.link) for slot in left] == [(7, 8, -1), (6, 8, -1)]
    assert remainders == ((9, 16),), "the sum goes into the Concatenate once"


def test_an_item_that_feeds_two_sums_links_both() -> None:
    one = added()
    ((other,), _) = opened(5, 0, ADD, 2, 0, ())
    out = meet(dict(SUM), POOL, (one, other))
    assert out is not None
    ((pool,), _) = opened(4, 0, POOL, 3, out, (one, other))
    left, _ = filled((one, other), SUM, (one, other), out, POOL)
    assert {slot.link for slot in (*left, pool)} == {5}


def test_a_sum_must_leave_something_for_operands_that_wait() -> None:
    _, pool = pooled(added())
    assert overdrawn((pool,), ((9, 0),)) and not overdrawn((pool,), ((9, 1),))
    assert not overdrawn((), ((9, 0),))


def test_a_concatenate_is_not_full_while_an_operand_waits() -> None:
    _, pool = pooled(added())
    assert settled((pool,), ((9, 0),)) == ((pool,), ((9, 0),))
    assert settled((), ((9, 0),)) == ((), ())


POOLS = """
    x Input
    c0 Conv/k in=3 out=8 < x
    c1 Conv/k in=8 out=16 < c0
    c2 Conv/k in=8 out=16 < c0
    p Pool < c0
    q Pool < c1
    r Pool < c2
    add Add < q r
    cat Concatenate < p add
    out Conv/k in=24 out=3 < cat
    -> out
"""


def test_no_wiring_adds_up_tensors_of_two_widths() -> None:
    made = net(POOLS)
    found = made.solved().wirings
    assert found
    for wiring in found:
        assert len({_width(made, wiring, item) for item, _ in wiring.operands[made.index("add")][0]}) == 1


def _width(made: Net, wiring: Wiring, item: int) -> int:
    """The channels of what passes on those of its first operand."""
    fixed = made.items[item].variants[0].channels_out
    return fixed if fixed is not None else _width(made, wiring, wiring.operands[item][0][0][0])
