"""Nested models beside several inputs are towers that every input goes through."""

from __future__ import annotations

from infer_convert.solve.items import Item, Variant, Wiring
from infer_convert.solve.twins import ONCE, once

INPUT, MODEL = Variant("Input", (0, 0)), Variant("Model")
ITEMS = tuple(
    Item(name, (variant,))
    for name, variant in (("a", INPUT), ("b", INPUT), ("m", MODEL), ("j", Variant("Join", (2, 2))))
)
TWICE = Wiring((0,) * 4, ((), (), (((0, 0),), ((1, 0),)), (((2, 0), (2, 1)),)), ((3, 0),))
SINGLE = Wiring((0,) * 4, ((), (), (((0, 0),),), (((1, 0), (2, 0)),)), ((3, 0),))


def test_a_tower_that_one_input_passes_by_is_unlikely() -> None:
    assert once(ITEMS, TWICE) == 0.0 and once(ITEMS, SINGLE) == ONCE


def test_a_model_for_every_input_is_called_once() -> None:
    items = (*ITEMS[:3], Item("n", (MODEL,)), ITEMS[3])
    wiring = Wiring((0,) * 5, ((), (), (((0, 0),),), (((1, 0),),), (((2, 0), (3, 0)),)), ((4, 0),))
    assert once(items, wiring) == 0.0


def test_a_model_that_takes_both_inputs_is_no_tower() -> None:
    wiring = Wiring((0,) * 3, ((), (), (((0, 0), (1, 0)),)), ((2, 0),))
    assert once(ITEMS[:3], wiring) == 0.0
