"""What the oracle of the question curve can answer."""

from __future__ import annotations

from typing import Any

from benchmarks.questions import _in_words_of, _truth
from infer_convert.plan import Plan, PlanLayer, Ref


def layer(name: str, class_name: str, front: str = "", **config: Any) -> PlanLayer:
    return PlanLayer(name, class_name, config, ((Ref(front),),) if front else (), ())


def plan(*layers: PlanLayer) -> Plan:
    return Plan(layers, (Ref(layers[0].name),), (Ref(layers[-1].name),), confidence=1.0)


def test_an_input_that_the_file_does_not_name_is_known_all_the_same() -> None:
    best = plan(layer("input", "InputLayer", batch_shape=[None, 28, 28, 1]), layer("conv", "Conv2D", "input"))
    right = plan(layer("input_1", "InputLayer", batch_shape=[None, 32, 32, 1]), layer("conv", "Conv2D", "input_1"))
    truths = _in_words_of(best, right)
    names = {name for name, _ in best.walk()}
    assert _truth(truths, "input", "batch_shape", names) == [None, 32, 32, 1]
    assert _truth(truths, "conv", "inbound", names) == [["input"]]


def test_two_inputs_without_names_stay_unknown() -> None:
    best = plan(layer("a", "InputLayer"), layer("b", "InputLayer"), layer("d", "Dense", "a"))
    right = plan(layer("x", "InputLayer"), layer("y", "InputLayer"), layer("d", "Dense", "x"))
    assert "a" not in _in_words_of(best, right)


def test_a_wrapper_s_arguments_are_those_inside() -> None:
    inside = {"class_name": "LSTM", "config": {"return_sequences": True}}
    right = plan(layer("x", "InputLayer"), layer("b", "Bidirectional", "x", layer=inside, merge_mode="sum"))
    truths = dict(right.walk())
    assert _truth(truths, "b", "return_sequences", set()) is True
    assert _truth(truths, "b", "merge_mode", set()) == "sum"
