"""Predicted matrices transform what has as many channels and stood before the summary."""

from __future__ import annotations

from infer_convert.clues.matrices import UNLIKE, unlikely
from infer_convert.solve.items import Item, Variant


def item(name: str, label: str, width: int | None = None) -> Item:
    channels = "fixed" if width else "any" if label in ("Input", "Reshape", "Dot") else "same"
    operands = (0, 0) if label == "Input" else (1, 1)
    return Item(name, (Variant(label, operands, channels_out=width, channels=channels),))  # type: ignore[arg-type]


def net(units: int) -> list[Item]:
    return [
        item("points", "Input"), item("c", "Conv/1", 3), item("a", "Activation"), item("d", "Conv/1", 16),
        item("g", "GlobalPool"), item("e", "Dense", 3), item("m", "Dense", units), item("r", "Reshape"),
        item("dot", "Dot"),
    ]  # fmt: skip


def test_other_widths_and_the_summary_are_unlikely() -> None:
    found = unlikely(net(9))
    assert set(found) == {(3, 8), (4, 8), (5, 8), (6, 8)}  # the input and what has 3 channels before the pool stay
    assert set(found.values()) == {UNLIKE}


def test_what_is_no_square_says_nothing() -> None:
    assert unlikely(net(10)) == {}
