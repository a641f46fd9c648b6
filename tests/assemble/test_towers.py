"""Towers that a list shows one behind the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infer_convert.assemble.towers import towers
from infer_convert.errors import NoArchitecture
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.plan import Basis, Plan

from .files import facts, typed

MERGED = "a kernel:6x4 bias:4\nb kernel:5x4 bias:4\nc kernel:8x3 bias:3"
ADDED = "a kernel:6x4 bias:4\nb kernel:5x4 bias:4\nc kernel:4x3 bias:3"


def best(text: str, generation: Any = "keras1", **answers: Any) -> Plan:
    return infer(replace(facts(text), generation=generation), Hints(**answers)).best


def test_widths_that_add_up_are_concatenated() -> None:
    plan = best(MERGED)
    assert [ref.layer for ref in plan.layer("c").inbound[0]] == ["concatenate"]
    assert [ref.layer for ref in plan.layer("concatenate").inbound[0]] == ["a", "b"]
    shapes = [layer.config["batch_shape"] for layer in plan.layers if layer.class_name == "InputLayer"]
    assert shapes == [[None, 6], [None, 5]] and len(plan.inputs) == 2


def test_equal_widths_may_be_joined_as_the_user_says() -> None:
    plan = best(ADDED)
    decision = plan.layer("add").decision("class_name")
    assert decision is not None and decision.confidence < 0.9
    assert {option.value for option in decision.alternatives} == {"Multiply", "Average", "Maximum"}
    told = best(ADDED, answers={("add", "class_name"): "Multiply"})
    decision = told.layer("add").decision("class_name")
    assert told.layer("add").class_name == "Multiply" and decision is not None and decision.basis is Basis.USER


def test_later_sequentials_begin_with_no_merge() -> None:
    with pytest.raises(NoArchitecture):
        best(MERGED, "keras2")


@pytest.mark.parametrize(
    "text",
    [
        "a kernel:6x4 bias:4\nb kernel:4x4 bias:4\nc kernel:4x3 bias:3",
        "a kernel:6x4 bias:4\nb kernel:5x4 bias:4\nc kernel:9x3 bias:3",
        "a kernel:6x4 bias:4\nb kernel:4x4 bias:4\nc kernel:5x4 bias:4\nd kernel:4x3 bias:3",
    ],
)
def test_no_towers(text: str) -> None:
    """A chain; ends that never meet; ends of unequal length, of which nothing says where they meet."""
    assert towers(typed(text), Hints()) is None
