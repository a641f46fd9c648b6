"""Which call of a shared layer comes first is the user's to say and otherwise no question."""

from __future__ import annotations

import pytest

from infer_convert.errors import NoArchitecture
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.plan import Basis, Plan

from .files import facts

SIAMESE = """
input_1
input_2
dense kernel:14x9 bias:9
dense_1 kernel:9x5 bias:5
subtract
dense_2 kernel:5x1 bias:1
"""


def wired(plan: Plan) -> tuple[list[list[str]], list[str]]:
    """What the shared layer reads in each call, and what the merge reads."""
    calls = [[str(ref) for ref in call] for call in plan.layer("dense").inbound]
    return calls, [str(ref) for ref in plan.layer("subtract").inbound[0]]


def test_one_model_is_one_answer_whichever_call_comes_first() -> None:
    found = infer(facts(SIAMESE))
    wirings = [repr(wired(plan)) for plan in found.plans]
    assert wired(found.best) == ([["input_1"], ["input_2"]], ["dense_1", "dense_1:1"])
    assert repr(([["input_2"], ["input_1"]], ["dense_1:1", "dense_1"])) not in wirings
    assert found.best.layer("dense").decision("inbound") is None


def test_told_calls_come_in_the_order_told() -> None:
    plan = infer(facts(SIAMESE), Hints(answers={("dense", "inbound"): [["input_2"], ["input_1"]]})).best
    assert wired(plan) == ([["input_2"], ["input_1"]], ["dense_1:1", "dense_1"])
    decision = plan.layer("dense").decision("inbound")
    assert decision is not None
    assert (decision.basis, decision.value) == (Basis.USER, [["input_2"], ["input_1"]])


def test_operands_are_told_by_their_calls() -> None:
    """The list has ``input_1`` first, so the first operand comes of it."""
    for told in (["dense_1", "dense_1:1"], ["dense_1", "dense_1"]):
        plan = infer(facts(SIAMESE), Hints(answers={("subtract", "inbound"): told})).best
        assert wired(plan)[1] == ["dense_1", "dense_1:1"]
    with pytest.raises(NoArchitecture, match="order of operands told for subtract"):
        infer(facts(SIAMESE), Hints(answers={("subtract", "inbound"): ["dense_1:1", "dense_1"]}))


def test_a_decision_names_the_calls() -> None:
    decision = infer(facts(SIAMESE)).best.layer("subtract").decision("inbound")
    assert decision is not None and decision.value == [["dense_1", "dense_1:1"]]
