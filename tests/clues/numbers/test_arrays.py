"""Tensors that say nothing: empty, not finite, not there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from infer_convert.clues.numbers.arrays import Arrays
from infer_convert.plan import WeightUse


class Memory:
    def __init__(self, array: Any) -> None:
        self.array = array

    def read(self, path: str) -> Any:
        return self.array


@pytest.mark.parametrize(
    ("array", "there"),
    [(np.ones((2, 3)), True), (np.ones((0, 4)), False), (np.array([1.0, np.nan]), False), (np.array([np.inf]), False)],
)
def test_only_finite_numbers_are_heard(array: Any, there: bool) -> None:
    use = WeightUse("kernel", ("/kernel",), array.shape, "float32", "kernel")
    found = Arrays(Memory(array)).get({"kernel": use}, "kernel")
    assert (found is not None) == there
