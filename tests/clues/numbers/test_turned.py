"""Concatenations whose operand is another one and stands in the other place: neither change alone fits better."""

from __future__ import annotations

from dataclasses import replace

from infer_convert.assemble.rewire import _steps
from infer_convert.clues.numbers.budget import Budget
from infer_convert.draft import Draft
from tests.clues.numbers.synthetic import sampled

SKIPS = """
x InputLayer
c1 Dense
b1 BatchNormalization
c2 Dense
b2 BatchNormalization
c3 Dense
b3 BatchNormalization
cat Concatenate < b3 b2
out Dense
"""


def operands(draft: Draft) -> list[str]:
    cat = next(layer for layer in draft.layers if layer.class_name == "Concatenate")
    return [draft.layers[index].name for index, _ in cat.operands[0]]


def test_an_operand_is_exchanged_and_turned_at_once() -> None:
    made, _ = sampled(SKIPS)
    tried = [operands(step) for step in _steps(made, Budget(), ())]
    assert ["b1", "b3"] in tried and ["b3", "b1"] in tried
    told = [operands(step) for step in _steps(replace(made), Budget(), ("cat",))]
    assert all(each == ["b3", "b2"] for each in told)
