"""Optimizer slots tell which layers were trained; the stored loss tells what outputs compute."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infer_convert.assemble.frozen import with_frozen
from infer_convert.facts import Tensor, WeightFile
from infer_convert.infer import infer
from infer_convert.plan import Basis

from .files import facts

NET = "dense kernel:6x5 bias:5\ndense_1 kernel:5x4 bias:4\ndense_2 kernel:4x3 bias:3"


def with_slots(*shapes: tuple[int, ...], blocks: bool = False) -> WeightFile:
    each = [*shapes, *shapes] if blocks else [shape for shape in shapes for _ in range(2)]
    slots = [Tensor(f"/o/{n}", str(n), str(n), shape, "float32") for n, shape in enumerate([(), *each])]
    return replace(facts(NET, weightless=True), optimizer=tuple(slots))


@pytest.mark.parametrize("blocks", [False, True])
def test_layers_without_slots_were_frozen(blocks: bool) -> None:
    plan = infer(with_slots((5, 4), (4,), (4, 3), (3,), blocks=blocks)).best
    assert [layer.name for layer in plan.layers if layer.config.get("trainable") is False] == ["dense"]
    decision = plan.layer("dense").decision("trainable")
    assert decision is not None and decision.basis is Basis.INFERRED and decision.evidence[0].clue == "training"


def test_slots_that_spell_nothing_say_nothing() -> None:
    for slots in (((5, 4), (7,)), ((6, 5), (5,), (5, 4), (4,), (4, 3), (3,))):
        file = with_slots(*slots)
        plan = infer(replace(file, optimizer=())).best
        assert with_frozen(plan, file) == plan


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("categorical_crossentropy", "softmax"),
        ("binary_crossentropy", "sigmoid"),
        (["mse"], "linear"),
        ({"dense_2": "mae"}, "linear"),
        ({"class_name": "BinaryCrossentropy", "config": {"from_logits": False}}, "sigmoid"),
        ({"class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": True}}, "linear"),
        ({"class_name": "function", "config": "mse"}, "linear"),
    ],
)
def test_the_loss_tells_the_output(loss: Any, activation: str) -> None:
    decision = infer(replace(facts(NET), training_config={"loss": loss})).best.layer("dense_2").decision("activation")
    assert decision is not None and decision.value == activation
    assert decision.evidence[0].clue == "training" and "loss" in decision.evidence[0].because
    assert 0.7 < decision.confidence < 0.999
    assert decision.alternatives


@pytest.mark.parametrize("loss", [None, 3, {"class_name": 5}, "my_own_loss", [], {"other": "mse"}, {"class_name": "X"}])
def test_a_loss_that_says_nothing_changes_nothing(loss: Any) -> None:
    told = infer(replace(facts(NET), training_config={"loss": loss})).best.layer("dense_2").decision("activation")
    assert told == infer(facts(NET)).best.layer("dense_2").decision("activation")
