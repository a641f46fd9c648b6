"""Sums of many operands, as at the end of a WaveNet."""

from __future__ import annotations

import pytest

from infer_convert.hints import Hints
from infer_convert.infer import infer

from .files import facts


@pytest.mark.parametrize("count", [3, 9])
def test_a_sum_takes_every_branch(count: int) -> None:
    branches = "\n".join(f"conv2d_{number} kernel:3x3x4x8 bias:8" for number in range(1, count + 1))
    stem, head = "input_layer\nconv2d kernel:3x3x3x4 bias:4", f"re_lu\nconv2d_{count + 1} kernel:1x1x8x2 bias:2"
    plan = infer(facts(f"{stem}\n{branches}\nadd\n{head}"), Hints(library=False)).best
    assert {ref.layer for ref in plan.layer("add").inbound[0]} == {f"conv2d_{item}" for item in range(1, count + 1)}
