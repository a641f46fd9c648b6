"""Convolutions and transposed convolutions that only their neighbours' filters tell apart; gates of LSTMs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from infer_convert.clues.numbers import gates
from infer_convert.clues.numbers.budget import Budget, OutOfWork
from infer_convert.clues.numbers.kernels import Kernel
from infer_convert.clues.numbers.orientation import upright
from infer_convert.hints import Hints
from infer_convert.infer import infer
from tests.assemble.files import facts

RNG = np.random.default_rng(11)


def balanced(width: int = 24, taps: int = 9) -> list[Any]:
    """Three kernels (taps, in, out) of which units with alike incoming filters have alike outgoing ones."""
    hidden = RNG.normal(size=(6, width)) * np.exp(0.5 * RNG.normal(size=width))
    out = RNG.normal(size=(6, width)) * np.exp(0.5 * RNG.normal(size=width))
    first = np.einsum("tiq,qw->tiw", RNG.normal(size=(taps, 3, 6)), hidden)
    middle = np.einsum("qw,tqr,rv->twv", hidden, RNG.normal(size=(taps, 6, 6)), out)
    last = np.einsum("qw,tqo->two", out, RNG.normal(size=(taps, 6, 4)))
    return [each.astype("float32") for each in (first, middle, last)]


def test_neighbours_tell_the_orientation() -> None:
    before, middle, behind = (Kernel(taps, None) for taps in balanced())
    other = Kernel(np.swapaxes(middle.taps, 1, 2), None)
    assert (upright(middle, other, before, behind, Budget()) or 0) > 2
    assert (upright(other, middle, before, behind, Budget()) or 0) < -2


def test_untrained_neighbours_are_silent() -> None:
    for _ in range(20):
        before, middle, behind = (RNG.normal(size=(9, a, b)) for a, b in ((3, 24), (24, 24), (24, 4)))
        kernels = [Kernel(each.astype("float32"), None) for each in (before, middle, behind)]
        other = Kernel(np.swapaxes(kernels[1].taps, 1, 2), None)
        assert upright(kernels[1], other, kernels[0], kernels[2], Budget()) is None


def test_the_work_is_bounded() -> None:
    before, middle, behind = (Kernel(taps, None) for taps in balanced())
    budget = Budget(10.0)
    with budget.spending(), pytest.raises(OutOfWork):
        upright(middle, middle, before, behind, budget)


class Held:
    def __init__(self, arrays: dict[str, Any]) -> None:
        self.arrays = arrays

    def read(self, path: str, /) -> Any:
        return self.arrays[path]


@pytest.mark.parametrize("turned", [False, True])
def test_a_bare_list_is_read_as_its_filters_say(turned: bool) -> None:
    """Kernels of 24 channels in and out in a list without names."""
    found = facts("a kernel:3x3x3x24 bias:24\nb kernel:3x3x24x24 bias:24\nc kernel:3x3x24x4 bias:4", weightless=False)
    before, middle, behind = balanced()
    middle = np.swapaxes(middle, 1, 2) if turned else middle
    arrays = {each.path: np.zeros(each.shape, "float32") for each in found.all_tensors()}
    paths = [each.path for each in found.all_tensors() if len(each.shape) == 4]
    for path, taps in zip(paths, (before, middle, behind), strict=True):
        arrays[path] = taps.reshape(3, 3, *taps.shape[1:])
    plan = infer(found, Hints(), Held(arrays)).best
    assert plan.layer("b").class_name == ("Conv2DTranspose" if turned else "Conv2D")
    decision = plan.layer("b").decision("class_name")
    assert decision is not None and "filters of the kernels beside it" in decision.evidence[0].because


def biases(opened: int | None, units: int = 32) -> Any:
    blocks = RNG.normal(scale=0.15, size=(4, units))
    if opened is not None:
        blocks[opened] += 1
    return blocks.reshape(-1)


@pytest.mark.parametrize("opened", [0, 1, 2, 3, None])
def test_the_gate_that_started_open(opened: int | None) -> None:
    assert gates.opened(biases(opened)) == opened


def test_untrained_gates_are_silent() -> None:
    fresh = np.zeros((4, 8))
    fresh[1] = 1
    assert gates.opened(fresh.reshape(-1)) is None and gates.opened(np.zeros(7)) is None


@pytest.mark.parametrize(("opened", "value"), [(1, True), (2, False), (None, None)])
def test_a_plan_says_what_its_gates_tell(opened: int | None, value: bool | None) -> None:
    found = facts("lstm_1 cell/kernel:5x128 cell/recurrent_kernel:32x128 cell/bias:128\ndense_1 kernel:32x2 bias:2")
    arrays = {each.path: np.zeros(each.shape, "float32") for each in found.all_tensors()}
    arrays[next(path for path in arrays if path.endswith("cell/bias"))] = biases(opened).astype("float32")
    decision = infer(found, Hints(), Held(arrays)).best.layer("lstm_1").decision("unit_forget_bias")
    assert (decision.value if decision is not None else None) is value
    if decision is not None:
        assert (decision.confidence > 0.9) is value and decision.confidence > 0.5
