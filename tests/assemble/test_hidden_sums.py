"""Sums that no list shows, from the engine's wirings to plans, decisions and what the user tells about them."""

from __future__ import annotations

import pytest

from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.plan import Option, Plan

from .files import facts

UNIT = """\
conv2d_{n} kernel:3x3x16x16 bias:16
batch_normalization_{n} gamma:16 beta:16 moving_mean:16 moving_variance:16
re_lu_{n}
"""
ROW = (
    "input_1\nconv2d kernel:3x3x3x16 bias:16\nre_lu\n"
    + "".join(UNIT.format(n=n) for n in range(1, 5))
    + "global_average_pooling2d\ndense kernel:16x10 bias:10"
)
"""Four equal normalised convolutions: perhaps two blocks that somebody wrote with ``x + y``."""
CHAIN, SUMMED = ["batch_normalization_2"], ["re_lu", "batch_normalization_2"]


def plan(told: list[str] | None = None) -> Plan:
    return infer(facts(ROW), Hints(answers={("re_lu_2", "inbound"): told} if told else {})).best


def in_front(found: Plan, name: str) -> set[str]:
    return {ref.layer for call in found.layer(name).inbound for ref in call}


def test_a_sum_shows_as_a_hidden_layer_with_its_doubt() -> None:
    found = plan()
    (name,) = in_front(found, "re_lu_2")
    assert found.layer(name).hidden and found.layer(name).class_name == "Add"
    assert in_front(found, name) == set(SUMMED)
    for layer in (name, "re_lu_2"):
        decision = found.layer(layer).decision("inbound")
        assert decision is not None and 0.4 < decision.confidence < 0.9
    assert CHAIN in [option.value[0] for option in _alternatives(found)]


def _alternatives(found: Plan) -> list[Option]:
    decision = found.layer("re_lu_2").decision("inbound")
    assert decision is not None
    return list(decision.alternatives)


@pytest.mark.parametrize("told", [SUMMED, ["re_lu_2_sum"]])
def test_a_sum_can_be_told_by_its_operands_or_its_name(told: list[str]) -> None:
    assert in_front(plan(told), "re_lu_2") == {"re_lu_2_sum"}


def test_what_is_told_to_read_one_layer_reads_no_sum() -> None:
    assert in_front(plan(CHAIN), "re_lu_2") == set(CHAIN)
