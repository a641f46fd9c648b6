"""Calibrated confidences: probabilities in the same order, fixed answers untouched."""

from __future__ import annotations

import math

import pytest

from infer_convert.confidence import Maps, calibrated, mapped, maps, whole
from infer_convert.plan import Basis, Decision, Evidence, Option, Plan, PlanLayer, Ref, WeightUse

KNOWN = (Evidence("library", 3.0, "layers 1..2 match a net"),)
USE = WeightUse("kernel", ("/d/kernel",), (2, 3), "float32", "kernel")
IDENTITY = Maps({}, (1.0, 0.0), (0.0, 1.0, 1.0, 0.0, 0.0))


def plan(confidence: float, *decisions: Decision) -> Plan:
    layers = (PlanLayer("x", "InputLayer"), PlanLayer("c", "Conv2D", {}, ((Ref("x"),),), decisions=decisions))
    return Plan(layers, (Ref("x"),), (Ref("c"),), confidence)


def stride(confidence: float, basis: Basis = Basis.INFERRED, *others: float) -> Decision:
    rest = others or (1 - confidence,)
    options = tuple(Option([n + 2, n + 2], share) for n, share in enumerate(rest))
    return Decision("strides", [1, 1], confidence, basis, options, (Evidence("sizes", 0.0, "habit"),))


@pytest.mark.parametrize("confidence", [0.01, 0.3, 0.5, 0.9, 0.999])
def test_the_identity_map_changes_nothing(confidence: float) -> None:
    assert mapped(confidence, 1.0, 0.0) == pytest.approx(confidence, abs=1e-6)


def test_a_flatter_map_doubts_and_alternatives_take_what_is_left() -> None:
    doubting = Maps({"strides": (0.5, 0.0)}, (1.0, 0.0), IDENTITY.whole)
    (made,) = calibrated([plan(0.5, stride(0.9, Basis.INFERRED, 0.06, 0.04))], doubting)
    decision = made.layer("c").decision("strides")
    assert decision is not None
    assert decision.confidence == pytest.approx(0.75)
    shares = [option.confidence for option in decision.alternatives]
    assert shares == pytest.approx([0.15, 0.1])


@pytest.mark.parametrize("basis", [Basis.USER, Basis.READ, Basis.FORCED])
def test_what_is_fixed_stays(basis: Basis) -> None:
    doubting = Maps({"strides": (0.1, 0.0)}, (0.1, 0.0), IDENTITY.whole)
    (made,) = calibrated([plan(0.5, stride(0.97, basis))], doubting)
    assert made.layer("c").decisions == (stride(0.97, basis),)


def test_plans_keep_their_order_and_sum_to_one_at_most() -> None:
    made = calibrated([plan(0.2), plan(0.15), plan(0.1)], Maps({}, (1.0, 0.0), (4.0, 0.0, 0.0, 0.0, 0.0)))
    confidences = [item.confidence for item in made]
    assert confidences == sorted(confidences, reverse=True)
    assert confidences[0] == pytest.approx(1 / (1 + math.exp(-4)))
    assert math.fsum(confidences) <= 1 + 1e-9


def test_open_decisions_lower_the_whole_and_one_reason_counts_once() -> None:
    sure, once = whole(plan(0.9), IDENTITY), whole(plan(0.9, stride(0.6)), IDENTITY)
    twice = whole(plan(0.9, stride(0.6), stride(0.6)), IDENTITY)
    assert once < sure
    assert twice == pytest.approx(once)


def test_the_shipped_maps_are_monotone() -> None:
    known = maps()
    assert all(slope > 0 for slope, _ in (*known.decisions.values(), known.other))
    assert len(known.whole) == 5
    assert all(weight >= 0 for weight in known.whole[1:4])


@pytest.mark.parametrize(("sure", "expected"), [(0.6, 0.6), (0.99, 0.9)])
def test_a_known_net_is_no_surer_than_its_last_activation(sure: float, expected: float) -> None:
    """No shape confirms it, however well the rest matches."""
    head = Decision("activation", "softmax", sure, Basis.INFERRED, (Option("linear", 1 - sure),), KNOWN)
    layers = (
        PlanLayer("x", "InputLayer"),
        PlanLayer("d", "Dense", {}, ((Ref("x"),),), weights=(USE,), decisions=(head,)),
    )
    assert whole(Plan(layers, (Ref("x"),), (Ref("d"),), 0.9), IDENTITY) == pytest.approx(expected)
